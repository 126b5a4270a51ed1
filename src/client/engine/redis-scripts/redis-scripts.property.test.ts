import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString, KeyHash, Random } from '../../../base/index.js';
import { LeaseClient, LoadLeases, Store } from '../../../store/index.js';
import { onEachServer } from '../redis-server.testkit.js';
import { ScriptsInTime, START_MS } from './scripts-in-time.testkit.js';

/**
 * Random interleavings of clients that read, load, write, delete and wait, and of strangers who know no leases: the scripts
 * answer every one of them as the load leases of a node do.
 */
const KEYS = 3;
const RUNS = Number(process.env['RUNS'] ?? 150);
const MAX_WRITERS = 64;

type Operation =
  | { kind: 'read'; key: number; mode: 'lease' | 'early' | 'look'; leaseMs: number }
  | { kind: 'write'; key: number; leaseMs: number }
  | { kind: 'fill' | 'fail' | 'renew'; grant: number; ms: number; entry: Entry }
  | { kind: 'put'; key: number; entry: Entry }
  | { kind: 'soften' | 'remove' | 'watch'; key: number }
  | { kind: 'foreign DEL' | 'foreign SET'; key: number }
  | { kind: 'foreign PEXPIRE'; key: number; ms: number }
  | { kind: 'foreign FLUSHALL' }
  | { kind: 'wait'; ms: number };

interface Entry {
  readonly ttl: number;
  readonly fresh: number;
  readonly load: number;
  readonly isAbsent: boolean;
}

/** A grant, as the node names it and as the scripts do. */
interface Given {
  readonly key: string;
  readonly theirs: string;
  readonly ours: string;
}

/** The node's load leases, answering in the words of the scripts. */
class Model {
  readonly store = new Store({ maxBytes: 2 ** 20, hash: new KeyHash(1, 2), random: new Random(3) });
  readonly leases = new LoadLeases(this.store, 'aa', 2 ** 20, START_MS);
  readonly client = new LeaseClient();
  nowMs = START_MS;

  constructor() {
    this.store.now = START_MS;
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.store.now = this.nowMs;
    this.leases.records.advance(this.nowMs);
  }

  ref(key: string): number {
    return this.store.read(0, Block.of(key), 0, key.length);
  }

  read(key: string, mode: string, leaseMs: number): { reply: unknown[]; token: string | undefined } {
    const options = { leaseMs, early: mode === 'early', lookOnly: mode === 'look', waits: false };
    const answer = this.leases.ask(this.client, 0, Block.of(key), 0, key.length, options, this.nowMs);
    const { status, ref, ms, leaseMs: left, error, token } = answer;
    const entry = ref === 0 ? [] : [this.value(ref), ms, this.store.loadMs(ref)];
    const rest: Record<string, unknown[]> = {
      hit: entry,
      refresh: [...entry, 'TOKEN'],
      stale: [...entry, left],
      load: ['TOKEN', left],
      wait: [left],
      failed: [error, ...entry],
      miss: [],
    };
    return { reply: [status, ...(rest[status] ?? [])], token };
  }

  value(ref: number): string | null {
    if (this.store.isAbsent(ref)) return null;
    const read = Block.ofLength(this.store.valueLength(ref));
    this.store.copyValue(ref, 0, read.bytes.length, read, 0);
    return byteString(read, 0, read.bytes.length);
  }

  loaded(value: string, { ttl, fresh, load, isAbsent }: Entry) {
    const until = (ms: number): number => (ms === 0 ? 0 : this.nowMs + ms);
    const times = { expiry: until(ttl), freshUntil: until(fresh), loadMs: load, isAbsent };
    return { value: Block.of(value), at: 0, length: value.length, ...times };
  }

  changed(key: string): void {
    this.leases.changed(0, Block.of(key), 0, key.length);
  }

  /** What a stranger does to a key takes its writers off the record too: the record is the key. */
  strange(key: string): void {
    this.changed(key);
    const record = this.leases.records.get(`\0${key}`);
    if (record !== undefined) this.leases.records.end(record, 'freed');
  }

  /** Whether anybody loads or writes the key, or an error is shared. */
  leaseMs(key: string): number {
    const state = this.leases.records.current(`\0${key}`, this.nowMs)?.state;
    if (state === undefined) return 0;
    if (state.kind === 'loading') return state.grant.endsMs - this.nowMs;
    if (state.kind === 'failed') return -1;
    return Math.max(...[...state.grants].map(({ endsMs }) => endsMs)) - this.nowMs;
  }
}

class World {
  readonly model = new Model();
  readonly given: Given[] = [];
  readonly at: ScriptsInTime;
  accepted = 0;
  refused = 0;

  constructor(at: ScriptsInTime) {
    this.at = at;
    at.nowMs = START_MS;
  }

  async run(op: Operation): Promise<void> {
    const { at, model } = this;
    const key = 'key' in op ? `k${op.key}` : '';
    switch (op.kind) {
      case 'wait':
        model.pass(op.ms);
        return at.pass(op.ms, 'k0', 'k1', 'k2');
      case 'read':
        return this.read(key, op.mode, op.leaseMs);
      case 'write':
        return this.write(key, op.leaseMs);
      case 'fill':
      case 'fail':
      case 'renew':
        return this.use(op);
      case 'put': {
        const { ttl, fresh, load, isAbsent } = op.entry;
        await at.run('put', key, 'put', ttl, fresh, load, isAbsent ? 1 : 0);
        model.leases.put(0, Block.of(key), 0, 2, model.loaded('put', op.entry));
        model.changed(key);
        return;
      }
      case 'watch':
        assert.equal(await at.run('watch', key), Math.max(0, model.leaseMs(key)));
        return;
      case 'soften':
      case 'remove':
        return this.invalidate(op.kind, key);
      default:
        return this.strange(op, key);
    }
  }

  async read(key: string, mode: string, leaseMs: number): Promise<void> {
    const ours = `t.${this.given.length}`;
    const reply = (await this.at.read(key, mode, ours, leaseMs)) as unknown[];
    const expected = this.model.read(key, mode, leaseMs);
    assert.deepEqual(
      reply.map((item) => (item === ours ? 'TOKEN' : item)),
      expected.reply,
    );
    if (expected.token !== undefined) this.given.push({ key, theirs: expected.token, ours });
  }

  async write(key: string, leaseMs: number): Promise<void> {
    const { model } = this;
    const ours = `t.${this.given.length}`;
    const reply = await this.at.run('beginWrite', key, ours, leaseMs, MAX_WRITERS);
    assert.deepEqual(reply, ['load', ours, leaseMs]);
    const ref = model.ref(key);
    if (ref !== 0) model.store.remove(ref);
    model.changed(key);
    const theirs = model.leases.askToWrite(model.client, 0, Block.of(key), 0, 2, leaseMs, model.nowMs);
    assert.ok(theirs !== undefined, 'there is room');
    this.given.push({ key, theirs, ours });
  }

  async use(op: Extract<Operation, { kind: 'fill' | 'fail' | 'renew' }>): Promise<void> {
    const { at, model } = this;
    // Mostly one of the last.
    const one = this.given.at(-1 - (op.grant % Math.max(1, this.given.length)));
    if (one === undefined) return;
    const { key, ours, theirs } = one;
    const { leases, nowMs } = model;
    const block = Block.of(key);
    if (op.kind === 'renew') {
      const good = leases.renew(0, block, 0, 2, theirs, op.ms + 1, nowMs);
      assert.equal(await at.run('renew', key, ours, op.ms + 1), good ? 1 : 0);
    } else if (op.kind === 'fail') {
      const error = op.ms % 3 === 0 ? '' : `no ${ours}`;
      const good = leases.fail(0, block, 0, 2, theirs, error, op.ms, nowMs);
      assert.equal(await at.run('fail', key, ours, error, op.ms), good ? 1 : 0);
    } else {
      const outcome = leases.fill(0, block, 0, 2, theirs, model.loaded(ours, op.entry), nowMs);
      const { ttl, fresh, load, isAbsent } = op.entry;
      const filled = await at.fill(key, ours, ours, ttl, fresh, load, isAbsent ? 1 : 0);
      assert.equal(filled, outcome === 'accepted' ? 1 : 0);
      if (filled === 1) this.accepted++;
      else this.refused++;
    }
  }

  async invalidate(kind: 'soften' | 'remove', key: string): Promise<void> {
    const { model } = this;
    const ref = model.ref(key);
    assert.equal(await this.at.run(kind, key), ref === 0 ? 0 : 1);
    const fresh = ref === 0 ? 0 : model.store.freshUntil(ref);
    if (ref !== 0 && kind === 'remove') model.store.remove(ref);
    else if (ref !== 0 && (fresh === 0 || fresh > model.nowMs)) model.store.setFreshUntil(ref, model.nowMs);
    model.changed(key);
  }

  async strange(op: Extract<Operation, { kind: `foreign ${string}` }>, key: string): Promise<void> {
    const { at, model } = this;
    const ref = key === '' ? 0 : model.ref(key);
    if (op.kind === 'foreign FLUSHALL') {
      await at.call('FLUSHALL');
      model.leases.flushing(-1);
      for (const record of model.leases.records.all()) model.leases.records.end(record, 'freed');
      model.store.flushAll();
    } else if (op.kind === 'foreign PEXPIRE') {
      // Of a key with a lease the lifetime is not the entry's alone.
      if (ref === 0 || model.leaseMs(key) !== 0) return;
      const expiry = model.store.expiry(ref);
      const end = model.nowMs + op.ms;
      if (expiry !== 0 && expiry <= end) return;
      await at.call('PEXPIREAT', key, end);
      model.store.setExpiry(ref, end);
    } else {
      if (op.kind === 'foreign DEL') {
        await at.call('DEL', key);
        if (ref !== 0) model.store.remove(ref);
      } else {
        await at.call('SET', key, 'set');
        model.store.set(0, Block.of(key), 0, 2, Block.of('set'), 0, 3, 0);
      }
      model.strange(key);
    }
  }
}

const key = fc.nat(KEYS - 1);
const leaseMs = fc.integer({ min: 1, max: 200 });
const ms = fc.nat(100);
const entry = fc.record({
  ttl: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 150 })),
  fresh: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 80 })),
  load: fc.nat(3),
  isAbsent: fc.boolean(),
});
const of = <K extends Operation['kind']>(...kinds: K[]) => fc.constantFrom(...kinds);
const mode = fc.constantFrom('lease', 'lease', 'early', 'look');
const grant = fc.oneof(fc.nat(3), fc.nat(30));
const operation = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: of('read'), key, mode, leaseMs }) },
  { weight: 3, arbitrary: fc.record({ kind: of('write'), key, leaseMs }) },
  { weight: 9, arbitrary: fc.record({ kind: of('fill', 'fail', 'renew'), grant, ms, entry }) },
  { weight: 2, arbitrary: fc.record({ kind: of('put'), key, entry }) },
  { weight: 3, arbitrary: fc.record({ kind: of('soften', 'remove', 'watch'), key }) },
  { weight: 2, arbitrary: fc.record({ kind: of('foreign DEL', 'foreign SET'), key }) },
  { weight: 1, arbitrary: fc.record({ kind: of('foreign PEXPIRE'), key, ms: leaseMs }) },
  { weight: 1, arbitrary: fc.record({ kind: of('foreign FLUSHALL') }) },
  { weight: 4, arbitrary: fc.record({ kind: of('wait'), ms }) },
) as fc.Arbitrary<Operation>;

onEachServer('scripts', (connect) => {
  test('answer as the load leases of a node', async () => {
    const at = new ScriptsInTime(await connect());
    let accepted = 0;
    let refused = 0;
    const ops = fc.array(operation, { minLength: 1, maxLength: 80, size: 'max' });
    await fc.assert(
      fc.asyncProperty(ops, async (all) => {
        await at.call('FLUSHALL');
        const world = new World(at);
        for (const op of all) await world.run(op);
        accepted += world.accepted;
        refused += world.refused;
      }),
      { numRuns: RUNS, seed: Number(process.env['SEED'] ?? 11), includeErrorInReport: true },
    );
    assert.ok(
      accepted > RUNS / 2 && refused > RUNS / 2,
      `the runs fill (${accepted}) and are refused (${refused})`,
    );
  });
});
