import type { CommandSpec, KeyRange } from './command-spec.js';
import type { Request } from './request.js';

/**
 * Where the keys of a request stand, from the key ranges of its command. One object serves any number of
 * requests one after the other and allocates only when a request has more keys than any before.
 */
export class CommandKeys {
  /** The keys' arguments, `count` of them. */
  arguments = new Int32Array(FIRST_KEYS);
  /** For each key, the place of its range in `spec.keys`. */
  ranges = new Uint8Array(FIRST_KEYS);
  count = 0;

  /** Finds the keys and returns how many there are. Shard channels are no keys, but go the same way in a cluster: `withChannels`. */
  locate(spec: CommandSpec, request: Request, withChannels = false): number {
    this.count = 0;
    const ranges = spec.keys;
    if (ranges === undefined) return 0;
    for (let r = 0; r < ranges.length; r++) {
      const range = ranges[r];
      if (range === undefined || (!withChannels && range.flags.includes('not_key'))) continue;
      const last = Math.min(lastArgument(range, request.count), request.count - 1);
      for (let i = range.index; i <= last; i += range.step) this.#add(i, r);
    }
    return this.count;
  }

  #add(argument: number, range: number): void {
    if (this.count === this.arguments.length) {
      const arguments_ = new Int32Array(2 * this.count);
      arguments_.set(this.arguments);
      this.arguments = arguments_;
      const ranges = new Uint8Array(2 * this.count);
      ranges.set(this.ranges);
      this.ranges = ranges;
    }
    this.arguments[this.count] = argument;
    this.ranges[this.count++] = range;
  }
}

/** The first key, the last and the step, as one range: the form that older clients read. 0, 0, 0 without keys. */
export function keyBounds(spec: CommandSpec): { first: number; last: number; step: number } {
  const ranges = spec.keys ?? [];
  const [head] = ranges;
  if (head === undefined) return { first: 0, last: 0, step: 0 };
  let first = head.index;
  let last = endOf(head);
  for (const range of ranges) {
    first = Math.min(first, range.index);
    const end = endOf(range);
    last = end < 0 || last < 0 ? Math.min(end, last) : Math.max(end, last);
  }
  return { first, last, step: head.step };
}

const FIRST_KEYS = 16;

/** Counted from the front, or, when negative, from the back. */
function endOf(range: KeyRange): number {
  return range.last < 0 ? range.last : range.index + range.last;
}

function lastArgument(range: KeyRange, count: number): number {
  return range.last < 0 ? count + range.last : range.index + range.last;
}
