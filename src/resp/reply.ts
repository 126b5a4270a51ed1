/**
 * What a server may answer, as values. Nothing of the wire is lost that a user could see: each type of
 * RESP2 and RESP3 keeps its own JavaScript type, and a number that a `number` cannot hold is not rounded.
 *
 *   wire                       value
 *   +text                      string (a byte string: one char per byte)
 *   -text  !bulk               ReplyError
 *   :integer                   number, or bigint beyond 2^53 - 1
 *   $bulk                      B: what the reader's bulk decoder makes of it (a Uint8Array by default)
 *   $-1  *-1  _                null
 *   #t  #f                     boolean
 *   ,double                    ReplyDouble (keeps the digits that were sent)
 *   (big number                ReplyBigNumber
 *   =txt:...                   ReplyVerbatim
 *   *array                     array
 *   %map  ~set  >push          ReplyMap, ReplySet, ReplyPush
 *   |attributes, then a value  ReplyWithAttributes
 */
export type Reply<B = Uint8Array> =
  | null
  | boolean
  | number
  | bigint
  | string
  | B
  | ReplyError
  | ReplyDouble
  | ReplyBigNumber
  | ReplyVerbatim<B>
  | Reply<B>[]
  | ReplyMap<B>
  | ReplySet<B>
  | ReplyPush<B>
  | ReplyWithAttributes<B>;

/** An error reply. A value, not an exception: it carries no stack, and who throws it is the caller. */
export class ReplyError {
  /** All of it: "WRONGTYPE Operation against ...". */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Its first word, by which programs tell errors apart: "WRONGTYPE", "MOVED", "ERR". */
  get code(): string {
    const end = this.text.indexOf(' ');
    return end < 0 ? this.text : this.text.slice(0, end);
  }
}

/** A double, with the digits as they were sent. */
export class ReplyDouble {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get value(): number {
    const unsigned = this.text.replace(/^[+-]/, '').toLowerCase();
    if (unsigned === 'inf') return this.text.startsWith('-') ? -Infinity : Infinity;
    return Number(this.text);
  }
}

/** An integer of any size, with the digits as they were sent. */
export class ReplyBigNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get value(): bigint {
    return BigInt(this.text.replace(/^\+/, ''));
  }
}

/** Text to be shown to people as it is; `format` is 'txt' or 'mkd'. */
export class ReplyVerbatim<B = Uint8Array> {
  readonly format: string;
  readonly body: B;

  constructor(format: string, body: B) {
    this.format = format;
    this.body = body;
  }
}

/** A map as a flat list: key, value, key, value. Keys may be any reply, so it is no JavaScript Map. */
export class ReplyMap<B = Uint8Array> {
  readonly items: Reply<B>[];

  constructor(items: Reply<B>[]) {
    this.items = items;
  }
}

export class ReplySet<B = Uint8Array> {
  readonly items: Reply<B>[];

  constructor(items: Reply<B>[]) {
    this.items = items;
  }
}

/** What nobody asked for: a published message, an invalidation. It answers no request. */
export class ReplyPush<B = Uint8Array> {
  readonly items: Reply<B>[];

  constructor(items: Reply<B>[]) {
    this.items = items;
  }
}

/** A reply that came with attributes (flat like ReplyMap). */
export class ReplyWithAttributes<B = Uint8Array> {
  readonly attributes: Reply<B>[];
  readonly reply: Reply<B>;

  constructor(attributes: Reply<B>[], reply: Reply<B>) {
    this.attributes = attributes;
    this.reply = reply;
  }
}
