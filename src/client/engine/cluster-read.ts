/**
 * A read of one key in a cluster, from copy to copy until one answers.
 *
 *   the first copy of the key's order ──hit, or whatever a primary says──> answered
 *        │ a replica without a fresh value ──> the primary, for the lease; does it not answer, what the replica has: `withoutLease`
 *        │ MOVED ──> the node that it names, at once
 *        └ no answer, CLUSTERDOWN ──> the next copy; after the last: failed
 *
 * A read changes nothing that it would be wrong to change twice, so it may be repeated: a lease that is granted late is given back.
 *
 * While there is another copy to ask, one gets half of the time that is left: a primary that hangs costs half a deadline, until its
 * circuit is open. Who misses while no primary answers loads without a lease, and stores nothing.
 */
import { ClientError, ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import type { Answer, Engine, Reading, ReadMode } from './engine.js';
import { newAnswer } from './lease-reply.js';

/** A topology that changes while a read is sent on is followed so often. */
export const MAX_HOPS = 3;

/** What a read needs of the engine. */
export interface ReadWays {
  readonly time: TimeSource;
  /** Sends to a node. */
  engineOf(node: number): Engine;
  /** Whether the node is still of the cluster. */
  knows(node: number): boolean;
  /** A node that was taken for a primary answers as a replica. */
  demoted(node: number): void;
  primaryOf(slot: number): number | undefined;
  /** A node did not do what was asked: whether another one may, and which, if the answer says so. */
  failed(
    node: number,
    error: ClientError,
  ): { readonly isPassing: boolean; readonly next: number | undefined };
  /** A hit that was not read from a primary under its lease. */
  unleasedHit(staleMs: number): void;
}

export class ClusterRead<R> implements Reading<R> {
  readonly #ways: ReadWays;
  readonly #key: string;
  readonly #slot: number;
  readonly #mode: ReadMode;
  readonly #reading: Reading<R>;
  readonly #order: readonly number[];
  readonly #endMs: number;
  #at = 0;
  #hops = 0;
  #asked = 0;
  #isPrimaryAsked = false;
  /** What a replica has. */
  #found: Answer | undefined;

  constructor(
    ways: ReadWays,
    key: string,
    slot: number,
    mode: ReadMode,
    deadlineMs: number,
    reading: Reading<R>,
    order: readonly number[],
  ) {
    this.#ways = ways;
    this.#key = key;
    this.#slot = slot;
    this.#mode = mode;
    this.#reading = reading;
    this.#order = order;
    this.#endMs = ways.time.now() + deadlineMs;
  }

  /** There is at least one copy. */
  begin(deadlineMs: number): Promise<R> {
    return this.#ask(this.#order[0], deadlineMs);
  }

  answered(answer: Answer): R | Promise<R> {
    const { status, staleMs, leaseMs } = answer;
    if (staleMs === undefined) return this.#reading.answered(answer);
    if (status === 'hit') {
      this.#ways.unleasedHit(staleMs);
      return this.#reading.answered(answer);
    }
    // Who says more has granted a lease, or knows who holds it: a primary, if one that is cut off.
    const isReplicas = status === 'miss' || (status === 'stale' && leaseMs === 0);
    if (!isReplicas) return this.#reading.answered(answer);
    if (this.#asked === this.#ways.primaryOf(this.#slot)) this.#ways.demoted(this.#asked);
    const primary = this.#isPrimaryAsked ? undefined : this.#ways.primaryOf(this.#slot);
    const leftMs = this.#endMs - this.#ways.time.now();
    if (primary === undefined || leftMs <= 0) return this.#reading.answered(this.#asFound(answer));
    this.#found = answer;
    // Whoever comes after it in the order knows no more than this replica.
    this.#at = this.#order.length;
    return this.#ask(primary, leftMs);
  }

  failed(error: unknown): R | Promise<R> {
    const next = this.#after(error);
    const leftMs = next === undefined ? 0 : this.#endMs - this.#ways.time.now();
    if (next !== undefined && leftMs > 0) return this.#ask(next, leftMs);
    if (this.#found !== undefined) return this.#reading.answered(this.#asFound(this.#found));
    return this.#reading.failed(error);
  }

  #ask(node: number, leftMs: number): Promise<R> {
    this.#asked = node;
    this.#isPrimaryAsked ||= node === this.#ways.primaryOf(this.#slot);
    const isLast = this.#at + 1 >= this.#order.length;
    const deadlineMs = isLast ? leftMs : Math.max(1, leftMs / 2);
    return this.#ways.engineOf(node).read(this.#key, this.#mode, Math.ceil(deadlineMs), this);
  }

  /** Who is to be asked after a failure. */
  #after(error: unknown): number | undefined {
    if (!(error instanceof ClientError)) return undefined;
    const { isPassing, next } = this.#ways.failed(this.#asked, error);
    if (!isPassing) return undefined;
    if (next !== undefined && this.#hops++ < MAX_HOPS) return next;
    while (++this.#at < this.#order.length) {
      const node = this.#order[this.#at];
      const isAsked = this.#isPrimaryAsked && node === this.#ways.primaryOf(this.#slot);
      if (!isAsked && this.#ways.knows(node)) return node;
    }
    return undefined;
  }

  #asFound(answer: Answer): Answer {
    return this.#mode === 'look' ? answer : withoutLease(answer);
  }
}

/** What who asked for a lease is told by a copy that grants none, when no primary answers: load, but do not fill. */
function withoutLease(answer: Answer): Answer {
  const { isThere, value, valueBytes, ms, loadMs, error, ticket, node, staleMs } = answer;
  const status = isThere ? 'refresh' : 'load';
  return newAnswer(
    status,
    isThere,
    value,
    valueBytes,
    ms,
    loadMs,
    undefined,
    0,
    error,
    ticket,
    node,
    staleMs,
  );
}

/** Where a reply MOVED sends to. */
export function movedTo(error: ClientError): { readonly host: string; readonly port: number } | undefined {
  if (!(error instanceof ReplyFailure) || error.replyCode !== 'MOVED') return undefined;
  const [, , address = ''] = error.reply.split(' ');
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  return colon > 0 && Number.isInteger(port) ? { host: address.slice(0, colon), port } : undefined;
}
