/**
 * Things to do, soonest first: a binary heap whose items know their place in it, so that any of them can be moved or
 * taken out.
 *
 *                 items[0]             no item is due before the one above it
 *              /            \
 *         items[1]        items[2]
 *
 * `first` is O(1), everything else O(log n).
 */

export interface Scheduled {
  /** Changed by the queue alone while the item is in it. */
  dueMs: number;
  /** The item's place in the queue; the queue's own. */
  place: number;
}

export class SoonestQueue<T extends Scheduled> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item that is due first. */
  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  move(item: T, dueMs: number): void {
    item.dueMs = dueMs;
    this.#settle(item, item.place);
  }

  remove(item: T): void {
    const last = this.#items.pop() as T;
    if (last !== item) this.#settle(last, item.place);
  }

  #settle(item: T, place: number): void {
    this.#sink(item, place);
    this.#rise(item, item.place);
  }

  #rise(item: T, place: number): void {
    while (place > 0) {
      const above = (place - 1) >>> 1;
      if (this.#items[above].dueMs <= item.dueMs) break;
      this.#put(this.#items[above], place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: T, place: number): void {
    const count = this.#items.length;
    for (let below = 2 * place + 1; below < count; below = 2 * place + 1) {
      if (below + 1 < count && this.#items[below + 1].dueMs < this.#items[below].dueMs) below++;
      if (item.dueMs <= this.#items[below].dueMs) break;
      this.#put(this.#items[below], place);
      place = below;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}
