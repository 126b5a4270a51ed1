/**
 * Freezes JSON-like data all the way down, so that what two hosts hold together neither can change. What is frozen already is
 * taken to be frozen all the way down. Anything that is no JSON-like data throws, since a wire would not carry it.
 */
import { assert } from '../base/index.js';

/** Nested deeper than any message, so that a circle is found out. */
const MAX_DEPTH = 100;

export function deepFreeze<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null) {
    assert(
      typeof value !== 'function' && typeof value !== 'symbol',
      `${typeof value}s are no data for a wire`,
    );
    return value;
  }
  if (Object.isFrozen(value)) return value;
  assert(depth < MAX_DEPTH, `data is nested deeper than ${MAX_DEPTH}: is it a circle?`);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null || Array.isArray(value);
  assert(isPlain, 'an instance of a class is no data for a wire: send plain objects and arrays');
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner, depth + 1);
  return value;
}
