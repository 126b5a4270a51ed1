/**
 * What a node is doing, as a line for people and as facts for the log: rates from two readings of the
 * node's counters.
 */
import { readableBytes, readableCount, readableShare } from './quantities.js';

/** One reading. The first five count since the start, the others are as of now. */
export interface Traffic {
  readonly commands: number;
  readonly hits: number;
  readonly misses: number;
  readonly evicted: number;
  readonly expired: number;
  readonly keys: number;
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly clients: number;
  /** When it was read, in milliseconds of a clock that never steps. */
  readonly atMs: number;
}

export interface TrafficFacts {
  readonly opsPerSecond: number;
  /** Of the reads since the last reading; null when there was none. */
  readonly hitRatio: number | null;
  readonly keys: number;
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly clients: number;
  readonly evictedPerSecond: number;
  readonly expiredPerSecond: number;
}

export function trafficFacts(before: Traffic, now: Traffic): TrafficFacts {
  const seconds = Math.max(now.atMs - before.atMs, 1) / 1000;
  const rate = (count: number) => Math.round(count / seconds);
  const hits = now.hits - before.hits;
  const reads = hits + now.misses - before.misses;
  return {
    opsPerSecond: rate(now.commands - before.commands),
    hitRatio: reads === 0 ? null : Math.floor((hits / reads) * 10_000) / 10_000,
    keys: now.keys,
    usedBytes: now.usedBytes,
    maxBytes: now.maxBytes,
    clients: now.clients,
    evictedPerSecond: rate(now.evicted - before.evicted),
    expiredPerSecond: rate(now.expired - before.expired),
  };
}

/**
 * The line, narrower than `columns`: what does not fit is left out, the least important first.
 *
 *   12.3k ops/s   98.2% hits   1.2M keys   312 MB of 11.8 GB   50 clients   3/s evicted   12/s expired
 */
export function trafficLine(facts: TrafficFacts, columns: number, color: boolean): string {
  const fields: [value: string, label: string][] = [
    [readableCount(facts.opsPerSecond), 'ops/s'],
    [facts.hitRatio === null ? '-' : readableShare(facts.hitRatio, 1), 'hits'],
    [readableCount(facts.keys), 'keys'],
    [readableBytes(facts.usedBytes), `of ${readableBytes(facts.maxBytes)}`],
    [readableCount(facts.clients), facts.clients === 1 ? 'client' : 'clients'],
    [`${readableCount(facts.evictedPerSecond)}/s`, 'evicted'],
    [`${readableCount(facts.expiredPerSecond)}/s`, 'expired'],
  ];
  let line = '';
  let width = 0;
  for (const [value, label] of fields) {
    const gap = width === 0 ? 2 : 3;
    width += gap + value.length + 1 + label.length;
    if (width >= columns) break;
    line +=
      ' '.repeat(gap) +
      (color ? `\u001b[1m${value}\u001b[22m \u001b[2m${label}\u001b[22m` : `${value} ${label}`);
  }
  return line;
}
