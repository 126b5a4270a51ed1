/** A wait for somebody else's load ends when the key is woken, whenever that is, or when its time is over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimeSource } from './time.js';
import { Wakes } from './wakes.js';

/** More than are remembered. */
const MANY = 2_000;

class World implements TimeSource {
  readonly wakes = new Wakes();
  readonly #timers = new Set<() => void>();

  now(): number {
    return 0;
  }

  later(run: () => void): { cancel(): void } {
    this.#timers.add(run);
    return { cancel: () => void this.#timers.delete(run) };
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** All that waits is late. */
  fire(): void {
    for (const run of [...this.#timers]) run();
  }

  /** Whether a sleep since then is over as soon as it begins. */
  async isOver(key: string, since: number): Promise<boolean> {
    let over = false;
    void this.wakes.sleep(key, since, 100, this).then(() => {
      over = true;
    });
    await undefined;
    await undefined;
    return over;
  }
}

test('a wake ends the sleeps of its key, and no other', async () => {
  const world = new World();
  const { wakes } = world;
  const ended: string[] = [];
  for (const [name, key] of ['a1', 'a2', 'b'].map((text) => [text, text[0] as string] as const)) {
    void wakes.sleep(key, wakes.sequence, 100, world).then(() => ended.push(name));
  }
  wakes.wake('a');
  await undefined;
  assert.deepEqual(ended, ['a1', 'a2']);
  assert.equal(world.timers, 1);
  world.fire();
  await undefined;
  assert.deepEqual(ended, ['a1', 'a2', 'b']);
  assert.equal(world.timers, 0);
});

test('a wake between the question and its answer is not lost', async () => {
  const world = new World();
  const since = world.wakes.sequence;
  world.wakes.wake('a');
  assert.equal(await world.isOver('a', since), true);
  assert.equal(await world.isOver('b', since), false);
  assert.equal(await world.isOver('a', world.wakes.sequence), false);
});

test('also if another read of the key slept meanwhile', async () => {
  const world = new World();
  const since = world.wakes.sequence;
  void world.wakes.sleep('a', since, 100, world);
  world.wakes.wake('a');
  assert.equal(await world.isOver('a', since), true);
});

test('a node that has forgotten who waits lets all read again who asked before', async () => {
  const world = new World();
  const { wakes } = world;
  const since = wakes.sequence;
  let isWoken = false;
  void wakes.sleep('a', since, 100, world).then(() => {
    isWoken = true;
  });
  wakes.wakeAll();
  await undefined;
  assert.equal(isWoken, true);
  assert.equal(await world.isOver('b', since), true);
  assert.equal(await world.isOver('b', wakes.sequence), false);
});

test('who asked before more wakes than are remembered reads again, who asked later does not', async () => {
  const world = new World();
  const { wakes } = world;
  const since = wakes.sequence;
  for (let i = 0; i < MANY; i++) wakes.wake(`key:${i}`);
  assert.equal(await world.isOver('a', since), true);
  assert.equal(await world.isOver(`key:${MANY - 1}`, wakes.sequence - 1), true);
  assert.equal(await world.isOver('key:0', wakes.sequence), false);
  assert.equal(await world.isOver('a', wakes.sequence), false);
});
