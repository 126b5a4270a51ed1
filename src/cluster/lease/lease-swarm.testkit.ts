/**
 * What can go wrong in the world of lease-world.testkit.ts: how much of what in one seed, and which links are cut. Most seeds have few
 * kinds of trouble and much of each, since rare conditions need several faults of one kind in a row.
 */
import type { Random } from '../../base/index.js';
import { isQuorum, type NodeId, type Topology } from '../../ring/index.js';

const FAULTS = [
  'crash',
  'crash-voters',
  'pause',
  'suspend',
  'wall',
  'split',
  'alone',
  'one-way',
  'deaf',
  'heal',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Chances are per chance taken, times in ms. */
export interface Swarm {
  readonly loss: number;
  readonly delayMs: number;
  /** Some messages take twenty times as long. */
  readonly isSpiky: boolean;
  readonly persistMs: number;
  readonly controlMs: number;
  /** Deposals that nobody has a reason for, and changes of voters, per control tick. */
  readonly rashness: number;
  readonly churn: number;
  readonly handOver: number;
  readonly faultGapMs: number;
  readonly faults: readonly Fault[];
  /** The proposer tells nobody of its commit. */
  readonly muteCommits: number;
  /** The primary and a majority of the voters it knows are cut off from the majority that goes on. */
  readonly cutsAfterCommit: number;
  /** A voter crashes while it persists a deposal. */
  readonly crashesAtAccept: number;
  /** Who is deposed hears just then that it is primary, and of no cut. */
  readonly asksAtAccept: number;
  /** A new primary hears of its epoch only when its promises would have lapsed. */
  readonly latePrimary: number;
  readonly lateRelease: number;
  /** The primary is stopped just after it sent. */
  readonly freezes: number;
}

/** What goes on when faults stop. */
export const HEALED: Partial<Swarm> = { loss: 0, isSpiky: false, lateRelease: 0 };

/** For one fault alone. */
export const CALM: Swarm = {
  loss: 0,
  delayMs: 10,
  isSpiky: false,
  persistMs: 20,
  controlMs: 100,
  rashness: 0,
  churn: 0,
  handOver: 0,
  faultGapMs: 0,
  faults: [],
  muteCommits: 0,
  cutsAfterCommit: 0,
  crashesAtAccept: 0,
  asksAtAccept: 0,
  latePrimary: 0,
  lateRelease: 0,
  freezes: 0,
};

export function drawSwarm(random: Random): Swarm {
  const chance = (probability: number): boolean => random.fraction() < probability;
  const often = (probability: number, value: number): number => (chance(probability) ? value : 0);
  const isHasty = chance(0.5);
  return {
    loss: chance(0.5) ? 0.01 : random.fraction() * 0.1,
    delayMs: isHasty ? 4 : 5 + random.below(80),
    isSpiky: chance(0.3),
    persistMs: [0, 20, 300][random.below(3)] as number,
    controlMs: isHasty ? 30 : 150,
    rashness: often(0.5, isHasty ? 0.05 : 0.2),
    churn: often(0.6, chance(0.5) ? 0.3 : 0.02),
    handOver: often(0.4, 0.02),
    faultGapMs: chance(0.5) ? 1500 : 4000,
    faults: FAULTS.filter(() => chance(0.5)),
    muteCommits: often(0.4, 0.8),
    cutsAfterCommit: often(0.5, 0.7),
    crashesAtAccept: often(0.3, 0.1),
    asksAtAccept: often(0.4, 0.4),
    latePrimary: often(0.4, 0.4),
    lateRelease: often(0.5, 0.5),
    freezes: often(0.3, 0.01),
  };
}

/** Which links are down, each way apart. */
export class Cuts {
  readonly #everyone: readonly NodeId[];
  /** 'from>to' */
  readonly #down = new Set<string>();

  constructor(everyone: readonly NodeId[]) {
    this.#everyone = everyone;
  }

  isDown(from: NodeId, to: NodeId): boolean {
    return this.#down.has(`${from}>${to}`);
  }

  clear(): void {
    this.#down.clear();
  }

  oneWay(from: readonly NodeId[], to: readonly NodeId[]): void {
    for (const a of from) for (const b of to) if (a !== b) this.#down.add(`${a}>${b}`);
  }

  around(side: ReadonlySet<NodeId>): void {
    const here = [...side];
    const there = this.#everyone.filter((id) => !side.has(id));
    this.oneWay(here, there);
    this.oneWay(there, here);
  }

  /**
   * Cuts the smallest side that can agree on what follows this commit, with the proposer and those who may be promoted, from the primary;
   * if the primary has a majority of the voters that it knows on its own side. Says whether it did.
   */
  behindCommit(
    { proposer, primary, holders }: { proposer: NodeId; primary: NodeId; holders: readonly NodeId[] },
    quorums: readonly (readonly NodeId[])[],
    known: Topology,
  ): boolean {
    const side = new Set([proposer, ...holders.filter((id) => id !== primary)]);
    for (const voters of quorums) {
      for (const id of [...voters].reverse()) if (!isQuorum(side, [voters])) side.add(id);
    }
    const others = new Set(this.#everyone.filter((id) => !side.has(id)));
    if (!isQuorum(others, [known.voters, known.previousVoters])) return false;
    this.clear();
    this.around(side);
    return true;
  }
}
