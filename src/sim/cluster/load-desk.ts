/**
 * The load leases of a simulated node: the real ones (src/store/load-leases.ts), over a store that is a map. Here is what a node in a
 * cluster adds to them:
 *
 *   another shard or epoch, or no primary any more   ─> all tokens are void, and whoever waits is woken
 *   without the write lease                           ─> it grants all the same, and lets no fill through
 *   a write or a delete of the key                     ─> its token is void
 */
import { Block, byteString } from '../../base/index.js';
import type { NodeId, Shard } from '../../ring/index.js';
import { LeaseClient, type LeasedStore, LoadLeases } from '../../store/index.js';
import type { HostClocks } from '../program.js';
import type { ClusterFact } from './facts.js';
import type { MapStore } from './map-store.js';
import type { ClientAnswer } from './wire.js';

/** Rules that can be left out. */
export const LOAD_MUTANTS = [
  'fills-without-token',
  'tokens-survive-epoch',
  'cut-off-fills',
  'delete-keeps-token',
  'load-lease-never-ends',
  'waiters-of-epoch-forgotten',
] as const;

/** Shorter than in life, so that loads outlive it. */
export const LOAD_LEASE_MS = 2_000;
/** Far more than there are keys. */
const RECORD_BYTES = 1024 * 1024;

/** Where the desk tells what it does. */
export interface DeskEffects {
  report(fact: ClusterFact): void;
  say(client: NodeId, answer: ClientAnswer): void;
}

/** A client, and its question about each key that it waits for. */
class Reader extends LeaseClient {
  readonly node: NodeId;
  readonly waits = new Map<string, number>();

  constructor(node: NodeId) {
    super();
    this.node = node;
  }
}

export class LoadDesk {
  readonly #leases: LoadLeases;
  readonly #mutants: ReadonlySet<string>;
  readonly #readers = new Map<NodeId, Reader>();
  #shard = 0;
  #epoch = 0;
  #effects: DeskEffects | undefined;

  constructor(store: MapStore, life: string, mutants: ReadonlySet<string>, { monotonicMs }: HostClocks) {
    this.#mutants = mutants;
    this.#leases = new LoadLeases(leasedStore(store), life, RECORD_BYTES, monotonicMs);
    this.#leases.records.onWake = (client, _db, key) => this.#wake(client as Reader, key);
  }

  /** The node is primary of this shard at its epoch, or of none. */
  serve(shard: Shard | undefined, effects: DeskEffects): void {
    const { id, epoch } = shard ?? { id: 0, epoch: 0 };
    if (id === this.#shard && epoch === this.#epoch) return;
    this.#shard = id;
    this.#epoch = epoch;
    if (this.#mutants.has('tokens-survive-epoch')) return;
    this.#effects = this.#mutants.has('waiters-of-epoch-forgotten') ? undefined : effects;
    this.#leases.serve(id, epoch);
    this.#effects = undefined;
  }

  /** Nothing is there under this key: who loads it? */
  ask(
    client: NodeId,
    id: number,
    key: string,
    { monotonicMs }: HostClocks,
    effects: DeskEffects,
  ): ClientAnswer {
    this.#effects = effects;
    const reader = this.#readerOf(client);
    const block = Block.of(key);
    const leaseMs = this.#mutants.has('load-lease-never-ends') ? 100 * LOAD_LEASE_MS : LOAD_LEASE_MS;
    const options = { leaseMs, early: false, lookOnly: false, waits: true };
    const answer = this.#leases.ask(reader, 0, block, 0, block.bytes.length, options, monotonicMs);
    if (answer.token !== undefined) {
      effects.report({ kind: 'granted', key, token: answer.token, endsMs: monotonicMs + LOAD_LEASE_MS });
      return { kind: 'client/granted', id, token: answer.token };
    }
    // Whoever asks again waits with the new question.
    const before = reader.waits.get(key);
    if (before !== undefined) this.#tellWoken(reader, before, effects);
    reader.waits.set(key, id);
    const [shard, epoch, endsMs] = [this.#shard, this.#epoch, monotonicMs + answer.leaseMs];
    effects.report({ kind: 'waits', client, id, shard, epoch, endsMs });
    return { kind: 'client/wait', id };
  }

  /** Whether a fill is let through; its write is to be executed then. `isUnderLease`: the write lease. */
  fill(
    key: string,
    token: string,
    isUnderLease: boolean,
    { monotonicMs }: HostClocks,
    effects: DeskEffects,
  ): boolean {
    this.#effects = effects;
    const block = Block.of(key);
    const { length } = block.bytes;
    let isAccepted: boolean;
    if (isUnderLease || this.#mutants.has('cut-off-fills')) {
      const loaded = { value: block, at: 0, length: 0, expiry: 0, freshUntil: 0, loadMs: 0, isAbsent: false };
      const outcome = this.#leases.fill(0, block, 0, length, token, loaded, monotonicMs);
      isAccepted = outcome === 'accepted' || this.#mutants.has('fills-without-token');
    } else {
      this.#leases.fail(0, block, 0, length, token, '', 0, monotonicMs);
      isAccepted = false;
    }
    if (isAccepted) effects.report({ kind: 'filled', key, token, monotonicMs });
    return isAccepted;
  }

  /** The key was written, or deleted, also in vain. */
  changed(key: string, isDelete: boolean, effects: DeskEffects): void {
    if (isDelete && this.#mutants.has('delete-keeps-token')) return;
    this.#effects = effects;
    const block = Block.of(key);
    this.#leases.changed(0, block, 0, block.bytes.length);
  }

  tick({ monotonicMs }: HostClocks, effects: DeskEffects): void {
    this.#effects = effects;
    this.#leases.records.advance(monotonicMs);
  }

  #readerOf(client: NodeId): Reader {
    let reader = this.#readers.get(client);
    if (reader === undefined) {
      reader = new Reader(client);
      this.#readers.set(client, reader);
    }
    return reader;
  }

  #wake(reader: Reader, key: string): void {
    const id = reader.waits.get(key);
    reader.waits.delete(key);
    if (id !== undefined && this.#effects !== undefined) this.#tellWoken(reader, id, this.#effects);
  }

  #tellWoken({ node }: Reader, id: number, effects: DeskEffects): void {
    effects.report({ kind: 'woken', client: node, id });
    effects.say(node, { kind: 'client/woken', id });
  }
}

/** Entries without lifetimes. Fills are executed by the node, as its other writes are. */
function leasedStore(store: MapStore): LeasedStore {
  return {
    now: 0,
    read: (_database, key, at, length) => (store.entries.has(byteString(key, at, length)) ? 1 : 0),
    freshUntil: () => 0,
    expiry: () => 0,
    setLoaded: () => 1,
  };
}
