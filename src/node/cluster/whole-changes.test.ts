/** What belongs together is in one group: a replica has all of it or nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block } from '../../base/index.js';
import { encode } from '../test-client.testkit.js';
import { type EffectGroup, EffectReader, EffectWriter } from './effects.js';
import { withMember } from './member.testkit.js';
import { ShardStore } from './shard-store.js';

const MIB = 2 ** 20;
const OK = '+OK\r\n';

/** The keys of each group, of effects that say that a key is gone or is an entry. */
function keysOf(groups: readonly EffectGroup[]): string[][] {
  const reader = new EffectReader();
  return groups.map(({ block, at, length }) => {
    const keys: string[] = [];
    for (let place = at; place < at + length; ) {
      place = reader.read(block, place, at + length);
      assert.ok(place > 0);
      keys.push(
        Buffer.from(block.bytes.buffer, block.bytes.byteOffset + reader.keyAt, reader.keyLength).toString(
          'latin1',
        ),
      );
    }
    return keys;
  });
}

test('effects written as a whole are in one group, in their order, whatever is written around them', () => {
  const effects = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 8 });
  const step = fc.record({
    kind: fc.constantFrom('whole', 'whole', 'single', 'close'),
    lengths: effects,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const groups: EffectGroup[] = [];
      const writer = new EffectWriter((group) => groups.push(group));
      const expected: string[] = [];
      const gone = (length: number, whole: string): void => {
        const key = `${whole}:${expected.length}:`.padEnd(length, '.');
        expected.push(key);
        writer.gone(Block.of(key), 0, key.length);
      };
      for (const [i, { kind, lengths }] of steps.entries()) {
        if (kind === 'close') writer.close();
        else if (kind === 'single') for (const length of lengths) gone(length, `-${i}`);
        else {
          writer.beginWhole();
          for (const length of lengths) gone(length, `${i}`);
          writer.endWhole();
        }
      }
      writer.close();
      const keys = keysOf(groups);
      assert.deepEqual(keys.flat(), expected);
      const groupsOf = new Map<string, Set<number>>();
      for (const [number, group] of keys.entries()) {
        for (const key of group) {
          const whole = key.split(':')[0] as string;
          groupsOf.set(whole, (groupsOf.get(whole) ?? new Set()).add(number));
        }
      }
      for (const [whole, numbers] of groupsOf)
        if (!whole.startsWith('-')) assert.equal(numbers.size, 1, `${whole} is in one group`);
    }),
    { numRuns: 300 },
  );
});

test('a transaction, and a command of many keys, goes to replicas as one', async () => {
  await withMember({}, async (node) => {
    const groups: EffectGroup[] = [];
    const store = new ShardStore(node.inside, MIB);
    store.lead((group) => groups.push(group));
    const client = await node.connect();
    const value = 'x'.repeat(30_000);
    const keys = Array.from({ length: 6 }, (_, i) => `{bar}${i}`);
    for (let round = 0; round < 5; round++) {
      assert.equal(await client.ask('SET', '{bar}', 'y'.repeat(20_000)), 'OK');
      const lines = [['MULTI'], ...keys.map((key) => ['SET', key, value]), ['EXEC']];
      client.write(lines.map(encode).join(''));
      await client.expect(OK, '+QUEUED\r\n'.repeat(6), '*6\r\n', OK.repeat(6));
      assert.equal(await client.ask('MSET', ...keys.flatMap((key) => [key, value])), 'OK');
    }
    store.flush();
    const sets = keysOf(groups).flat();
    assert.equal(sets.length, 5 * 13);
    for (const group of keysOf(groups)) {
      const last = group.filter((key) => key !== '{bar}');
      assert.equal(last.length % keys.length, 0, `a group of ${group.join(' ')}`);
    }
  });
});

test('what is larger than a group may be comes in several', async () => {
  await withMember({ maxMemoryBytes: 256 * MIB }, async (node) => {
    const groups: EffectGroup[] = [];
    const store = new ShardStore(node.inside, MIB);
    store.lead((group) => groups.push(group));
    const client = await node.connect();
    const value = 'x'.repeat(3 * MIB);
    const keys = Array.from({ length: 7 }, (_, i) => `{bar}${i}`);
    assert.equal(await client.ask('MSET', ...keys.flatMap((key) => [key, value])), 'OK');
    store.flush();
    assert.deepEqual(keysOf(groups), [keys.slice(0, 5), keys.slice(5)]);
  });
});
