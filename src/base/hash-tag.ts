/**
 * The hash tag of a key: what stands between the first `{` and the first `}` after it, unless that is empty. Where
 * a key has one, it alone says where the key lives, so that keys with one tag live together. This is the rule of
 * Redis Cluster, for bytes and for strings: UTF-8 has these two bytes for these two characters only.
 *
 *   user:{42}:name      42                  a{}b      none: empty
 *   a{{b}}c             {b                  a{b       none: not closed
 *
 * What counts is `[hashTagStart(key, at, end), hashTagEnd(key, at, end, start))`: the tag, or all of the key.
 * Two functions, since to return a pair would make an object for each key.
 */
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Where the tag of the key `[at, end)` starts: after its brace; `at` if it has none. */
export function hashTagStart(key: string | Uint8Array, at: number, end: number): number {
  const open = indexOf(key, OPEN, at, end);
  if (open === end) return at;
  const close = indexOf(key, CLOSE, open + 1, end);
  return close === end || close === open + 1 ? at : open + 1;
}

/** Where the tag that starts at `start` ends; `end` if there is none. */
export function hashTagEnd(key: string | Uint8Array, at: number, end: number, start: number): number {
  return start === at ? end : indexOf(key, CLOSE, start, end);
}

function indexOf(key: string | Uint8Array, code: number, from: number, end: number): number {
  let i = from;
  if (typeof key === 'string') while (i < end && key.charCodeAt(i) !== code) i++;
  else while (i < end && key[i] !== code) i++;
  return i;
}
