/** What a node of the cluster does, from two answers to INFO: keys, memory, and operations since the one before. */

export interface NodeReading {
  readonly commands: number;
  readonly keys: number;
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** When it was read, in ms of a clock that never steps. */
  readonly atMs: number;
}

export interface NodeRate {
  readonly opsPerSecond: number;
  readonly keys: number;
  readonly usedBytes: number;
  readonly maxBytes: number;
}

/** Fields that are missing are 0. */
export function readingOf(info: string, atMs: number): NodeReading {
  const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  let keys = 0;
  for (const [, count] of info.matchAll(/^db\d+:keys=(\d+)/gm)) keys += Number(count);
  return {
    commands: number('total_commands_processed'),
    keys,
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    atMs,
  };
}

/** `ours`: commands that were ours, in asking. A node that began anew has counted less than before. */
export function rateOf(before: NodeReading | undefined, now: NodeReading, ours: number): NodeRate {
  const { keys, usedBytes, maxBytes } = now;
  const seconds = before === undefined ? 0 : Math.max(now.atMs - before.atMs, 1) / 1000;
  const commands = now.commands - (before?.commands ?? now.commands) - ours;
  const opsPerSecond = seconds === 0 ? 0 : Math.max(0, Math.round(commands / seconds));
  return { opsPerSecond, keys, usedBytes, maxBytes };
}
