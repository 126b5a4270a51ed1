/** When faults have ended somebody works within a bound. */
import { type Checker, type Moment, Violation } from '../checker.js';
import type { LeaseFact } from './lease-program.js';

/** Some rounds of votes. They may all be split: the toy has no better election, and 3 of 20,000 seeds were so unlucky. */
const BOUND_MS = 12_000;

export class SomeoneWorks implements Checker<LeaseFact> {
  readonly name = 'someone-works';
  #healedMs = Number.POSITIVE_INFINITY;
  #hasWorked = false;

  onFact(_fact: LeaseFact, { nowMs }: Moment): void {
    if (nowMs >= this.#healedMs && nowMs <= this.#healedMs + BOUND_MS) this.#hasWorked = true;
  }

  onHeal(nowMs: number): void {
    this.#healedMs = nowMs;
  }

  /** A run that ends before the bound does says nothing. */
  onEnd(nowMs: number): void {
    if (this.#hasWorked || nowMs < this.#healedMs + BOUND_MS) return;
    throw new Violation(`nobody worked in the ${BOUND_MS} ms after faults ended, at ${this.#healedMs} ms`);
  }
}
