/**
 * The faults, and what each may cost: how often, for how long, and which acknowledged writes may be lost by it.
 */
import { DONE, type Operation, READ } from './operations.js';

export const faultNames = [
  'kill',
  'bounce',
  'stop',
  'cut',
  'mute',
  'deaf',
  'term',
  'full-disk',
  'restart-all',
] as const;
export type FaultName = (typeof faultNames)[number];

/** For people. */
export const faultWords: Readonly<Record<FaultName, string>> = {
  kill: 'SIGKILL of a primary, started again when its shard is written again',
  bounce: 'SIGKILL of a primary, started again at once',
  stop: 'SIGSTOP of a primary, then SIGCONT',
  cut: 'a primary is cut off with a client on its side',
  mute: 'a primary hears all others, and none of them hears it',
  deaf: 'all others hear a primary, and it hears none of them',
  term: 'SIGTERM of a primary',
  'full-disk': 'the disk of one node is full while the primary of another shard is killed',
  'restart-all': 'SIGKILL of all nodes, started again: a cluster holds nothing after that',
};

/** Of plain acknowledged writes: as long as replicas may be behind, which is `maxUnreplicated`. */
const MAX_BEHIND_MS = 1000;

/** One fault, as it happened. Times as those of operations. */
export interface Fault {
  readonly name: FaultName;
  readonly shard: number;
  readonly node: number;
  /** It came about between these two. */
  readonly fromNs: number;
  readonly toNs: number;
  /** When all was well again. */
  readonly healedNs: number;
  /** A replica was in sync and could take over. Not so if it was late, and taken out, right when the fault came. */
  readonly hadHeir: boolean;
  /** Nobody took over in time, so the shard began anew, empty. */
  readonly beganAnew: boolean;
}

type FaultBegun = Pick<Fault, 'name' | 'shard' | 'node' | 'fromNs'>;

/** Whether this acknowledged write may be lost by this fault of its shard. */
export function mayLose(fault: Fault, one: Operation, acksAll: boolean): boolean {
  if (fault.name === 'restart-all' || fault.beganAnew) return one.startNs < fault.healedNs;
  // A hand-over loses nothing.
  if (acksAll || fault.name === 'term') return false;
  return one.endNs >= fault.fromNs - MAX_BEHIND_MS * 1e6 && one.startNs <= fault.toNs + MAX_BEHIND_MS * 1e6;
}

/** What a fault costs those who write and read its shard: what is kept of the operations of its time. */
export class Cost {
  readonly #fault: FaultBegun;
  readonly #writeEndsNs: number[] = [];
  /** How long each read took that began in the seconds after it, in ms, whoever answered. */
  readonly readMs: number[] = [];
  #firstElsewhereNs = Number.POSITIVE_INFINITY;

  constructor(fault: FaultBegun) {
    this.#fault = fault;
  }

  /** Of the fault's shard, by clients that can reach a majority. */
  take(one: Operation): void {
    const { fromNs, node } = this.#fault;
    if (one.startNs < fromNs) return;
    if (one.kind === READ) {
      if (one.startNs < fromNs + READS_MS * 1e6) this.readMs.push((one.endNs - one.startNs) / 1e6);
      return;
    }
    if (one.outcome !== DONE) return;
    this.#writeEndsNs.push(one.endNs);
    if (one.node !== node) this.#firstElsewhereNs = Math.min(this.#firstElsewhereNs, one.endNs);
  }

  /** Whether another node has executed a write of this shard since. */
  get isTakenOver(): boolean {
    return this.#firstElsewhereNs < Number.POSITIVE_INFINITY;
  }

  /**
   * For how long its shard took no writes: until the first one elsewhere; where nobody takes over, or the node itself hands over, the
   * longest time without one.
   */
  gapMs(untilNs: number): number {
    const { name, fromNs } = this.#fault;
    if (this.isTakenOver && name !== 'term') return (this.#firstElsewhereNs - fromNs) / 1e6;
    return this.#longestGapMs(untilNs);
  }

  #longestGapMs(untilNs: number): number {
    const ends = this.#writeEndsNs.filter((ns) => ns < untilNs).sort((a, b) => a - b);
    let longest = 0;
    let before = this.#fault.fromNs;
    for (const ns of [...ends, untilNs]) {
      longest = Math.max(longest, ns - before);
      before = ns;
    }
    return longest / 1e6;
  }
}

/** Reads of so long after a fault count for it: longer than any gap that may be. */
const READS_MS = 5000;
