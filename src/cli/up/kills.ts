/**
 * Primaries that are killed on purpose, to be seen: which one it was, and who took over, when.
 *
 *   killed 6380 (pid 4712), the primary of shard 2
 *   shard 2: 6383 took over 1,912 ms after 6380 was killed
 *
 * The time is that at which the new primary noted that it has the write lease, as nodes keep it; they share the clock of this machine.
 */
import type { RandomSource } from '../../base/index.js';
import type { ShardSummary } from '../cluster/cluster-summary.js';
import { portOf, type UpFacts } from './up-text.js';

export interface KillsOptions {
  readonly random: RandomSource;
  /** Processes of nodes that run now. */
  readonly pids: () => readonly (number | undefined)[];
  readonly kill: (pid: number) => void;
  /** A line for people. */
  readonly tell: (line: string) => void;
  /** In ms since 1970. */
  readonly nowMs: () => number;
}

interface Kill {
  readonly port: string;
  readonly epoch: number;
  readonly atMs: number;
}

export class Kills {
  readonly #options: KillsOptions;
  /** By shard, those that nobody took over from yet. */
  readonly #open = new Map<number, Kill>();
  #facts: UpFacts | undefined;

  constructor(options: KillsOptions) {
    this.#options = options;
  }

  /** One at random, of a shard that takes writes. */
  killPrimary(): void {
    const { random, pids, kill, tell, nowMs } = this.#options;
    const running = new Set(pids());
    const victims = (this.#facts?.summary.shards ?? []).flatMap((shard) => {
      const pid = this.#pidOf(shard);
      return pid === undefined || !running.has(pid) || this.#open.has(shard.id) ? [] : [{ shard, pid }];
    });
    const victim = victims[random.below(Math.max(1, victims.length))];
    if (victim === undefined) {
      tell('no primary to kill: no shard takes writes just now');
      return;
    }
    const { shard, pid } = victim;
    const port = portOf(shard.primary?.address ?? '');
    this.#open.set(shard.id, { port, epoch: shard.epoch, atMs: nowMs() });
    kill(pid);
    tell(`killed ${port} (pid ${pid}), the primary of shard ${shard.id}`);
  }

  /** Told what was seen last. */
  looked(facts: UpFacts): void {
    this.#facts = facts;
    for (const [shard, { port, epoch, atMs }] of this.#open) {
      const heir = heirOf(shard, epoch, facts);
      if (heir === undefined) continue;
      this.#open.delete(shard);
      const ms = Math.round(heir.atMs - atMs).toLocaleString('en');
      this.#options.tell(`shard ${shard}: ${heir.port} took over ${ms} ms after ${port} was killed`);
    }
  }

  #pidOf({ primary, writes }: ShardSummary): number | undefined {
    if (primary === undefined || writes !== 'yes') return undefined;
    return this.#facts?.pids.get(primary.node);
  }
}

/** Who has the write lease of a shard since a later epoch. */
function heirOf(
  shard: number,
  epoch: number,
  { history, summary }: UpFacts,
): { readonly port: string; readonly atMs: number } | undefined {
  for (const { text, nodes, atMs } of history) {
    const [, whose, since] = /^has the write lease of shard (\d+) at epoch (\d+)/.exec(text) ?? [];
    if (Number(whose) !== shard || Number(since) <= epoch) continue;
    const node = summary.nodes.find((one) => one.node === nodes[0]);
    return { port: node === undefined ? '?' : portOf(node.address), atMs };
  }
  return undefined;
}
