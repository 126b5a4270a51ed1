/** What is to happen, in the order of its time, and of its being added at the same time: a binary heap. */
interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class EventQueue {
  readonly #heap: Event[] = [];
  #order = 0;

  add(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const event = { atMs, order: this.#order++, run };
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const up = (index - 1) >> 1;
      if (!isBefore(event, heap[up]!)) break;
      heap[index] = heap[up]!;
      index = up;
    }
    heap[index] = event;
  }

  /** The next one, if it is due by then. */
  take(untilMs: number): Event | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined || top.atMs > untilMs) return undefined;
    const last = heap.pop()!;
    const size = heap.length;
    if (size === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
