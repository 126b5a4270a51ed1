/**
 * Those who look at a run and take no part in it: the checkers, the counts of marks, and the trace. It also keeps the name of the
 * checker that is being asked, so that a violation can say whose it is.
 */
import type { NodeId } from '../ring/index.js';
import type { Checker, Moment } from './checker.js';
import { describeData, type TraceSink, type TraceWhat, traceLine } from './trace.js';

export class Observers<F> {
  readonly #checkers: readonly Checker<F>[];
  readonly #factCheckers: readonly Checker<F>[];
  readonly #markCheckers: readonly Checker<F>[];
  readonly #sink: TraceSink | undefined;
  /** How often each mark was made. */
  readonly marks = new Map<string, number>();
  /** Of the checker asked last. */
  asked = '';

  constructor(checkers: readonly Checker<F>[], sink: TraceSink | undefined) {
    this.#checkers = checkers;
    this.#factCheckers = checkers.filter(({ onFact }) => onFact !== undefined);
    this.#markCheckers = checkers.filter(({ onMark }) => onMark !== undefined);
    this.#sink = sink;
  }

  get isTraced(): boolean {
    return this.#sink !== undefined;
  }

  /** To be asked for only where `isTraced`, if the details cost anything. */
  trace(nowUs: number, node: string, what: TraceWhat, details = ''): void {
    this.#sink?.(traceLine(nowUs, node, what, details));
  }

  fact(fact: F, moment: Moment): void {
    if (this.isTraced) this.trace(moment.nowMs * 1000, moment.node, 'fact', describeData(fact));
    for (const checker of this.#factCheckers) {
      this.asked = checker.name;
      checker.onFact?.(fact, moment);
    }
  }

  /** The count of this mark, with this one. */
  mark(name: string, peer: NodeId | undefined, moment: Moment): number {
    const count = this.count(name);
    if (this.isTraced) {
      this.trace(moment.nowMs * 1000, moment.node, 'mark', `${name}@${count}${peer ? ` about ${peer}` : ''}`);
    }
    for (const checker of this.#markCheckers) {
      this.asked = checker.name;
      checker.onMark?.(name, moment);
    }
    return count;
  }

  /** A mark that the world makes by itself. */
  count(name: string): number {
    const count = (this.marks.get(name) ?? 0) + 1;
    this.marks.set(name, count);
    return count;
  }

  started(moment: Moment): void {
    for (const checker of this.#checkers) {
      this.asked = checker.name;
      checker.onStart?.(moment);
    }
  }

  crashed(moment: Moment): void {
    for (const checker of this.#checkers) {
      this.asked = checker.name;
      checker.onCrash?.(moment);
    }
  }

  healed(nowMs: number): void {
    for (const checker of this.#checkers) {
      this.asked = checker.name;
      checker.onHeal?.(nowMs);
    }
  }

  ended(nowMs: number): void {
    for (const checker of this.#checkers) {
      this.asked = checker.name;
      checker.onEnd?.(nowMs);
    }
  }
}
