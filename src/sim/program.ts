/**
 * What the simulated world runs: a program, started on each host once per life, as data in and data out.
 *
 *   Experiment ──begin(seed's setup)──> Trial: the program, its checkers
 *   program.start(host) ──> Life ── tick | receive | persisted | persistFailed ──> Effects
 *
 * A life is a machine in the manner of src/cluster: it has no clock, no randomness and no disk but what it is handed. What it
 * is handed is valid during the call. Messages, states and facts are JSON-like data that nobody changes any more:
 * receivers get the very object (a run with `isStrict` freezes it, so that a change throws).
 *
 * A program is not told of faults. It sees what a process would see: silence, clocks, a disk that is empty.
 */
import type { RandomSource } from '../base/index.js';
import type { Clocks, Outbox } from '../cluster/index.js';
import type { Incarnation, NodeId } from '../ring/index.js';
import type { Checker } from './checker.js';

export interface HostClocks extends Clocks {
  /** The wall clock, in ms since some time; it jumps. */
  readonly wallMs: number;
}

/**
 * What a start finds on the disk. With a disk that is empty or damaged the host has a new id, since the old one was there.
 * `torn` is a write cut short by the end of the life before: it was never confirmed, and `state` is what was kept before it.
 */
export type DiskContents<D> =
  | { readonly kind: 'kept'; readonly state: D; readonly hasTornWrite: boolean }
  | { readonly kind: 'empty'; readonly hasTornWrite: boolean }
  | { readonly kind: 'damaged' };

/** What a life begins with. */
export interface Host<D> {
  readonly id: NodeId;
  readonly incarnation: Incarnation;
  /** True of a host of `clients`, which is neither crashed nor stopped. */
  readonly isClient: boolean;
  readonly disk: DiskContents<D>;
  readonly clocks: HostClocks;
  /** Its own, from the seed. */
  readonly random: RandomSource;
}

/** Takes what a life wants done. Calls count only during the step that was given it. */
export interface Effects<M, D, F> extends Outbox<M, D> {
  /**
   * The protocol is at a place worth a fault: 'accept', 'commit'. `peer` is the other node that it is about. The world may
   * act at once: what follows in the same step after a crash is not done.
   */
  mark(name: string, peer?: NodeId): void;
  /** Tells the checkers what was done just now. */
  report(fact: F): void;
}

/** One life of a program on a host. */
export interface Life<M, D, F> {
  /** Every `tickMs` or so, perhaps late by seconds. */
  tick(clocks: HostClocks, effects: Effects<M, D, F>): void;
  /** From the id that the sender had when it sent. */
  receive(from: NodeId, message: M, clocks: HostClocks, effects: Effects<M, D, F>): void;
  persisted(number: number, clocks: HostClocks, effects: Effects<M, D, F>): void;
  /** The disk was full or in error: what a start would find is what was there before, or, rarely, this. */
  persistFailed(number: number, clocks: HostClocks, effects: Effects<M, D, F>): void;
}

export interface Program<M, D, F> {
  start(host: Host<D>, effects: Effects<M, D, F>): Life<M, D, F>;
}

/** What a seed has drawn for a run, for programs and checkers. */
export interface TrialSetup {
  /** The ids of the hosts at the beginning: n1, n2 ... A host whose disk is lost comes back as n2-2. */
  readonly nodes: readonly NodeId[];
  /** c1, c2 ...: hosts of the network's other side. */
  readonly clients: readonly NodeId[];
  /** For choices of the experiment's own: sizes, terms. */
  readonly random: RandomSource;
  readonly mutants: ReadonlySet<string>;
}

export interface Trial<M, D, F> {
  readonly program: Program<M, D, F>;
  /** New ones for each run. */
  readonly checkers: readonly Checker<F>[];
  /** So many hosts may lose their disk in a run. */
  readonly maxLostDisks: number;
}

export interface Range {
  readonly least: number;
  readonly most: number;
}

/** A kind of world: what runs in it and what must hold. */
export interface Experiment<M, D, F> {
  readonly name: string;
  /** In a line, for people. */
  readonly description: string;
  readonly nodes: Range;
  readonly clients: Range;
  readonly tickMs: number;
  /** Clock rates are within so many parts of a thousand of the true one. */
  readonly driftPermille: number;
  /** Rules that can be left out, by name. */
  readonly mutants: readonly string[];
  /** In words. */
  readonly mutantRules?: Readonly<Record<string, string>>;
  /** Of these, the ones that this world does not find out, each with the place where it is, or why not. */
  readonly mutantsElsewhere?: Readonly<Record<string, string>>;
  /** Marks that a good many seeds must reach; those that were not are shown. */
  readonly marks: readonly string[];
  begin(setup: TrialSetup): Trial<M, D, F>;
}
