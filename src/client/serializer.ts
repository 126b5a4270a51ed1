/**
 * How values are written and read: JSON, unless an application brings something else.
 *
 * A value passes through it on every way: what a miss returns is what a hit will return.
 */

export interface Serializer {
  /** A short name, for errors: 'json'. */
  readonly name: string;
  /** Whether `decode` wants text (UTF-8) or bytes of its own. */
  readonly reads: 'text' | 'bytes';
  /** Throws if the value cannot be written. */
  encode(value: unknown): string | Uint8Array;
  /** Throws if this was not written by `encode`. */
  decode(data: string | Uint8Array): unknown;
}

const QUOTE = 34;

export const jsonSerializer: Serializer = Object.freeze({
  name: 'json',
  reads: 'text',
  encode(value: unknown): string {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`JSON has no form for ${describe(value)}`);
    return text;
  },
  decode(data: string | Uint8Array): unknown {
    const text = data as string;
    return isPlainText(text) ? text.slice(1, -1) : JSON.parse(text);
  },
});

/** A text without escapes, which is what most texts are: taken as it stands, in a third of the time of JSON.parse. */
function isPlainText(json: string): boolean {
  return json.charCodeAt(0) === QUOTE && json.indexOf('"', 1) === json.length - 1 && !json.includes('\\');
}

/** Hands out what is stored, as it is. */
export function asStored({ name, reads }: Serializer): Serializer {
  return { name, reads, encode: (value) => value as string, decode: (data) => data };
}

/** What the serializer cannot read it has not written: somebody else has, with a plain SET. Then its text is the value. */
export function decodeOrText(serializer: Serializer, data: string | Uint8Array): unknown {
  try {
    return serializer.decode(data);
  } catch {
    return typeof data === 'string' ? data : Buffer.from(data).toString('utf8');
  }
}

function describe(value: unknown): string {
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}
