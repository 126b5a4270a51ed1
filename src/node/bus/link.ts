/**
 * The way of messages to one other node: a connection that this side dials, and a queue before it.
 *
 *              send                   greeted
 *   IDLE ──────────────> DIALING ──────────────> OPEN
 *    ^                      │ failed: queue dropped │ lost: queue dropped
 *    │ waited, empty        v                       v
 *    └────────────────── WAITING <──────────────────┘        waited, and something to say ─> DIALING
 *
 * It dials only when there is something to say, so that nobody is called for ever. What waited when an attempt failed is old by the
 * time of the next one, and is dropped. A slow peer fills its own queue and nobody else's.
 */
import type { Backoff } from '../../base/index.js';
import type { Channel, ChannelEvents } from './channel.js';
import { FrameType } from './frame.js';
import type { Introduction } from './handshake.js';
import { OutgoingQueue, type SharedBytes } from './outgoing-queue.js';
import type { BusTrouble } from './trouble.js';

export interface LinkEvents {
  /** Undefined: nobody knows where it is. */
  dial(link: Link, events: ChannelEvents): Channel | undefined;
  opened(link: Link, peer: Introduction): void;
  failed(link: Link, why: BusTrouble): void;
}

export class Link {
  /** A node's id, or '@HOST:PORT' until it is known who is there. */
  target: string;
  /** Other names under which it is found: addresses that turned out to be of this node. */
  readonly aliases = new Set<string>();
  readonly queue: OutgoingQueue;
  readonly #backoff: Backoff;
  readonly #events: LinkEvents;
  #channel: Channel | undefined;
  #waitMs: number | undefined;
  #dialAtMs = Number.POSITIVE_INFINITY;

  constructor(target: string, shared: SharedBytes, backoff: Backoff, events: LinkEvents) {
    this.target = target;
    this.queue = new OutgoingQueue(shared);
    this.#backoff = backoff;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#channel?.isOpen ?? false;
  }

  /** Has no connection and nothing to say: it may be forgotten. */
  get isIdle(): boolean {
    return this.#channel === undefined && this.#waitMs === undefined && this.queue.length === 0;
  }

  /** Says what another link to the same node had to say. */
  take(queue: OutgoingQueue): void {
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) this.send(body);
  }

  send(body: Buffer): void {
    this.queue.push(body);
    if (this.#channel !== undefined) this.#flush();
    else if (this.#waitMs === undefined) this.#dial();
  }

  tick(nowMs: number): void {
    this.#channel?.tick(nowMs);
    if (this.#waitMs === undefined) return;
    if (this.#dialAtMs === Number.POSITIVE_INFINITY) this.#dialAtMs = nowMs + this.#waitMs;
    if (nowMs < this.#dialAtMs) return;
    this.#waitMs = undefined;
    this.#dialAtMs = Number.POSITIVE_INFINITY;
    if (this.queue.length > 0) this.#dial();
  }

  close(why: BusTrouble): void {
    this.#channel?.close(why);
    this.queue.clear();
  }

  #dial(): void {
    this.#channel = this.#events.dial(this, {
      opened: (peer) => {
        this.#backoff.reset();
        this.#events.opened(this, peer);
        this.#flush();
      },
      // The other way has a connection of its own: nothing is said here.
      frame: () => {},
      drained: () => this.#flush(),
      closed: (why) => {
        this.#wait();
        this.#events.failed(this, why);
      },
    });
    if (this.#channel === undefined) this.#wait();
  }

  #wait(): void {
    this.#channel = undefined;
    this.queue.clear();
    this.#waitMs = this.#backoff.nextMs();
  }

  #flush(): void {
    while (this.#channel?.hasRoom) {
      const body = this.queue.shift();
      if (body === undefined) return;
      this.#channel.send(FrameType.MESSAGE, body);
    }
  }
}
