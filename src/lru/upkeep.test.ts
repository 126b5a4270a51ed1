import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ByteLru } from './byte-lru.js';
import { EntryLru } from './entry-lru.js';
import type { Lru } from './lru.js';
import { resolveByteOptions, resolveEntryOptions } from './options.js';
import { type Sweeper, Upkeep } from './upkeep.js';

function upkeepOf(sweeper: Sweeper) {
  const timers: { run: () => void; ms: number }[] = [];
  const upkeep = new Upkeep(sweeper, (run, ms) => timers.push({ run, ms }));
  const next = () => {
    assert.equal(timers.length, 1, 'one timer at a time');
    const timer = timers.pop() as { run: () => void; ms: number };
    timer.run();
    return timer.ms;
  };
  return { timers, upkeep, next };
}

test('it sweeps while there is a need, sooner while there is much to do, and then stops', () => {
  const state = { needs: true, busy: true, slices: 0 };
  const sweeper: Sweeper = {
    needsUpkeep: () => state.needs,
    sweep: () => {
      state.slices++;
      return state.busy;
    },
  };
  const { timers, upkeep, next } = upkeepOf(sweeper);
  assert.equal(timers.length, 0, 'no timer before there is anything to do');
  upkeep.wake();
  upkeep.wake();
  assert.equal(next(), 250);
  assert.equal(next(), 10);
  state.busy = false;
  assert.equal(next(), 10);
  assert.equal(next(), 250);
  assert.equal(state.slices, 4);
  state.needs = false;
  next();
  assert.equal(timers.length, 0);
  assert.equal(state.slices, 4);
  upkeep.wake();
  assert.equal(timers.length, 1, 'it can be woken again');
});

test('an error of a slice passes, and the next slice comes all the same', () => {
  const { timers, upkeep, next } = upkeepOf({
    needsUpkeep: () => true,
    sweep: () => {
      throw new Error('onEvict failed');
    },
  });
  upkeep.wake();
  assert.throws(next, /onEvict failed/);
  assert.equal(timers.length, 1);
});

test('a cache with a lifetime in it sweeps until the last one is over, one without never does', () => {
  for (const kind of ['entries', 'bytes']) {
    const timers: (() => void)[] = [];
    const time = { ms: 0 };
    const common = { now: () => time.ms };
    const later = (run: () => void) => void timers.push(run);
    const lru: Lru<string> & Sweeper =
      kind === 'entries'
        ? new EntryLru<string>({
            ...resolveEntryOptions<string, string>({ maxEntries: 9, ...common }),
            later,
          })
        : new ByteLru({ ...resolveByteOptions({ maxBytes: '64kb', values: 'string', ...common }), later });
    lru.set('for ever', 'x');
    assert.equal(timers.length, 0);
    lru.set('a', 'x', { ttl: 1000 });
    lru.set('b', 'x', { ttl: 1000 });
    assert.equal(timers.length, 1);
    timers.pop()?.();
    assert.equal(lru.size, 3, 'none is over yet');
    time.ms = 1001;
    while (timers.length > 0) timers.pop()?.();
    assert.equal(lru.size, 1);
    assert.equal(lru.needsUpkeep(), false);
  }
});

test('a cache keeps no process alive', () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const lru = new EntryLru<number>(resolveEntryOptions({ maxEntries: 10, ttl: '1h' }));
  lru.set('a', 1);
  assert.equal(lru.needsUpkeep(), true);
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before);
});

test('a cache that the program dropped is collected, though lifetimes are still running in it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const dropped = droppedCache();
  // A WeakRef keeps its target until the turn that made it is over.
  await turn();
  collect();
  assert.equal(dropped.deref(), undefined);
});

function droppedCache(): WeakRef<EntryLru<number>> {
  const lru = new EntryLru<number>(resolveEntryOptions({ maxEntries: 10, ttl: '1h' }));
  lru.set('a', 1);
  return new WeakRef(lru);
}
