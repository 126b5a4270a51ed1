/** What is to happen next in a simulated world: a binary heap by time, then by the order of being planned. */
export interface Planned {
  readonly atMs: number;
  readonly order: number;
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

export function pushEvent<E extends Planned>(heap: E[], event: E): void {
  let index = heap.length;
  heap.push(event);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (isBefore(heap[parent] as E, event)) break;
    heap[index] = heap[parent] as E;
    index = parent;
  }
  heap[index] = event;
}

export function popEvent<E extends Planned>(heap: E[]): E | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as E, heap[child] as E)) child++;
    if (isBefore(last, heap[child] as E)) break;
    heap[index] = heap[child] as E;
    index = child;
  }
  heap[index] = last;
  return first;
}
