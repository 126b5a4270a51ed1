import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString, KeyHash, Random } from '../base/index.js';
import { type Ref, Store } from './index.js';
import { type Operation, operations, type Shape } from './store-operations.testkit.js';

/**
 * The store against a naive Map at tiny sizes, so that pages fill, cells move, the index splits and merges,
 * and eviction happens at once. After every step all structures are verified, the contents are those of the
 * Map, and whatever was evicted was the oldest.
 */
/** More by `RUNS=5000`. */
const RUNS = Number(process.env['RUNS'] ?? 150);

interface ModelEntry {
  value: string;
  expiry: number;
  freshUntil: number;
  load: number;
  isAbsent: boolean;
}

const PLAIN = { freshUntil: 0, load: 0, isAbsent: false };

class World {
  readonly store: Store;
  /** From 'db/key' to entry, the oldest first. */
  readonly model = new Map<string, ModelEntry>();
  readonly shape: Shape;
  now = 1000;
  writes = 0;
  evictions = 0;
  evictionsBefore = 0;

  constructor(shape: Shape) {
    this.shape = shape;
    this.store = new Store({
      maxBytes: shape.pages * (shape.pageBytes + 15),
      pageBytes: shape.pageBytes,
      chunkBytes: shape.chunkBytes,
      hash: new KeyHash(1, 2),
      random: new Random(7),
      slots: shape.databases === 1,
      firstPage: shape.firstPage,
    });
    this.store.onRemove = (ref, reason) => this.removed(ref, reason);
  }

  key(index: number): Block {
    return Block.of(
      `k${index}`.padEnd(this.shape.longKeys && index % 3 === 0 ? 40 + (index % 7) * 60 : 2, '-'),
    );
  }

  name(db: number, key: string): string {
    return `${db}/${key}`;
  }

  nameOf(ref: Ref): string {
    const key = Block.ofLength(this.store.keyLength(ref));
    this.store.copyKey(ref, key, 0);
    return this.name(this.store.database(ref), byteString(key, 0, key.bytes.length));
  }

  valueOf(ref: Ref): string {
    const value = Block.ofLength(this.store.valueLength(ref));
    this.store.copyValue(ref, 0, value.bytes.length, value, 0);
    return byteString(value, 0, value.bytes.length);
  }

  removed(ref: Ref, reason: string): void {
    const name = this.nameOf(ref);
    const entry = this.model.get(name);
    assert.ok(entry, `what goes is known: ${name}`);
    if (reason === 'expired') {
      assert.ok(entry.expiry !== 0 && entry.expiry < this.now, 'what is reported as expired is');
    } else {
      this.evictions++;
      const oldest = this.model.keys().next().value;
      assert.equal(name, oldest, 'the oldest is evicted');
    }
    this.model.delete(name);
  }

  live(name: string): ModelEntry | undefined {
    const entry = this.model.get(name);
    return entry && (entry.expiry === 0 || entry.expiry >= this.now) ? entry : undefined;
  }

  toFront(name: string, entry: ModelEntry): void {
    this.model.delete(name);
    this.model.set(name, entry);
  }

  locate(db: number, key: Block): Ref {
    return this.store.find(db, key, 0, key.bytes.length);
  }

  run(op: Operation): void {
    const { store } = this;
    store.now = this.now;
    this.evictionsBefore = this.evictions;
    switch (op.kind) {
      case 'wait':
        this.now += op.ms;
        return;
      case 'sample':
        store.expireSome(() => false);
        return;
      case 'reclaim':
        while (store.reclaim());
        assert.ok(store.usedBytes <= store.maxBytes, 'a budget is reached');
        return;
      case 'budget':
        store.setMaxBytes(op.pages * (this.shape.pageBytes + 15));
        store.setExternalBytes(op.external);
        return;
      case 'flushAll':
        store.flushAll();
        this.model.clear();
        return;
      case 'flush':
        store.flush(op.db);
        for (const name of [...this.model.keys()]) if (name.startsWith(`${op.db}/`)) this.model.delete(name);
        return;
      case 'swap':
        this.swap(op.db, op.to);
        return;
      case 'walk':
        this.walk();
        return;
      default:
        this.runOnKey(op);
    }
  }

  runOnKey(op: Extract<Operation, { key: number }>): void {
    const { store } = this;
    const key = this.key(op.key);
    const text = byteString(key, 0, key.bytes.length);
    const name = this.name(op.db, text);
    const entry = this.live(name);
    if (op.kind === 'set' || op.kind === 'load') {
      const value = this.fresh(op.length);
      const expiry = op.ttl === 0 ? 0 : this.now + op.ttl;
      const held = this.model.get(name);
      if (held && this.live(name) === undefined) this.locate(op.db, key);
      const order = [...this.model];
      this.model.delete(name);
      const attributes =
        op.kind === 'set'
          ? PLAIN
          : { freshUntil: expiry - 1, load: this.writes, isAbsent: this.writes % 2 === 1 };
      const { freshUntil, load, isAbsent } = attributes;
      const loaded = {
        value,
        at: 0,
        length: op.length,
        expiry,
        freshUntil,
        loadMs: load,
        isAbsent,
      };
      const ref =
        op.kind === 'set'
          ? store.set(op.db, key, 0, text.length, value, 0, op.length, expiry)
          : store.setLoaded(op.db, key, 0, text.length, loaded);
      if (ref === 0) this.refused(op.length, order);
      else this.toFront(name, { value: byteString(value, 0, op.length), expiry, ...attributes });
      return;
    }
    const ref = op.kind === 'read' ? store.read(op.db, key, 0, text.length) : this.locate(op.db, key);
    assert.equal(ref !== 0, entry !== undefined, `presence of ${name}`);
    if (ref === 0 || entry === undefined) return;
    assert.equal(this.valueOf(ref), entry.value);
    assert.equal(store.expiry(ref), entry.expiry);
    assert.equal(store.freshUntil(ref), entry.freshUntil);
    assert.equal(store.loadMs(ref), entry.load);
    assert.equal(store.isAbsent(ref), entry.isAbsent);
    const version = store.version(ref);
    this.change(op, ref, name, entry);
    if (op.kind === 'read' || op.kind === 'find' || op.kind === 'remove') return;
    const after = this.locate(op.db, key);
    if (after !== 0 && op.kind !== 'copy' && this.model.get(name) !== undefined) {
      assert.ok(store.version(after) > version, 'a change has a version of its own');
    }
  }

  change(op: Extract<Operation, { key: number }>, ref: Ref, name: string, entry: ModelEntry): void {
    const { store } = this;
    switch (op.kind) {
      case 'read':
        this.toFront(name, entry);
        return;
      case 'remove':
        this.model.delete(name);
        store.remove(ref);
        return;
      case 'expire': {
        const expiry = op.ttl === 0 ? 0 : this.now + op.ttl;
        this.toFront(name, entry);
        assert.notEqual(store.setExpiry(ref, expiry), 0);
        entry.expiry = expiry;
        return;
      }
      case 'soften':
        this.toFront(name, entry);
        assert.notEqual(store.setFreshUntil(ref, this.now + op.ttl), 0);
        entry.freshUntil = this.now + op.ttl;
        return;
      case 'resize': {
        const before = entry.value;
        const order = [...this.model];
        this.toFront(name, entry);
        const to = store.resizeValue(ref, op.length);
        if (to === 0) this.refused(op.length, order);
        else {
          entry.value = before.slice(0, op.length).padEnd(op.length, '\0');
          entry.isAbsent = false;
        }
        return;
      }
      case 'write': {
        const at = Math.min(op.at, entry.value.length);
        const length = Math.min(op.length, entry.value.length - at);
        const bytes = this.fresh(length);
        store.writeValue(ref, at, bytes, 0, length);
        entry.value =
          entry.value.slice(0, at) + byteString(bytes, 0, length) + entry.value.slice(at + length);
        entry.isAbsent = false;
        this.toFront(name, entry);
        return;
      }
      case 'copy':
        this.copy(ref, name, entry, op.toDb, this.key(op.to));
        return;
      default:
        return;
    }
  }

  /** A change that was refused leaves everything as it was. */
  refused(length: number, order: [string, ModelEntry][]): void {
    assert.ok(length > this.shape.pageBytes * 2, 'only what is large does not fit');
    assert.equal(this.evictions, this.evictionsBefore, 'nothing is evicted for what does not fit');
    this.model.clear();
    for (const [name, entry] of order) this.model.set(name, entry);
  }

  copy(ref: Ref, name: string, entry: ModelEntry, db: number, key: Block): void {
    const text = byteString(key, 0, key.bytes.length);
    const target = this.name(db, text);
    if (target === name) return;
    this.locate(db, key);
    const order = [...this.model];
    this.model.delete(target);
    this.toFront(name, entry);
    const to = this.store.copyEntry(ref, db, key, 0, text.length);
    if (to === 0) {
      this.refused(entry.value.length, order);
      return;
    }
    assert.equal(this.nameOf(to), target);
    this.toFront(target, { ...entry });
  }

  swap(a: number, b: number): void {
    this.store.swap(a, b);
    const entries = [...this.model];
    this.model.clear();
    for (const [name, entry] of entries) {
      const [db, key] = name.split('/') as [string, string];
      const swapped = Number(db) === a ? b : Number(db) === b ? a : Number(db);
      this.model.set(this.name(swapped, key), entry);
    }
  }

  walk(): void {
    for (let db = 0; db < this.shape.databases; db++) {
      const seen = new Set<string>();
      let cursor = 0;
      do {
        cursor = this.store.scan(db, cursor, (ref) => {
          const name = this.nameOf(ref);
          assert.ok(!seen.has(name), 'a walk visits nothing twice');
          seen.add(name);
        });
      } while (cursor !== 0);
      const expected = [...this.model.keys()].filter((name) => name.startsWith(`${db}/`) && this.live(name));
      assert.deepEqual([...seen].sort(), expected.sort());
      const random = this.store.random(db);
      if (random === 0) assert.equal(expected.length, 0);
      else assert.ok(seen.has(this.nameOf(random)));
    }
  }

  fresh(length: number): Block {
    const block = Block.ofLength(length);
    this.writes++;
    for (let i = 0; i < length; i++) block.bytes[i] = this.writes * 31 + i * 7;
    return block;
  }

  check(): void {
    this.store.verify();
    let total = 0;
    for (let db = 0; db < this.shape.databases; db++) total += this.store.count(db);
    assert.equal(total, this.model.size, 'the store holds what the model holds');
  }
}

function check(shape: Shape, ops: readonly Operation[]): World {
  const world = new World(shape);
  for (const op of ops) {
    world.run(op);
    world.check();
  }
  return world;
}

function naive(title: string, shape: Omit<Shape, 'pages'>, runs: number): void {
  test(`the store is a naive map with strict LRU (${title})`, () => {
    let evictions = 0;
    let moved = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: 28 }),
        fc.array(operations(shape), { minLength: 1, maxLength: 300, size: 'max' }),
        (pages, ops) => {
          const world = check({ ...shape, pages }, ops);
          evictions += world.evictions;
          moved += world.store.cellsMoved;
        },
      ),
      { numRuns: runs, seed: 42, includeErrorInReport: true },
    );
    assert.ok(evictions > 100, `the runs evict (${evictions})`);
    assert.ok(moved > 20, `the runs move cells (${moved})`);
  });
}

const tiny = { chunkBytes: 4096, firstPage: 1, longKeys: false, databases: 1 };
naive('pages of 256 bytes', { ...tiny, pageBytes: 256 }, RUNS);
naive('pages of 1 KB', { ...tiny, pageBytes: 1024 }, RUNS);
naive('three databases', { ...tiny, pageBytes: 256, databases: 3 }, RUNS);
naive('long keys', { ...tiny, pageBytes: 1024, databases: 3, longKeys: true }, RUNS);

const pageBytes = 64 * 1024;
const beforeSignBit = (16 * 2 ** 30) / pageBytes - 8;
const high = { pageBytes, chunkBytes: 64 * 2 ** 20, firstPage: beforeSignBit, longKeys: false, databases: 1 };
naive('addresses across 16 GiB', high, Math.ceil(RUNS / 8));
