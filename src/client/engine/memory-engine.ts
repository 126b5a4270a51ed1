/**
 * The engine over memory of this process: for tests, and for programs that need no server.
 *
 *   const memory = new CacheMemory({ maxBytes: 16 * 2 ** 20 });
 *   new MemoryEngine(memory, options, host)      each is a client of its own, as if it were in another process
 *
 * It keeps every promise of the port with the parts of a node, so a cache behaves alike over both. Calls are answered at
 * once, their promises a turn of the microtasks later; deadlines never pass.
 */
import { Block } from '../../base/index.js';
import type { LeaseAnswer, Ref } from '../../store/index.js';
import { ClientError } from '../errors.js';
import type { Serializer } from '../serializer.js';
import { type CacheMemory, keyBlock, MemoryClient } from './cache-memory.js';
import {
  type Answer,
  type Engine,
  type EngineHost,
  type EngineOptions,
  type Payload,
  type Reading,
  type ReadMode,
  readOf,
} from './engine.js';
import { decodeValue, newAnswer } from './lease-reply.js';

const DB = 0;
/** Of an error that is shared, so many chars are kept. */
const MAX_ERROR_CHARS = 1_024;

export class MemoryEngine implements Engine {
  readonly description: string;
  readonly #memory: CacheMemory;
  readonly #client: MemoryClient;
  readonly #serializer: Serializer;
  readonly #leaseMs: number;
  #closed: ClientError | undefined;

  constructor(memory: CacheMemory, options: EngineOptions, host: EngineHost) {
    const { serializer, leaseMs, tracks, node = 0 } = options;
    this.description = `${memory.maxBytes} bytes of memory in this process`;
    this.#memory = memory;
    this.#serializer = serializer;
    this.#leaseMs = leaseMs;
    this.#client = new MemoryClient(host, tracks, node);
    memory.join(this.#client);
    // As a connection does, not from within the constructor.
    queueMicrotask(() => {
      if (this.#closed === undefined) host.reachable(undefined, node);
    });
  }

  nodeOf(): number {
    return this.#client.node;
  }

  homeOf(): number {
    return this.nodeOf();
  }

  ready(): Promise<void> {
    return this.#closed === undefined ? Promise.resolve() : Promise.reject(this.#closed);
  }

  read<R>(key: string, mode: ReadMode, _deadlineMs: number, reading: Reading<R>): Promise<R> {
    const asked = this.#run(() => {
      const block = keyBlock(key);
      const options = {
        leaseMs: this.#leaseMs,
        early: mode === 'early',
        lookOnly: mode === 'look',
        waits: true,
      };
      const { leases, time } = this.#memory;
      return this.#answer(leases.ask(this.#client, DB, block, 0, block.bytes.length, options, time.now()));
    });
    return readOf(asked, reading);
  }

  fill(key: string, token: string, payload: Payload): Promise<boolean> {
    return this.#run(() => {
      const block = keyBlock(key);
      const { leases, time } = this.#memory;
      const loaded = this.#loaded(payload);
      const outcome = leases.fill(DB, block, 0, block.bytes.length, token, loaded, time.now());
      if (outcome === 'too large') throw tooLarge(key, loaded.length);
      if (outcome === 'accepted') this.#memory.changed(this.#client, key, block, true);
      return outcome === 'accepted';
    });
  }

  fail(key: string, token: string, error: string, errorMs: number): Promise<boolean> {
    return this.#run(() => {
      const block = keyBlock(key);
      const { leases, time } = this.#memory;
      const shared = error.slice(0, MAX_ERROR_CHARS);
      return leases.fail(DB, block, 0, block.bytes.length, token, shared, errorMs, time.now());
    });
  }

  renew(key: string, token: string): Promise<boolean> {
    return this.#run(() => {
      const block = keyBlock(key);
      const { leases, time } = this.#memory;
      return leases.renew(DB, block, 0, block.bytes.length, token, this.#leaseMs, time.now());
    });
  }

  put(key: string, payload: Payload): Promise<void> {
    return this.#run(() => {
      const block = keyBlock(key);
      const loaded = this.#loaded(payload);
      const outcome = this.#memory.leases.put(DB, block, 0, block.bytes.length, loaded);
      if (outcome !== 'accepted') throw tooLarge(key, loaded.length);
      this.#memory.changed(this.#client, key, block, true);
    });
  }

  remove(key: string): Promise<boolean> {
    return this.#run(() => {
      const block = keyBlock(key);
      return this.#remove(key, block);
    });
  }

  soften(key: string): Promise<boolean> {
    return this.#run(() => {
      const block = keyBlock(key);
      const { store } = this.#memory;
      const ref = store.find(DB, block, 0, block.bytes.length);
      const freshUntil = ref === 0 ? 0 : store.freshUntil(ref);
      const isFresh = ref !== 0 && (freshUntil === 0 || freshUntil > store.now);
      // An entry too large for its attributes is not kept at all.
      if (isFresh && store.setFreshUntil(ref, store.now) === 0) {
        store.remove(store.find(DB, block, 0, block.bytes.length));
      }
      this.#memory.changed(this.#client, key, block, ref !== 0);
      return ref !== 0;
    });
  }

  beginWrite(key: string): Promise<string | undefined> {
    return this.#run(() => {
      const block = keyBlock(key);
      this.#remove(key, block);
      const { leases, time } = this.#memory;
      const { length } = block.bytes;
      return leases.askToWrite(this.#client, DB, block, 0, length, this.#leaseMs, time.now());
    });
  }

  clear(prefix: string): Promise<number> {
    return this.#run(() => {
      const wanted = keyBlock(prefix).bytes as Buffer;
      const { leases, store } = this.#memory;
      leases.changedPrefix(DB, new Block(wanted), 0, wanted.length);
      let deleted = 0;
      let cursor = 0;
      do {
        const found: Block[] = [];
        cursor = store.scan(DB, cursor, (ref) => {
          const key = this.#keyOf(ref);
          if (key.subarray(0, wanted.length).equals(wanted)) found.push(new Block(key));
        });
        for (const key of found) if (this.#remove((key.bytes as Buffer).toString('utf8'), key)) deleted++;
      } while (cursor !== 0);
      return deleted;
    });
  }

  close(): void {
    if (this.#closed !== undefined) return;
    this.#closed = new ClientError('CLOSED', 'this engine was closed');
    this.#memory.leave(this.#client);
  }

  async #run<T>(work: () => T): Promise<T> {
    if (this.#closed !== undefined) throw this.#closed;
    return this.#memory.run(work);
  }

  #remove(key: string, block: Block): boolean {
    const { store } = this.#memory;
    const ref = store.find(DB, block, 0, block.bytes.length);
    if (ref !== 0) store.remove(ref);
    this.#memory.changed(this.#client, key, block, ref !== 0);
    return ref !== 0;
  }

  #keyOf(ref: Ref): Buffer {
    const { store } = this.#memory;
    const key = Buffer.allocUnsafe(store.keyLength(ref));
    store.copyKey(ref, new Block(key), 0);
    return key;
  }

  #loaded({ data, ttlMs, freshMs, loadMs, isAbsent }: Payload) {
    const value = new Block(typeof data === 'string' ? Buffer.from(data, 'utf8') : data);
    const { now } = this.#memory.store;
    const until = (ms: number): number =>
      ms === Number.POSITIVE_INFINITY ? 0 : now + Math.max(1, Math.round(ms));
    const freshUntil = freshMs < ttlMs ? until(freshMs) : 0;
    const loaded = { value, at: 0, length: value.bytes.length, expiry: until(ttlMs), freshUntil };
    return { ...loaded, loadMs: Math.round(loadMs), isAbsent };
  }

  #answer({ status, ref, token, ms, leaseMs, error }: LeaseAnswer): Answer {
    const { host, node } = this.#client;
    const { store } = this.#memory;
    const isThere = ref !== 0;
    const isValue = isThere && !store.isAbsent(ref);
    const bytes = isValue ? store.valueLength(ref) : 0;
    const value = isValue ? this.#value(ref, bytes) : undefined;
    const left = ms < 0 ? Number.POSITIVE_INFINITY : ms;
    const loadMs = isThere ? store.loadMs(ref) : 0;
    const ticket = host.drawTicket(node);
    return newAnswer(
      status,
      isThere,
      value,
      bytes,
      left,
      loadMs,
      token,
      leaseMs,
      error,
      ticket,
      node,
      undefined,
    );
  }

  #value(ref: Ref, length: number): unknown {
    const { store } = this.#memory;
    const piece = store.valuePiece(ref);
    if (piece !== undefined)
      return decodeValue(this.#serializer, piece, store.valueStart(ref), length, false);
    const copy = Block.ofLength(length);
    store.copyValue(ref, 0, length, copy, 0);
    return decodeValue(this.#serializer, copy, 0, length, true);
  }
}

function tooLarge(key: string, length: number): ClientError {
  const message = `the value of '${key}', ${length} bytes, does not fit into the memory; raise maxBytes, or store less`;
  return new ClientError('TOO_LARGE', message);
}
