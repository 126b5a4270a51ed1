/**
 * The records of load-leases.ts: which there are, what they take, and how they end.
 *
 *   records   id -> record -> its grants <-> the clients that hold them
 *                          -> its waiters <-> the clients that wait
 *   wheel     what ends by itself: grants, and records of failed loads
 *
 * Whatever way a record ends, its grants leave the wheel and their clients, its bytes are free again, and its waiters
 * are woken. All of it is O(1) per grant and waiter.
 */
import { assert, type Block, byteString, TimerWheel } from '../base/index.js';
import { Grant, type LeaseClient, LeaseRecord, type Timed } from './lease-record.js';

/** What a record takes beside its key: itself, its grant, their places in maps and wheel, roughly. */
const RECORD_BYTES = 700;
/** What a waiter or one more writer takes, roughly. */
const MEMBER_BYTES = 150;
/** What a char of a shared error takes at most. */
const CHAR_BYTES = 2;
/** Writers of one key that are remembered at the same time. */
const MAX_WRITERS = 64;
/** No lease ends before its time, and none more than a tick after it, if `advance` is called then. */
const WHEEL = { tickMs: 16, slots: 512 };
/** Why a waiter is woken. */
export type WakeReason = 'filled' | 'failed' | 'freed';

export class LeaseRecords {
  /** Told when the first record comes and the last one goes. */
  onListening: (change: 1 | -1) => void = () => {};
  /** What the client waited for has ended. */
  onWake: (client: LeaseClient, db: number, key: string, reason: WakeReason) => void = () => {};
  /** Memory the records take, roughly. */
  usedBytes = 0;
  /** The most they may take; those there are stay. */
  maxBytes: number;
  #tokenPrefix: string;
  readonly #records = new Map<string, LeaseRecord>();
  readonly #wheel: TimerWheel<Timed>;
  #sequence = 0;

  constructor(tokenPrefix: string, maxBytes: number, nowMs: number) {
    this.#tokenPrefix = tokenPrefix;
    this.maxBytes = maxBytes;
    this.#wheel = new TimerWheel(WHEEL, nowMs);
  }

  get count(): number {
    return this.#records.size;
  }

  /** Every record ends, and later tokens begin so. */
  beginAnew(tokenPrefix: string): void {
    this.#tokenPrefix = tokenPrefix;
    for (const record of this.all()) this.end(record, 'freed');
  }

  all(): LeaseRecord[] {
    return [...this.#records.values()];
  }

  get(id: string): LeaseRecord | undefined {
    return this.#records.get(id);
  }

  /** The record of a key, if its time is not over. */
  current(id: string, nowMs: number): LeaseRecord | undefined {
    const record = this.#records.get(id);
    const state = record?.state;
    if (record === undefined || state === undefined) return undefined;
    if (state.kind === 'failed') {
      if (record.endsMs <= nowMs) this.end(record, 'freed');
    } else if (state.kind === 'loading') {
      if (state.grant.endsMs <= nowMs) this.drop(state.grant);
    } else {
      for (const grant of [...state.grants]) if (grant.endsMs <= nowMs) this.drop(grant);
    }
    return record.state === undefined ? undefined : record;
  }

  /** A record of one grant, as `kind` says; undefined when there is no room. */
  open(
    id: string,
    kind: 'loading' | 'writing',
    client: LeaseClient,
    leaseMs: number,
    nowMs: number,
  ): Grant | undefined {
    if (!this.#hasRoom(RECORD_BYTES + id.length)) return undefined;
    this.usedBytes += RECORD_BYTES + id.length;
    const record = new LeaseRecord(id);
    if (this.#records.size === 0) this.onListening(1);
    this.#records.set(id, record);
    const grant = this.#newGrant(record, client, leaseMs, nowMs);
    record.state =
      kind === 'loading' ? { kind, grant } : { kind, grants: new Set([grant]), isContended: false };
    return grant;
  }

  /** One more writer beside others: none of them may fill. Undefined when there is no room. */
  join(record: LeaseRecord, client: LeaseClient, leaseMs: number, nowMs: number): Grant | undefined {
    const { state } = record;
    assert(state?.kind === 'writing', 'writers join writers');
    state.isContended = true;
    if (state.grants.size >= MAX_WRITERS || !this.#hasRoom(MEMBER_BYTES)) return undefined;
    this.usedBytes += MEMBER_BYTES;
    const grant = this.#newGrant(record, client, leaseMs, nowMs);
    state.grants.add(grant);
    return grant;
  }

  /** The client is woken when the record ends, if there is room to remember that. */
  waitFor(record: LeaseRecord, client: LeaseClient): void {
    if (record.waiters.has(client) || !this.#hasRoom(MEMBER_BYTES)) return;
    this.usedBytes += MEMBER_BYTES;
    record.waiters.add(client);
    client.awaited.add(record);
  }

  renew(grant: Grant, endsMs: number): void {
    this.#wheel.remove(grant);
    grant.endsMs = endsMs;
    this.#wheel.add(grant, endsMs);
  }

  /** A loading record says from now on, until then, why its load failed; it ends if there is no room for that. */
  fail(grant: Grant, error: string, endsMs: number): void {
    const { record } = grant;
    const bytes = error.length * CHAR_BYTES;
    if (!this.#hasRoom(bytes)) {
      this.end(record, 'freed');
      return;
    }
    this.usedBytes += bytes;
    this.#forget(grant);
    record.state = { kind: 'failed', error };
    record.endsMs = endsMs;
    this.#wheel.add(record, endsMs);
    this.#wake(record, 'failed');
  }

  /** A grant ends without a fill; its record ends with the last one. */
  drop(grant: Grant): void {
    const { record } = grant;
    if (record.state?.kind === 'writing' && record.state.grants.size > 1) {
      this.#forget(grant);
      record.state.grants.delete(grant);
      this.usedBytes -= MEMBER_BYTES;
    } else {
      this.end(record, 'freed');
    }
  }

  /** A record ends, and with it all grants of its key. */
  end(record: LeaseRecord, reason: WakeReason): void {
    const { state } = record;
    if (state?.kind === 'loading') this.#forget(state.grant);
    if (state?.kind === 'failed') {
      this.#wheel.remove(record);
      this.usedBytes -= state.error.length * CHAR_BYTES;
    }
    if (state?.kind === 'writing') {
      for (const grant of state.grants) this.#forget(grant);
      this.usedBytes -= (state.grants.size - 1) * MEMBER_BYTES;
    }
    record.state = undefined;
    this.#records.delete(record.id);
    this.usedBytes -= RECORD_BYTES + record.id.length;
    if (this.#records.size === 0) this.onListening(-1);
    this.#wake(record, reason);
  }

  /** The connection is closed: what it held is free, and it waits for nothing more. */
  release(client: LeaseClient): void {
    for (const grant of [...client.grants]) this.drop(grant);
    for (const record of client.awaited) {
      record.waiters.delete(client);
      this.usedBytes -= MEMBER_BYTES;
    }
    client.awaited.clear();
  }

  /** Ends what is over. */
  advance(nowMs: number): void {
    if (this.#records.size === 0) return;
    this.#wheel.advance(nowMs, (item) => {
      if (item instanceof Grant) this.drop(item);
      else if (item instanceof LeaseRecord) this.end(item, 'freed');
    });
  }

  #hasRoom(bytes: number): boolean {
    return this.usedBytes + bytes <= this.maxBytes;
  }

  #newGrant(record: LeaseRecord, client: LeaseClient, leaseMs: number, nowMs: number): Grant {
    const token = this.#tokenPrefix + (++this.#sequence).toString(36);
    const grant = new Grant(token, record, client);
    grant.endsMs = nowMs + leaseMs;
    this.#wheel.add(grant, grant.endsMs);
    client.grants.add(grant);
    return grant;
  }

  #forget(grant: Grant): void {
    this.#wheel.remove(grant);
    grant.client.grants.delete(grant);
  }

  #wake(record: LeaseRecord, reason: WakeReason): void {
    if (record.waiters.size === 0) return;
    const db = databaseOf(record);
    const key = record.id.slice(1);
    for (const client of record.waiters) {
      client.awaited.delete(record);
      this.usedBytes -= MEMBER_BYTES;
      this.onWake(client, db, key, reason);
    }
    record.waiters.clear();
  }
}

/** The name of a key in a database. */
export function leaseId(db: number, key: Block, at: number, length: number): string {
  return String.fromCharCode(db) + byteString(key, at, length);
}

export function databaseOf(record: LeaseRecord): number {
  return record.id.charCodeAt(0);
}
