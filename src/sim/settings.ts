/**
 * What kind of world a seed draws: how many hosts, how good the network and the disks are, which faults happen, how often,
 * for how long. Each seed has some of everything and much of little (swarm testing: a world in which everything happens at once
 * never gets far enough for the rare).
 *
 * Source: A. Groce et al., Swarm Testing (2012).
 */
import { between, chance, pick, some, spread, stream } from './draws.js';
import { AIMED_KINDS, FAULT_KINDS, type FaultKind, type PlanShape } from './faults.js';
import type { Range } from './program.js';

export interface Settings extends PlanShape {
  readonly nodes: number;
  readonly clients: number;
  /** Delay of a message: `delayUs`, plus up to as much again; with `tailPermille` up to `tailFactor` times as much. */
  readonly delayUs: number;
  readonly tailPermille: number;
  readonly tailFactor: number;
  /** Messages that are lost, or come twice, of a thousand. */
  readonly lossPermille: number;
  readonly twicePermille: number;
  /** Messages of a link keep their order. */
  readonly keepsOrder: boolean;
  /** A cut also takes what is under way. */
  readonly cutsInFlight: boolean;
  /** A write to disk takes up to so long; a tenth of them up to ten times as long. */
  readonly diskUs: number;
  /** Clock rates are within so many parts of a thousand. */
  readonly driftPermille: number;
  /** Ticks that come late by up to `lateMs`, of a thousand. */
  readonly latePermille: number;
  readonly lateMs: number;
  /** So many faults at once. */
  readonly maxActive: number;
  /** Of the names of marks, so many of a thousand are aimed at; 0: none. */
  readonly aimPermille: number;
  readonly aimKinds: readonly FaultKind[];
}

/** What is not left to the seed. */
export interface Overrides {
  readonly nodes?: number | undefined;
  /** Fault kinds that are left out. */
  readonly without?: readonly FaultKind[] | undefined;
}

interface Ranges {
  readonly nodes: Range;
  readonly clients: Range;
  readonly driftPermille: number;
}

export function drawSettings(seed: number, ranges: Ranges, overrides: Overrides = {}): Settings {
  const random = stream(seed, 'settings');
  // Fewer nodes, more collisions.
  const isSmall = chance(random, 0.3);
  const nodes = between(random, ranges.nodes.least, isSmall ? ranges.nodes.least : ranges.nodes.most);
  const clients = between(random, ranges.clients.least, ranges.clients.most);
  const isCalm = chance(random, 0.04);
  const kinds = some(random, FAULT_KINDS, pick(random, [0.2, 0.5, 0.8]));
  const isAllowed = (kind: FaultKind): boolean => !overrides.without?.includes(kind);
  const isLossy = chance(random, 0.5);
  const mostDurationMs = spread(random, 500, 20_000);
  return {
    nodes: overrides.nodes ?? nodes,
    clients,
    delayUs: Math.round(spread(random, 50, 40_000)),
    tailPermille: chance(random, 0.5) ? 0 : between(random, 1, 50),
    tailFactor: between(random, 5, 50),
    lossPermille: isLossy ? between(random, 0, 100) : 0,
    twicePermille: isLossy ? between(random, 0, 50) : 0,
    keepsOrder: chance(random, 0.3),
    cutsInFlight: chance(random, 0.5),
    diskUs: pick(random, [300, 5_000, 60_000, 300_000]),
    driftPermille: pick(random, [0, 1, ranges.driftPermille, ranges.driftPermille]),
    latePermille: chance(random, 0.5) ? 0 : between(random, 1, 20),
    lateMs: Math.round(spread(random, 50, 3000)),
    kinds: isCalm ? [] : kinds.filter(isAllowed),
    everyMs: Math.round(spread(random, 200, 6000)),
    leastDurationMs: Math.round(spread(random, 20, 500)),
    mostDurationMs: Math.round(mostDurationMs),
    maxActive: between(random, 1, 5),
    aimPermille: isCalm || chance(random, 0.3) ? 0 : 500,
    aimKinds: some(random, AIMED_KINDS, 0.5).filter(isAllowed),
  };
}

/** In three lines, for people. */
export function describeSettings(settings: Settings): string[] {
  const { nodes, clients, delayUs, tailPermille, tailFactor, lossPermille, twicePermille } = settings;
  return [
    `${nodes} nodes, ${clients} clients, delay ${delayUs} us (${tailPermille}/1000 up to ${tailFactor} times), ` +
      `lost ${lossPermille}/1000, twice ${twicePermille}/1000, ${settings.keepsOrder ? 'in order' : 'in any order'}, ` +
      `disk ${settings.diskUs} us, clocks within ${settings.driftPermille}/1000, ` +
      `ticks late ${settings.latePermille}/1000 by up to ${settings.lateMs} ms`,
    `faults ${settings.kinds.join(' ') || 'none'}; one each ${settings.everyMs} ms, ${settings.leastDurationMs} to ` +
      `${settings.mostDurationMs} ms long, at most ${settings.maxActive} at once`,
    `marks aimed at ${settings.aimPermille}/1000, with ${settings.aimKinds.join(' ') || 'nothing'}`,
  ];
}
