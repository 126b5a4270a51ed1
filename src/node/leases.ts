/**
 * Load leases between sessions: who holds and who waits is a connection, and whoever waits is told.
 *
 *   LEASE.GET answers "wait" --> the session waits
 *        RESP3                     goes on with other commands; a push [lease, key, reason] says: ask again
 *        LEASE.GET ... WAIT ms     is blocked, as in WAIT; asks again by itself and answers then
 *   the connection closes    --> what it held is free, and its waiters are told
 *
 * A blocked session that is woken asks again when the event at hand is over: by then the store is at rest. The
 * protocol itself: store/load-leases.ts.
 */
import { randomBytes } from 'node:crypto';
import { LeaseClient, LoadLeases, type WakeReason } from '../store/index.js';
import type { CacheNode } from './cache-node.js';
import type { Session } from './session.js';

/** Part of the memory budget that lease records may take, its least and its most. */
const LEASE_SHARE = 1 / 32;
const MIN_LEASE_BYTES = 256 * 1024;
const MAX_LEASE_BYTES = 256 * 2 ** 20;
/** The memory of records counts in steps, so that a lease does not move the store's limit each time. */
const ACCOUNTED_STEP_BYTES = 64 * 1024;
/** What a push takes beside the key. */
const PUSH_BYTES = 64;

/** A session, as leases see it. */
export class SessionLeases extends LeaseClient {
  readonly session: Session;

  constructor(session: Session) {
    super();
    this.session = session;
  }
}

export class Leases {
  readonly table: LoadLeases;
  readonly #node: CacheNode;
  #woken: Session[] = [];

  constructor(node: CacheNode, maxMemoryBytes: number) {
    this.#node = node;
    const incarnation = randomBytes(6).toString('hex');
    this.table = new LoadLeases(node.store, incarnation, leaseBudget(maxMemoryBytes), node.startedMs);
    this.table.records.onWake = (client, _db, key, reason) => {
      if (client instanceof SessionLeases) this.#wake(client, key, reason);
    };
  }

  /** Memory that counts in the node's budget. */
  get accountedBytes(): number {
    return Math.ceil(this.table.records.usedBytes / ACCOUNTED_STEP_BYTES) * ACCOUNTED_STEP_BYTES;
  }

  budgetChanged(maxMemoryBytes: number): void {
    this.table.records.maxBytes = leaseBudget(maxMemoryBytes);
  }

  /** This node serves another shard, or the same in another epoch: what was granted before is void, and all who wait are woken. */
  moved(shard: number, epoch: number): void {
    this.table.serve(shard, epoch);
    this.#node.accountExternalBytes();
  }

  clientOf(session: Session): SessionLeases {
    session.leases ??= new SessionLeases(session);
    return session.leases;
  }

  /** RESET, or the connection is closed. */
  forget(session: Session): void {
    const client = session.leases;
    if (client === undefined) return;
    session.leases = undefined;
    this.table.records.release(client);
  }

  get hasWoken(): boolean {
    return this.#woken.length > 0;
  }

  /** Ends an event: blocked sessions that were woken ask again. */
  answerWoken(): void {
    const woken = this.#woken;
    this.#woken = [];
    for (const session of woken) this.#node.waits.askAgain(session);
    // One of them may have been granted the lease.
    this.#node.accountExternalBytes();
  }

  #wake(client: SessionLeases, key: string, reason: WakeReason): void {
    const { session } = client;
    if (session.blocked?.askAgain !== undefined) {
      this.#woken.push(session);
      return;
    }
    if (session.protocol !== 3 || !this.#node.limits.admitsPush(session, PUSH_BYTES + key.length)) return;
    const out = this.#node.outbox.push(session);
    out.push(3);
    out.bulkText('lease');
    out.bulkText(key);
    out.bulkText(reason);
  }
}

function leaseBudget(maxMemoryBytes: number): number {
  return Math.min(MAX_LEASE_BYTES, Math.max(MIN_LEASE_BYTES, Math.floor(maxMemoryBytes * LEASE_SHARE)));
}
