import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString, KeyHash, Random } from '../base/index.js';
import type { EntryWalk } from './entry-walk.js';
import { type Ref, Store } from './index.js';

/** More by `RUNS=5000`. */
const RUNS = Number(process.env['RUNS'] ?? 300);
const KEYS = 60;
const PAGE_BYTES = 512;
const PAGES = 40;

type Step =
  | { kind: 'set'; key: number; length: number }
  | { kind: 'read' | 'remove' | 'begin' | 'end'; key: number }
  | { kind: 'expire'; key: number; at: number }
  | { kind: 'resize'; key: number; length: number }
  | { kind: 'copy'; key: number; to: number }
  | { kind: 'walk'; entries: number }
  | { kind: 'flush' }
  | { kind: 'flushAll' };

const key = fc.nat(KEYS - 1);
const length = fc.oneof(fc.nat(60), fc.nat(PAGE_BYTES), fc.nat(4 * PAGE_BYTES));
const of = <K extends Step['kind']>(kind: K) => fc.constant(kind);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: of('set'), key, length }) },
  { weight: 12, arbitrary: fc.record({ kind: of('read'), key }) },
  { weight: 5, arbitrary: fc.record({ kind: of('remove'), key }) },
  { weight: 5, arbitrary: fc.record({ kind: of('resize'), key, length }) },
  { weight: 5, arbitrary: fc.record({ kind: of('expire'), key, at: fc.constantFrom(0, 50, 5000) }) },
  { weight: 3, arbitrary: fc.record({ kind: of('copy'), key, to: key }) },
  { weight: 30, arbitrary: fc.record({ kind: of('walk'), entries: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: of('begin'), key }) },
  { weight: 1, arbitrary: fc.record({ kind: of('end'), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'flushAll' as const) }) },
) as fc.Arbitrary<Step>;

/** A walk, and what it owes. */
interface Walking {
  readonly walk: EntryWalk;
  /** Stood when it began, and ever since. */
  readonly standing: Set<string>;
  /** Of them, those not used since: in the order of their use. */
  readonly unused: Set<string>;
  readonly met: Set<string>;
}

class World {
  readonly store = new Store({
    maxBytes: PAGES * (PAGE_BYTES + 15),
    pageBytes: PAGE_BYTES,
    chunkBytes: 4 * PAGE_BYTES,
    hash: new KeyHash(1, 2),
    random: new Random(7),
    firstPage: 3,
  });
  /** Keys in the order of their use, the oldest first. */
  readonly byUse = new Set<string>();
  walks: Walking[] = [];
  finished = 0;

  constructor() {
    this.store.now = 100;
    this.store.onRemove = (ref) => this.gone(this.nameOf(ref));
  }

  run(steps: readonly Step[]): void {
    for (const one of steps) {
      this.step(one);
      this.store.verify();
    }
    for (const walking of [...this.walks]) while (!walking.walk.isOver) this.walkOn(walking, 3);
    assert.equal(this.walks.length, 0);
  }

  step(one: Step): void {
    const { store } = this;
    if (one.kind === 'begin') {
      if (this.walks.length < 3) this.begin();
    } else if (one.kind === 'end') {
      this.walks.pop()?.walk.end();
    } else if (one.kind === 'walk') {
      for (const walking of [...this.walks]) this.walkOn(walking, one.entries);
    } else if (one.kind === 'flush' || one.kind === 'flushAll') {
      if (one.kind === 'flush') store.flush(0);
      else store.flushAll();
      for (const name of this.byUse) this.gone(name);
    } else if ('key' in one) {
      this.change(one, Block.of(`k${one.key}`));
    }
  }

  change(one: Extract<Step, { key: number }>, key: Block): void {
    const { store } = this;
    const name = `k${one.key}`;
    if (one.kind === 'set') {
      const value = Block.ofLength(one.length);
      if (store.set(0, key, 0, key.bytes.length, value, 0, one.length, 0) !== 0) this.replaced(name);
      return;
    }
    const ref = store.find(0, key, 0, key.bytes.length);
    if (ref === 0) return;
    if (one.kind === 'read') {
      store.touch(ref);
      this.used(name);
    } else if (one.kind === 'remove') {
      store.remove(ref);
      this.gone(name);
    } else if (one.kind === 'resize') {
      this.used(name);
      store.resizeValue(ref, one.length);
    } else if (one.kind === 'expire') {
      this.used(name);
      store.setExpiry(ref, one.at);
    } else if (one.kind === 'copy' && one.to !== one.key) {
      const to = Block.of(`k${one.to}`);
      this.used(name);
      if (store.copyEntry(ref, 0, to, 0, to.bytes.length) !== 0) this.replaced(`k${one.to}`);
    }
  }

  begin(): void {
    const standing = new Set(this.byUse);
    this.walks.push({ walk: this.store.walkByUse(), standing, unused: new Set(standing), met: new Set() });
  }

  walkOn(walking: Walking, entries: number): void {
    const { walk, standing, unused, met } = walking;
    let left = entries;
    walk.next((ref) => {
      const name = this.nameOf(ref);
      if (unused.has(name) && !met.has(name)) {
        const [next] = [...unused].filter((other) => !met.has(other));
        assert.equal(name, next, 'what is not used meanwhile is met in the order of its use');
      }
      met.add(name);
      return --left > 0;
    });
    if (!walk.isOver) return;
    this.finished++;
    this.walks = this.walks.filter((other) => other !== walking);
    for (const name of standing) assert.ok(met.has(name), `${name} stood from the beginning to the end`);
  }

  used(name: string): void {
    // The newest stays where it is.
    const isNewest = [...this.byUse].at(-1) === name;
    this.byUse.delete(name);
    this.byUse.add(name);
    if (!isNewest) for (const { unused } of this.walks) unused.delete(name);
  }

  /** Another entry stands for the key. */
  replaced(name: string): void {
    this.gone(name);
    this.byUse.add(name);
  }

  gone(name: string): void {
    this.byUse.delete(name);
    for (const { standing, unused } of this.walks) {
      standing.delete(name);
      unused.delete(name);
    }
  }

  nameOf(ref: Ref): string {
    const key = Block.ofLength(this.store.keyLength(ref));
    this.store.copyKey(ref, key, 0);
    return byteString(key, 0, key.bytes.length);
  }
}

test('a walk meets all that stands, by its use, whatever happens meanwhile', () => {
  let finished = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 300 }), (steps) => {
      const world = new World();
      world.run(steps);
      finished += world.finished;
    }),
    { numRuns: RUNS },
  );
  assert.ok(finished > RUNS, `${finished} walks were finished`);
});

test('a walk ends though what it has met is read again each time', () => {
  const world = new World();
  for (let i = 0; i < KEYS; i++) world.step({ kind: 'set', key: i, length: 10 });
  world.begin();
  const [{ walk }] = world.walks as [Walking];
  let last = '';
  for (let calls = 0; !walk.isOver; calls++) {
    assert.ok(calls < 3 * KEYS, 'it ends');
    walk.next((ref) => {
      last = world.nameOf(ref);
      return false;
    });
    for (const name of [last, `k${KEYS - 1}`]) world.step({ kind: 'read', key: Number(name.slice(1)) });
  }
});
