import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString, KeyHash, Random } from '../base/index.js';
import { LeaseClient, LoadLeases, Store } from './index.js';

/**
 * Random interleavings of clients that read, load, write, delete, die and wait, against what the protocol promises:
 * a fill is accepted exactly when its token is alive and nothing happened to the key since it was granted.
 */
const KEYS = 3;
const CLIENTS = 4;
const RUNS = Number(process.env['RUNS'] ?? 400);

type Operation =
  | { kind: 'ask'; client: number; key: number; early: boolean; waits: boolean; leaseMs: number }
  | { kind: 'write'; client: number; key: number; leaseMs: number }
  | { kind: 'fill' | 'fail' | 'renew'; grant: number; ms: number }
  | { kind: 'set' | 'delete' | 'evict' | 'soften'; key: number }
  | { kind: 'die'; client: number }
  | { kind: 'flush' | 'serve' }
  | { kind: 'void'; prefix: string }
  | { kind: 'wait'; ms: number };

/** A token that was given out, and what has happened since. */
interface Given {
  readonly token: string;
  readonly key: number;
  readonly client: number;
  readonly writes: boolean;
  endsMs: number;
  /** Used, given back, or its client died. */
  ended: boolean;
  /** The key changed since. */
  void: boolean;
}

class World {
  readonly store = new Store({ maxBytes: 2 ** 20, hash: new KeyHash(1, 2), random: new Random(3) });
  readonly leases = new LoadLeases(this.store, 'aa', 2 ** 20, 0);
  readonly clients = Array.from({ length: CLIENTS }, () => new LeaseClient());
  readonly given: Given[] = [];
  readonly values = new Map<number, string>();
  /** Who waits for which key. */
  readonly waiting = new Set<string>();
  readonly failedUntilMs = new Map<number, number>();
  nowMs = 0;
  epoch = 0;
  accepted = 0;
  refused = 0;

  constructor() {
    this.store.now = 1000;
    this.leases.records.onWake = (client, db, key) => {
      assert.equal(db, 0);
      const name = `${this.clients.indexOf(client)}/${key}`;
      assert.ok(this.waiting.delete(name), `only who waits is woken: ${name}`);
    };
  }

  key(index: number): Block {
    return Block.of(`k${index}`);
  }

  run(op: Operation): void {
    switch (op.kind) {
      case 'wait':
        this.nowMs += op.ms;
        this.leases.records.advance(this.nowMs);
        return;
      case 'flush':
        this.leases.flushing(-1);
        this.store.flushAll();
        this.values.clear();
        this.failedUntilMs.clear();
        for (const one of this.given) one.void = true;
        return;
      case 'serve':
        this.leases.serve(1, ++this.epoch);
        this.failedUntilMs.clear();
        for (const one of this.given) Object.assign(one, { void: true, ended: true });
        assert.equal(this.waiting.size, 0, 'whoever waits is woken');
        assert.equal(this.leases.records.usedBytes, 0, 'nothing of the epoch before is left');
        return;
      case 'void': {
        const held = this.leases.records.all().filter(({ id }) => id.startsWith(`\0${op.prefix}`)).length;
        const { prefix } = op;
        assert.equal(this.leases.changedPrefix(0, Block.of(prefix), 0, prefix.length), held);
        assert.equal(this.leases.changedPrefix(1, Block.of(''), 0, 0), 0, 'another database');
        for (let key = 0; key < KEYS; key++) if (`k${key}`.startsWith(prefix)) this.changed(key);
        return;
      }
      case 'die':
        this.leases.records.release(this.clients[op.client] as LeaseClient);
        for (const one of this.given) if (one.client === op.client) one.ended = true;
        for (const name of [...this.waiting]) {
          if (name.startsWith(`${op.client}/`)) this.waiting.delete(name);
        }
        return;
      case 'ask':
        this.ask(op);
        return;
      case 'write':
        this.write(op);
        return;
      case 'fill':
      case 'fail':
      case 'renew':
        this.use(op);
        return;
      default:
        this.change(op.kind, op.key);
    }
  }

  change(kind: 'set' | 'delete' | 'evict' | 'soften', index: number): void {
    const key = this.key(index);
    const ref = this.store.find(0, key, 0, 2);
    if (kind === 'set') {
      this.store.set(0, key, 0, 2, Block.of('set'), 0, 3, 0);
      this.values.set(index, 'set');
    } else if (kind === 'soften') {
      if (ref !== 0) this.store.setFreshUntil(ref, this.store.now);
    } else {
      if (ref !== 0) this.store.remove(ref);
      this.values.delete(index);
    }
    if (kind !== 'evict') this.changed(index);
  }

  changed(index: number): void {
    this.leases.changed(0, this.key(index), 0, 2);
    this.failedUntilMs.delete(index);
    for (const one of this.given) if (one.key === index) one.void = true;
  }

  /** Tokens of a key that are still somebody's; a void one of a load is nobody's. */
  alive(index: number): Given[] {
    return this.given.filter(
      (one) => one.key === index && !one.ended && one.endsMs > this.nowMs && (one.writes || !one.void),
    );
  }

  ask(op: Extract<Operation, { kind: 'ask' }>): void {
    const client = this.clients[op.client] as LeaseClient;
    const { early, waits, leaseMs } = op;
    const alive = this.alive(op.key);
    const failed = (this.failedUntilMs.get(op.key) ?? 0) > this.nowMs;
    const key = this.key(op.key);
    const answer = this.leases.ask(
      client,
      0,
      key,
      0,
      2,
      { early, waits, leaseMs, lookOnly: false },
      this.nowMs,
    );
    const value = this.values.get(op.key);
    assert.equal(answer.ref !== 0, value !== undefined, 'it is there if it was put there');
    if (answer.ref !== 0) {
      const read = Block.ofLength(this.store.valueLength(answer.ref));
      this.store.copyValue(answer.ref, 0, read.bytes.length, read, 0);
      assert.equal(byteString(read, 0, read.bytes.length), value);
    }
    if (answer.token !== undefined) {
      assert.equal(alive.length, 0, 'one loads at a time');
      assert.ok(!failed, 'an error is shared, not asked for again');
      assert.ok(!this.given.some((one) => one.token === answer.token), 'no token is given twice');
      this.give(answer.token, op, false);
    } else if (answer.status === 'failed') {
      assert.ok(failed);
    } else if (answer.status !== 'hit') {
      assert.ok(alive.length > 0, `who asks and is not told to load waits for somebody: ${answer.status}`);
      if (waits) this.waiting.add(`${op.client}/k${op.key}`);
    }
  }

  write(op: Extract<Operation, { kind: 'write' }>): void {
    this.change('delete', op.key);
    const isAlone = this.alive(op.key).length === 0;
    const client = this.clients[op.client] as LeaseClient;
    const token = this.leases.askToWrite(client, 0, this.key(op.key), 0, 2, op.leaseMs, this.nowMs);
    assert.ok(token !== undefined, 'there is room');
    this.give(token, op, true);
    if (!isAlone) (this.given.at(-1) as Given).void = true;
  }

  give(token: string, op: { key: number; client: number; leaseMs: number }, writes: boolean): void {
    const of = this.epoch === 0 ? 'aa.0.0.' : `aa.1.${this.epoch}.`;
    assert.ok(token.startsWith(of), `a token names its life, shard and epoch: ${token}`);
    const { key, client, leaseMs } = op;
    this.given.push({ token, key, client, writes, endsMs: this.nowMs + leaseMs, ended: false, void: false });
  }

  use(op: Extract<Operation, { kind: 'fill' | 'fail' | 'renew' }>): void {
    // Mostly one of the last.
    const one = this.given.at(-1 - (op.grant % Math.max(1, this.given.length)));
    if (one === undefined) return;
    const good = !one.ended && !one.void && one.endsMs > this.nowMs;
    const key = this.key(one.key);
    if (op.kind === 'renew') {
      assert.equal(this.leases.renew(0, key, 0, 2, one.token, op.ms + 1, this.nowMs), good);
      const isKept = !one.ended && one.endsMs > this.nowMs && (good || one.writes);
      if (isKept) one.endsMs = this.nowMs + op.ms + 1;
      return;
    }
    const wasKept = !one.ended && (good || one.writes);
    if (op.kind === 'fail') {
      assert.equal(this.leases.fail(0, key, 0, 2, one.token, 'why', op.ms, this.nowMs), good);
      if (good && !one.writes && op.ms > 0) this.failedUntilMs.set(one.key, this.nowMs + op.ms);
    } else {
      const value = Block.of(one.token);
      const length = one.token.length;
      const fill = { value, at: 0, length, expiry: 0, freshUntil: 0, loadMs: 5, isAbsent: false };
      const outcome = this.leases.fill(0, key, 0, 2, one.token, fill, this.nowMs);
      assert.equal(outcome, good ? 'accepted' : 'refused');
      if (good) {
        this.values.set(one.key, one.token);
        this.accepted++;
      } else this.refused++;
    }
    if (wasKept) one.ended = true;
  }

  check(): void {
    for (const name of this.waiting) {
      const index = Number(name.slice(3));
      const client = this.clients[Number(name[0])] as LeaseClient;
      assert.ok(
        [...client.awaited].some((record) => record.id.endsWith(`k${index}`)),
        `${name} is not forgotten`,
      );
    }
  }

  end(): void {
    for (const client of this.clients) this.leases.records.release(client);
    this.leases.records.advance(this.nowMs + 10_000);
    assert.equal(this.leases.records.count, 0, 'every record ends');
    assert.equal(this.leases.records.usedBytes, 0, 'and gives its memory back');
    assert.ok(this.clients.every((client) => client.grants.size + client.awaited.size === 0));
  }
}

const key = fc.nat(KEYS - 1);
const client = fc.nat(CLIENTS - 1);
const leaseMs = fc.integer({ min: 1, max: 200 });
const of = <K extends Operation['kind']>(...kinds: K[]) => fc.constantFrom(...kinds);
const operation = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: of('ask'), client, key, early: fc.boolean(), waits: fc.boolean(), leaseMs }),
  },
  { weight: 4, arbitrary: fc.record({ kind: of('write'), client, key, leaseMs }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: of('fill', 'fail', 'renew'),
      grant: fc.oneof(fc.nat(3), fc.nat(30)),
      ms: fc.nat(100),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: of('set', 'delete', 'evict', 'soften'), key }) },
  { weight: 1, arbitrary: fc.record({ kind: of('die'), client }) },
  { weight: 1, arbitrary: fc.record({ kind: of('flush', 'serve') }) },
  { weight: 1, arbitrary: fc.record({ kind: of('void'), prefix: fc.constantFrom('', 'k', 'k1', 'k11') }) },
  { weight: 3, arbitrary: fc.record({ kind: of('wait'), ms: fc.nat(120) }) },
) as fc.Arbitrary<Operation>;

test('a fill is accepted exactly when nothing happened to its key since its grant', () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 120, size: 'max' }), (ops) => {
      const world = new World();
      for (const op of ops) {
        world.run(op);
        world.check();
      }
      world.end();
      accepted += world.accepted;
      refused += world.refused;
    }),
    { numRuns: RUNS, seed: 11, includeErrorInReport: true },
  );
  assert.ok(accepted > RUNS && refused > RUNS, `the runs fill (${accepted}) and are refused (${refused})`);
});
