/**
 * What has come and is worked on for so long in one turn of the loop, in the order in which it came; all else has its turn in between.
 *
 *   push ─ push ─ push        turn: work, work │ time is over     clients, timers     turn: work
 *
 * A port between threads hands over all that waits there at once, and what is sent in answer brings more: without this, that is one turn.
 */
export class TurnQueue<T> {
  readonly #work: (one: T) => void;
  readonly #turnMs: number;
  #queue: T[] = [];
  #isDue = false;

  constructor(turnMs: number, work: (one: T) => void) {
    this.#turnMs = turnMs;
    this.#work = work;
  }

  push(one: T): void {
    this.#queue.push(one);
    this.#nextTurn();
  }

  clear(): void {
    this.#queue = [];
  }

  #nextTurn(): void {
    if (this.#isDue || this.#queue.length === 0) return;
    this.#isDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isDue = false;
    const queue = this.#queue;
    this.#queue = [];
    const untilMs = performance.now() + this.#turnMs;
    let done = 0;
    while (done < queue.length && (done === 0 || performance.now() < untilMs)) this.#work(queue[done++] as T);
    if (done < queue.length) this.#queue = [...queue.slice(done), ...this.#queue];
    this.#nextTurn();
  }
}
