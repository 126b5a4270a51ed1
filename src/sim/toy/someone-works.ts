/** When faults have ended somebody works soon, and still does at the end. */
import { type Checker, type Moment, Violation } from '../checker.js';
import type { LeaseFact } from './lease-program.js';

/** From the end of faults to the first work; shorter runs do not look. */
const BOUND_MS = 12_000;
/** A worker works at each tick; so long without is nobody. */
const SILENCE_MS = 2000;

export class SomeoneWorks implements Checker<LeaseFact> {
  readonly name = 'someone-works';
  #healedMs = 0;
  #workedMs = 0;

  onFact(_fact: LeaseFact, { nowMs }: Moment): void {
    this.#workedMs = nowMs;
  }

  onHeal(nowMs: number): void {
    this.#healedMs = nowMs;
  }

  onEnd(nowMs: number): void {
    if (nowMs - this.#healedMs < BOUND_MS || nowMs - this.#workedMs < SILENCE_MS) return;
    throw new Violation(`nobody has worked since ${this.#workedMs} ms; faults ended at ${this.#healedMs} ms`);
  }
}
