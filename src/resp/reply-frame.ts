/** An aggregate of a reply while its items come. Frames are used again: a reader has one for each depth. */
import { type Reply, ReplyMap, ReplyPush, ReplySet } from './reply.js';

/** How the aggregate begins on the wire; 'attributed': its attributes are read, and wait for what they belong to. */
export type FrameKind = '*' | '%' | '~' | '>' | '|' | 'attributed';

/** Arrays of up to so many items are made at their size; longer ones grow with what is sent. */
const SIZED_ITEMS = 16;
const none: never[] = [];

export class Frame<B> {
  kind: FrameKind = '*';
  left = 0;
  at = 0;
  items: Reply<B>[] = none;

  begin(kind: FrameKind, items: number): void {
    this.kind = kind;
    this.left = items;
    this.items = items <= SIZED_ITEMS ? new Array<Reply<B>>(items) : [];
    this.at = 0;
  }

  /** Its items belong to the reply. */
  end(): void {
    this.items = none;
  }
}

/** The reply that these items are. */
export function aggregate<B>(kind: FrameKind, items: Reply<B>[]): Reply<B> {
  switch (kind) {
    case '%':
      return new ReplyMap(items);
    case '~':
      return new ReplySet(items);
    case '>':
      return new ReplyPush(items);
    default:
      return items;
  }
}
