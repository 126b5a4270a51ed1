/**
 * What must hold in a run. A checker sees the whole world from above, in the order of its events, and throws a Violation
 * with words where something was done that must not be, or was not done in time.
 *
 * One file per invariant. A checker is made for a run and holds what it must remember of it; it never changes the run.
 */
import type { NodeId } from '../ring/index.js';

/** Where and when, in true time, which no clock of a host shows. */
export interface Moment {
  readonly nowMs: number;
  readonly node: NodeId;
  /** Counted over all lives of all hosts: another number, another life. */
  readonly life: number;
}

export interface Checker<F> {
  readonly name: string;
  /** A program has reported what it did just now. */
  onFact?(fact: F, moment: Moment): void;
  onMark?(mark: string, moment: Moment): void;
  onStart?(moment: Moment): void;
  /** The life has ended; the world has no say in when a program notices. */
  onCrash?(moment: Moment): void;
  /** No faults from now on: all hosts are up within a second, the network is whole and quick, disks are quick. */
  onHeal?(nowMs: number): void;
  /** The last look. */
  onEnd?(nowMs: number): void;
}

/** What must not be. Thrown by checkers; ends the run. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
