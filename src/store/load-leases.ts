/**
 * Load leases: of all who miss a key, one loads it, and nobody can put back what was invalidated meanwhile.
 *
 *                           +-- renew --+
 *                           v           |
 *   none --ask, granted--> LOADING: one grant --fill(token)--> none, and the entry is set
 *    ^                      |        |
 *    |                      |        +--fail(token, error)--> FAILED: whoever asks gets the error, for a moment
 *    |                      |                                   |
 *    +----------------------+-----------------------------------+---- time over, key changed
 *    |   given back, holder gone, time over, key changed
 *    |
 *    +--- the last grant ended --- WRITING: a write-through holds the key <--askToWrite-- any state
 *                                     |   one grant, no change since: its fill is accepted
 *                                     +--> contended, once the key changed or a second writer came: no fill is
 *
 * Invariants
 * - A fill is accepted only if the key was neither changed nor deleted since its grant. A delete that finds nothing
 *   voids too. Expiry and eviction do not: they are no invalidations, and under memory pressure no fill would pass.
 * - A key has at most one grant that is good, and no token is ever given twice: it names the incarnation, the shard and its
 *   epoch. Of another epoch none is good.
 * - Every record ends: by its holder, with its holder's connection, or when its time is over.
 * - Writers that overlap void each other, since nobody here knows the order in which the database wrote. They stay in
 *   the record until they end, also void ones: a third may overlap the second.
 * - A waiter is woken when the record it waits for ends. A wake means no more than: ask again.
 *
 * Records are bounded in bytes: when all are taken, one may load but not fill. Time is handed in: lifetimes by the
 * store's `now` (wall clock), leases as `nowMs` (monotonic).
 *
 * Source: Nishtala et al., Scaling Memcache at Facebook (NSDI 2013), section 3.2.1; waiters, errors and writers are added.
 */
import type { Block } from '../base/index.js';
import type { Ref } from './layout.js';
import type { Grant, LeaseClient, LeaseRecord, LeaseState } from './lease-record.js';
import { databaseOf, LeaseRecords, leaseId } from './lease-records.js';
import type { Loaded, Store } from './store.js';

/** Every database, for `flushing`. */
const ALL_DATABASES = -1;

export type LeaseStatus =
  /** A fresh value. */
  | 'hit'
  /** A stale value; refresh it. */
  | 'refresh'
  /** A stale value; somebody refreshes it, or no lease was asked for. */
  | 'stale'
  /** Nothing; load it. */
  | 'load'
  /** Nothing; somebody loads it. */
  | 'wait'
  /** Nothing fresh: the last load failed a moment ago. */
  | 'failed'
  /** Nothing, and no lease was asked for. */
  | 'miss';

export interface AskOptions {
  /** How long a grant lasts, in ms. */
  readonly leaseMs: number;
  /** Refresh also what is still fresh, if nobody does. */
  readonly early: boolean;
  /** Look only: no lease is granted, and nobody waits. */
  readonly lookOnly: boolean;
  /** Be woken when what is awaited has ended. */
  readonly waits: boolean;
}

/** An answer. What its status does not speak of is 0, '' or undefined. */
export interface LeaseAnswer {
  status: LeaseStatus;
  /** The entry, until the next change of the store; 0: none. */
  ref: Ref;
  /** Of `refresh` and `load`; undefined: do not fill, there is no room for another lease. */
  token: string | undefined;
  /** Of a hit: ms until it is stale or gone, -1 for never. Of what is stale: ms since then. */
  ms: number;
  /** Ms left of the lease: of the one granted, or of the one that is waited for. */
  leaseMs: number;
  /** Of `failed`. */
  error: string;
}

/** What leases ask of the store. */
export type LeasedStore = Readonly<Pick<Store, 'now' | 'read' | 'freshUntil' | 'expiry' | 'setLoaded'>>;

export type FillOutcome = 'accepted' | 'refused' | 'too large';

export class LoadLeases {
  /** All that is being loaded or written, or failed a moment ago. */
  readonly records: LeaseRecords;
  readonly #store: LeasedStore;
  readonly #incarnation: string;
  readonly #answer: LeaseAnswer = { status: 'miss', ref: 0, token: undefined, ms: 0, leaseMs: 0, error: '' };

  /** `incarnation` names this start of the process: no other start of any process has the same. */
  constructor(store: LeasedStore, incarnation: string, maxBytes: number, nowMs: number) {
    this.#store = store;
    this.#incarnation = incarnation;
    // Shard and epoch are those of a node alone.
    this.records = new LeaseRecords(`${incarnation}.0.0.`, maxBytes, nowMs);
  }

  /**
   * This node is from now on the primary of this shard at this epoch, or, with zeros, of none. All tokens are void, since another node
   * may have executed deletes in between, and whoever waits is woken, to ask whoever is primary now. Without the write lease a
   * primary goes on granting, so that one loads for all, and its owner lets no fill through.
   */
  serve(shard: number, epoch: number): void {
    this.records.beginAnew(`${this.#incarnation}.${shard}.${epoch}.`);
  }

  // -- asking

  /** Looks a key up and, unless it is there and fresh, says who loads it. The answer is valid until the next one. */
  ask(
    client: LeaseClient,
    db: number,
    key: Block,
    at: number,
    length: number,
    options: AskOptions,
    nowMs: number,
  ): LeaseAnswer {
    const answer = this.#answer;
    const ref = this.#store.read(db, key, at, length);
    answer.ref = ref;
    answer.token = undefined;
    answer.leaseMs = 0;
    answer.error = '';
    const freshMs = ref === 0 ? 0 : this.#freshMs(ref);
    answer.ms = freshMs !== 0 || ref === 0 ? freshMs : this.#store.now - this.#store.freshUntil(ref);
    answer.status = ref === 0 ? 'miss' : freshMs === 0 ? 'stale' : 'hit';
    if (options.lookOnly || (freshMs !== 0 && !options.early)) return answer;
    this.#askForLease(client, leaseId(db, key, at, length), options, nowMs);
    return answer;
  }

  /**
   * A write-through begins: before, the key was deleted and `changed` called. Returns its token; undefined: do not
   * fill, there is no room for another lease.
   */
  askToWrite(
    client: LeaseClient,
    db: number,
    key: Block,
    at: number,
    length: number,
    leaseMs: number,
    nowMs: number,
  ): string | undefined {
    const id = leaseId(db, key, at, length);
    const record = this.records.current(id, nowMs);
    if (record?.state?.kind === 'writing') return this.records.join(record, client, leaseMs, nowMs)?.token;
    if (record !== undefined) this.records.end(record, 'freed');
    return this.records.open(id, 'writing', client, leaseMs, nowMs)?.token;
  }

  // -- what holders do

  /** Stores what was loaded if the token is good, and ends its grant either way. What changed is told by the caller. */
  fill(
    db: number,
    key: Block,
    at: number,
    length: number,
    token: string,
    loaded: Loaded,
    nowMs: number,
  ): FillOutcome {
    const grant = this.#find(db, key, at, length, token);
    if (grant === undefined) return 'refused';
    if (!isGood(grant, nowMs)) {
      this.records.drop(grant);
      return 'refused';
    }
    const outcome = this.put(db, key, at, length, loaded);
    this.records.end(grant.record, outcome === 'accepted' ? 'filled' : 'freed');
    return outcome;
  }

  /** Stores a value whoever loads the key: a write. What changed is told by the caller, and that voids tokens. */
  put(db: number, key: Block, at: number, length: number, loaded: Loaded): FillOutcome {
    const ref = this.#store.setLoaded(db, key, at, length, loaded);
    return ref === 0 ? 'too large' : 'accepted';
  }

  /**
   * The holder could not load. With an error, whoever asks within `errorMs` gets it; without one the next who asks
   * loads. Returns whether the token was good.
   */
  fail(
    db: number,
    key: Block,
    at: number,
    length: number,
    token: string,
    error: string,
    errorMs: number,
    nowMs: number,
  ): boolean {
    const grant = this.#find(db, key, at, length, token);
    if (grant === undefined) return false;
    const good = isGood(grant, nowMs);
    const isShared = good && error !== '' && errorMs > 0 && grant.record.state?.kind === 'loading';
    if (isShared) this.records.fail(grant, error, nowMs + errorMs);
    else this.records.drop(grant);
    return good;
  }

  /** The holder is still at work: its lease lasts `leaseMs` from now. Returns whether its token is still good. */
  renew(
    db: number,
    key: Block,
    at: number,
    length: number,
    token: string,
    leaseMs: number,
    nowMs: number,
  ): boolean {
    const grant = this.#find(db, key, at, length, token);
    if (grant === undefined || grant.endsMs <= nowMs) return false;
    this.records.renew(grant, nowMs + leaseMs);
    return isGood(grant, nowMs);
  }

  // -- what makes tokens void

  /** A command wrote or deleted the key, or deleted it in vain. */
  changed(db: number, key: Block, at: number, length: number): void {
    if (this.records.count === 0) return;
    const record = this.records.get(leaseId(db, key, at, length));
    if (record !== undefined) this.#void(record);
  }

  /** All keys of a database that begin so are deleted, or deleted in vain. Returns how many records became void. */
  changedPrefix(db: number, prefix: Block, at: number, length: number): number {
    const idPrefix = leaseId(db, prefix, at, length);
    let count = 0;
    for (const record of this.records.all()) {
      if (!record.id.startsWith(idPrefix)) continue;
      this.#void(record);
      count++;
    }
    return count;
  }

  /** Database `db`, or every one with -1, is emptied. */
  flushing(db: number): void {
    for (const record of this.records.all()) {
      if (db === ALL_DATABASES || databaseOf(record) === db) this.#void(record);
    }
  }

  /** Two databases change places. */
  swapping(a: number, b: number): void {
    for (const record of this.records.all()) {
      const db = databaseOf(record);
      if (db === a || db === b) this.#void(record);
    }
  }

  // -- inside

  /** Ms until an entry is stale or gone: -1 never, 0 it is stale. */
  #freshMs(ref: Ref): number {
    const store = this.#store;
    const freshUntil = store.freshUntil(ref);
    const expiry = store.expiry(ref);
    if (freshUntil !== 0 && freshUntil <= store.now) return 0;
    if (freshUntil === 0 && expiry === 0) return -1;
    const ends = freshUntil === 0 || (expiry !== 0 && expiry < freshUntil) ? expiry : freshUntil;
    return Math.max(1, ends - store.now);
  }

  #askForLease(client: LeaseClient, id: string, options: AskOptions, nowMs: number): void {
    const answer = this.#answer;
    const isFresh = answer.status === 'hit';
    const record = this.records.current(id, nowMs);
    const state = record?.state;
    if (record === undefined || state === undefined) {
      this.#open(client, id, options.leaseMs, nowMs);
      return;
    }
    if (isFresh) return;
    if (state.kind === 'failed') {
      answer.status = 'failed';
      answer.error = state.error;
      return;
    }
    answer.status = answer.ref === 0 ? 'wait' : 'stale';
    answer.leaseMs = Math.max(1, endOf(state) - nowMs);
    if (options.waits) this.records.waitFor(record, client);
  }

  #open(client: LeaseClient, id: string, leaseMs: number, nowMs: number): void {
    const answer = this.#answer;
    const isFresh = answer.status === 'hit';
    const grant = this.records.open(id, 'loading', client, leaseMs, nowMs);
    // A refresh before its time saves others from waiting; without a right to fill it would save nobody.
    if (grant === undefined && isFresh) return;
    answer.status = answer.ref === 0 ? 'load' : 'refresh';
    if (isFresh) answer.ms = 0;
    if (grant === undefined) return;
    answer.token = grant.token;
    answer.leaseMs = leaseMs;
  }

  #find(db: number, key: Block, at: number, length: number, token: string): Grant | undefined {
    const state = this.records.get(leaseId(db, key, at, length))?.state;
    if (state?.kind === 'loading') return state.grant.token === token ? state.grant : undefined;
    if (state?.kind !== 'writing') return undefined;
    for (const grant of state.grants) if (grant.token === token) return grant;
    return undefined;
  }

  #void(record: LeaseRecord): void {
    if (record.state?.kind === 'writing') record.state.isContended = true;
    else this.records.end(record, 'freed');
  }
}

/** Whether a fill with this grant is accepted. */
function isGood(grant: Grant, nowMs: number): boolean {
  const { state } = grant.record;
  return grant.endsMs > nowMs && !(state?.kind === 'writing' && state.isContended);
}

/** When all grants of a record are over, monotonic ms. */
function endOf(state: Exclude<LeaseState, { kind: 'failed' }>): number {
  if (state.kind === 'loading') return state.grant.endsMs;
  let endsMs = 0;
  for (const grant of state.grants) endsMs = Math.max(endsMs, grant.endsMs);
  return endsMs;
}
