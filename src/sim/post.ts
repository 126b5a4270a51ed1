/**
 * Takes messages from host to host over the network: looks up who has the id now, loses, holds and doubles what the network says,
 * and puts the rest among the events to come.
 *
 * A message is for an id. A host that lost its disk has another one, and what was sent to the old one reaches nobody.
 */
import { assert } from '../base/index.js';
import type { NodeId } from '../ring/index.js';
import { deepFreeze } from './deep-freeze.js';
import type { EventHeap } from './event-heap.js';
import type { Network } from './network.js';
import type { Observers } from './observers.js';
import { describeData } from './trace.js';

/** The event: `host` is the receiver, `first` the link, the payload the parcel. */
export const DELIVER = 2;
/** Messages held by a clog, of a link; more are lost, as buffers have an end. */
const MAX_HELD = 20_000;

/** A message with both ids as they were when it was sent. */
export interface Parcel<M> {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: M;
}

export class Post<M, F> {
  readonly #hosts: number;
  readonly #network: Network;
  readonly #heap: EventHeap;
  readonly #observers: Observers<F>;
  readonly #isStrict: boolean;
  readonly #hostOfId = new Map<NodeId, number>();
  /** What is held by clogs, by link. */
  readonly #clogged = new Map<number, Parcel<M>[]>();

  constructor(hosts: number, network: Network, heap: EventHeap, observers: Observers<F>, isStrict: boolean) {
    this.#hosts = hosts;
    this.#network = network;
    this.#heap = heap;
    this.#observers = observers;
    this.#isStrict = isStrict;
  }

  /** That host has this id from now on, and keeps those it had, which reach nobody. */
  register(id: NodeId, host: number): void {
    this.#hostOfId.set(id, host);
  }

  /** Undefined: nobody ever had it. */
  hostOf(id: NodeId): number | undefined {
    return this.#hostOfId.get(id);
  }

  send(host: number, from: NodeId, to: NodeId, message: M, nowUs: number): void {
    const target = this.#hostOfId.get(to);
    assert(target !== undefined, `${from} sends to ${to}, which never was`);
    if (this.#isStrict) deepFreeze(message);
    const link = host * this.#hosts + target;
    const parcel = { from, to, message };
    if (this.#observers.isTraced) this.trace('send', parcel, '', nowUs);
    if (this.#network.has('cut', link)) {
      if (this.#observers.isTraced) this.trace('lost', parcel, 'cut', nowUs);
    } else if (this.#network.has('clog', link)) {
      const held = this.#clogged.get(link) ?? [];
      if (held.length < MAX_HELD) held.push(parcel);
      this.#clogged.set(link, held);
      if (this.#observers.isTraced) this.trace('held', parcel, 'clog', nowUs);
    } else if (this.#network.loses(link)) {
      if (this.#observers.isTraced) this.trace('lost', parcel, 'by chance', nowUs);
    } else {
      this.#carry(link, parcel, nowUs);
    }
  }

  /** What clogs hold back on these links, unless another one still does; all links if none are named. */
  release(nowUs: number, links: Iterable<number> = [...this.#clogged.keys()]): void {
    for (const link of links) {
      const parcels = this.#clogged.get(link);
      if (parcels === undefined || this.#network.has('clog', link)) continue;
      this.#clogged.delete(link);
      for (const parcel of parcels) this.#carry(link, parcel, nowUs);
    }
  }

  /** To be asked for only where the run is traced. */
  trace(what: 'send' | 'lost' | 'held', { from, to, message }: Parcel<M>, why: string, nowUs: number): void {
    const head = why === '' ? `to ${to}` : `to ${to}, ${why}`;
    this.#observers.trace(nowUs, from, what, `${head}: ${describeData(message)}`);
  }

  #carry(link: number, parcel: Parcel<M>, nowUs: number): void {
    const target = link % this.#hosts;
    this.#heap.push(this.#network.arrivalUs(link, nowUs), DELIVER, target, link, 0, parcel);
    const twiceUs = this.#network.twiceUs(nowUs);
    if (twiceUs !== undefined) this.#heap.push(twiceUs, DELIVER, target, link, 0, parcel);
  }
}
