/**
 * What can go wrong, as data: a fault begins at a time and ends by itself after its duration.
 *
 *   links    cut: nothing goes through    clog: what is sent is held, and comes when it ends    lossy, slow
 *   hosts    crash, wipe (crash, and the disk is lost), restart-many (at once), pause, suspend (its monotonic clock stands still), late (its
 *            ticks come late)
 *   clocks   jump (of the wall clock), rate (within rho)
 *   disks    disk-slow, disk-full, disk-error (one write), flip (of a bit; the next start finds the damage; it comes with a crash)
 *
 * Links are numbered from * hosts + to, so that a cut can be one-way or partial. A plan is drawn from the seed before the run.
 */
import type { Random } from '../base/index.js';
import { between, chance, pick, spread } from './draws.js';

export const LINK_FAULTS = ['cut', 'clog', 'lossy', 'slow'] as const;
export const HOST_FAULTS = [
  'crash',
  'wipe',
  'restart-many',
  'pause',
  'suspend',
  'late',
  'jump',
  'rate',
  'disk-slow',
  'disk-full',
  'disk-error',
  'flip',
] as const;
export const FAULT_KINDS = [...LINK_FAULTS, ...HOST_FAULTS] as const;

/** Those that make sense at a mark. */
export const AIMED_KINDS: readonly FaultKind[] = [
  'crash',
  'pause',
  'suspend',
  'disk-slow',
  'disk-error',
  'late',
  'cut',
  'clog',
  'slow',
];

export type LinkFault = (typeof LINK_FAULTS)[number];
export type HostFault = (typeof HOST_FAULTS)[number];
export type FaultKind = LinkFault | HostFault;

interface FaultTime {
  /** Names it in its run: '12' of the plan, 'accept@3' aimed at a mark, 's2' of a scenario. */
  readonly id: string;
  readonly atMs: number;
  readonly durationMs: number;
}

export interface LinkFaultEvent extends FaultTime {
  readonly kind: LinkFault;
  readonly links: readonly number[];
  /** The hosts it is about, for people: 'n1 n2 | n3 c1'. */
  readonly words: string;
}

export interface HostFaultEvent extends FaultTime {
  readonly kind: HostFault;
  readonly hosts: readonly number[];
  /** Of a jump, by how much, in ms. */
  readonly byMs: number;
}

export type Fault = LinkFaultEvent | HostFaultEvent;

export function isLinkFault(fault: Fault): fault is LinkFaultEvent {
  return (LINK_FAULTS as readonly string[]).includes(fault.kind);
}

/** Whom a draw may choose from. The nodes are the hosts 0 to nodes - 1, clients come after them. */
export interface Cast {
  readonly nodes: number;
  readonly hosts: number;
  readonly nameOf: (host: number) => string;
}

/** What a draw is about: some hosts, and where a link fault has two sides, of one or both directions. */
export type LinkShape = 'split' | 'isolate' | 'inbound' | 'outbound' | 'pair' | 'some';
const SHAPES: readonly LinkShape[] = [
  'split',
  'split',
  'isolate',
  'isolate',
  'inbound',
  'outbound',
  'pair',
  'some',
];

export function drawFault(random: Random, kind: FaultKind, cast: Cast, time: FaultTime): Fault {
  if (!isLinkKind(kind)) {
    const hosts = kind === 'restart-many' ? drawMany(random, cast) : [random.below(cast.nodes)];
    return { ...time, kind, hosts, byMs: kind === 'jump' ? drawJumpMs(random) : 0 };
  }
  return linkFault(random, kind, pick(random, SHAPES), random.below(cast.nodes), undefined, cast, time);
}

/** All nodes, or one to all but one. */
function drawMany(random: Random, cast: Cast): number[] {
  const all = Array.from({ length: cast.nodes }, (_, host) => host);
  if (chance(random, 0.4)) return all;
  const spared = random.below(cast.nodes);
  const many = all.filter((host) => host !== spared && chance(random, 0.6));
  return many.length > 0 ? many : [(spared + 1) % cast.nodes];
}

/** A fault of the links of `host`; of the pair of it and `peer` if the shape is one. */
export function linkFault(
  random: Random,
  kind: LinkFault,
  shape: LinkShape,
  host: number,
  peer: number | undefined,
  cast: Cast,
  time: FaultTime,
): LinkFaultEvent {
  const other = peer ?? (host + 1 + random.below(Math.max(1, cast.hosts - 1))) % cast.hosts;
  const everyone = Array.from({ length: cast.hosts }, (_, one) => one);
  const names = (hosts: readonly number[]): string => hosts.map((one) => cast.nameOf(one)).join(' ');
  const fault = (links: number[], words: string): LinkFaultEvent => ({ ...time, kind, links, words });
  if (shape === 'some') {
    const links = everyone.flatMap((from) => everyone.map((to) => from * cast.hosts + to));
    const chosen = links.filter(() => chance(random, 0.3));
    return fault(chosen, `${chosen.length} of ${links.length} links`);
  }
  const left = shape === 'split' ? everyone.filter(() => chance(random, 0.5)) : [host];
  const right = shape === 'pair' ? [other] : everyone.filter((one) => !left.includes(one));
  const links: number[] = [];
  for (const a of left) {
    for (const b of right) {
      if (shape !== 'inbound') links.push(a * cast.hosts + b);
      if (shape !== 'outbound') links.push(b * cast.hosts + a);
    }
  }
  const arrow = shape === 'inbound' ? '<-' : shape === 'outbound' ? '->' : '|';
  return fault(links, `${names(left)} ${arrow} ${names(right)}`);
}

/** From steps of some ms to hours, forward and back. */
export function drawJumpMs(random: Random): number {
  const byMs = Math.round(spread(random, 5, 3_600_000));
  return chance(random, 0.5) ? byMs : -byMs;
}

/** What a seed has settled about its plan. */
export interface PlanShape {
  readonly kinds: readonly FaultKind[];
  /** A new fault each so many ms, in the mean. */
  readonly everyMs: number;
  readonly leastDurationMs: number;
  readonly mostDurationMs: number;
}

/** The faults of a run up to that time. A longer run begins with the same ones. */
export function drawPlan(random: Random, shape: PlanShape, cast: Cast, untilMs: number): Fault[] {
  const plan: Fault[] = [];
  if (shape.kinds.length === 0) return plan;
  let atMs = between(random, 0, shape.everyMs);
  while (atMs < untilMs) {
    const durationMs = Math.round(spread(random, shape.leastDurationMs, shape.mostDurationMs));
    plan.push(
      drawFault(random, pick(random, shape.kinds), cast, { id: String(plan.length + 1), atMs, durationMs }),
    );
    atMs += 1 + Math.round(-Math.log(1 - random.fraction()) * shape.everyMs);
  }
  return plan;
}

export function isLinkKind(kind: FaultKind): kind is LinkFault {
  return (LINK_FAULTS as readonly string[]).includes(kind);
}

/** 'cut n1 | n2 n3', for people. */
export function describeFault(fault: Fault, cast: Cast): string {
  if (isLinkFault(fault)) return `${fault.kind} ${fault.words} for ${fault.durationMs} ms`;
  const hosts = fault.hosts.map((host) => cast.nameOf(host)).join(' ');
  const by = fault.kind === 'jump' ? ` by ${fault.byMs} ms` : '';
  return `${fault.kind} ${hosts}${by} for ${fault.durationMs} ms`;
}
