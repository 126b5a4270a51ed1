import { type MemoryLimit, memoryLimit } from '../node/index.js';
import type { MemoryAmount, Range } from './option-kinds.js';
import { readableBytes } from './quantities.js';

/** The memory that a node will use, and why so much, as people are told. */
export interface MemoryBudget {
  readonly bytes: number;
  readonly reason: string;
  /** What is wrong with it, if something is. */
  readonly warning: string | undefined;
}

/** `range` is what a node can work with. */
export function memoryBudget(
  amount: MemoryAmount,
  range: Range,
  limit: MemoryLimit = memoryLimit(),
): MemoryBudget {
  const whole = `the ${readableBytes(limit.bytes)} ${limit.file === undefined ? 'of this machine' : `that ${limit.file} allows`}`;
  if ('percent' in amount) {
    const asked = Math.floor((limit.bytes * amount.percent) / 100);
    const bytes = Math.min(range.max, Math.max(range.min, asked));
    const share = `${amount.percent === 50 ? 'half' : `${amount.percent}%`} of ${whole}`;
    const bound = bytes < asked ? 'most' : 'least';
    const reason =
      bytes === asked ? share : `the ${bound} a node can use; ${share} would be ${readableBytes(asked)}`;
    return { bytes, reason, warning: undefined };
  }
  const tooMuch = amount.bytes > limit.bytes;
  const warning = tooMuch
    ? `max-memory is ${readableBytes(amount.bytes)}, more than ${whole}: lower it`
    : undefined;
  return { bytes: amount.bytes, reason: 'as max-memory says', warning };
}
