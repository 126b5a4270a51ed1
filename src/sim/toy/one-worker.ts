/** Never two workers: who works in a term after another worked in a later one, or in the same one, is a second worker. */
import { type Checker, type Moment, Violation } from '../checker.js';
import type { LeaseFact } from './lease-program.js';

export class OneWorker implements Checker<LeaseFact> {
  readonly name = 'one-worker';
  #term = 0;
  #worker: Moment | undefined;

  onFact({ term }: LeaseFact, moment: Moment): void {
    const last = this.#worker;
    const isOlder = term < this.#term || (term === this.#term && moment.life !== last?.life);
    if (isOlder && last !== undefined) {
      throw new Violation(
        `${moment.node} works in term ${term}; ${last.node} worked in term ${this.#term} at ${last.nowMs} ms`,
      );
    }
    this.#term = term;
    this.#worker = moment;
  }
}
