/** What a backlog of effects takes of the memory of this process, against what is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Backlog } from '../../cluster/index.js';
import { type EffectGroup, EffectWriter, groupMemory, UNCOUNTED_BYTES } from './effects.js';
import { encodeReplication, ReplicationDecoder } from './replication-codec.js';
import { batchOf, nodeOf, put } from './stores.testkit.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const MIB = 2 ** 20;
const MAX_BYTES = 4 * MIB;
/** What the runtime itself may take or give back meanwhile. */
const NOISE_BYTES = MIB / 2;

/** Until nothing more is given back: buffers are, some time after they were collected. */
async function usedBytes(): Promise<number> {
  for (let least = Number.POSITIVE_INFINITY; ; ) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external > least - NOISE_BYTES / 8) return heapUsed + external;
    least = heapUsed + external;
  }
}

/** Keeps values of these lengths in turn, `bytes` of them, as a primary captures them, or as a replica is told. */
function backlogOf(lengths: readonly number[], bytes: number, isTold: boolean): Backlog<EffectGroup> {
  const { store } = nodeOf(4 * MIB);
  const refs = lengths.map((length, i) => put(store, `key${i}`, 'v'.repeat(length)));
  const backlog = new Backlog<EffectGroup>(0, MAX_BYTES, groupMemory);
  const decoder = new ReplicationDecoder();
  const writer = new EffectWriter((group) => {
    if (!isTold) backlog.add(group);
    else for (const each of told(decoder, group)) backlog.add(each);
  });
  let written = 0;
  for (let i = 0; written < bytes; i = (i + 1) % refs.length) {
    writer.entry(store, refs[i] as number);
    writer.close();
    written += lengths[i] as number;
  }
  return backlog;
}

function told(decoder: ReplicationDecoder, group: EffectGroup): readonly EffectGroup[] {
  const message = decoder.decode(encodeReplication(batchOf([group])));
  assert.ok(message.kind === 'replication/batch');
  return message.writes;
}

test('a backlog takes the memory that is counted, whatever the lengths of the values are', async () => {
  const cases: readonly (readonly number[])[] = [
    [100],
    [1000],
    [15_000],
    [17_000],
    [22_000],
    [33_000],
    [63_000],
    [200_000],
    [100, 33_000],
  ];
  for (const isTold of [false, true]) {
    // So that the code is compiled.
    backlogOf([1000, 33_000], MAX_BYTES, isTold);
    for (const lengths of cases) {
      const { taken, counted } = await measure(lengths, isTold);
      const text = `${lengths} bytes: ${taken} taken, ${counted} counted`;
      assert.ok(counted > 0.9 * MAX_BYTES && counted <= MAX_BYTES, text);
      assert.ok(taken <= counted + UNCOUNTED_BYTES + NOISE_BYTES, text);
      assert.ok(taken > 0.8 * counted - NOISE_BYTES, text);
    }
  }
});

/** Apart, so that nothing of it is left over when it has ended. */
async function measure(lengths: readonly number[], isTold: boolean) {
  const before = await usedBytes();
  const backlog = backlogOf(lengths, 3 * MAX_BYTES, isTold);
  const taken = (await usedBytes()) - before;
  return { taken, counted: backlog.bytes };
}

test('small effects go on in their block beside those that have one of their own', () => {
  const { store } = nodeOf(4 * MIB);
  const groups: EffectGroup[] = [];
  const writer = new EffectWriter((group) => groups.push(group));
  const [small, large] = [put(store, 's', 'v'.repeat(100)), put(store, 'l', 'v'.repeat(40_000))];
  for (const ref of [small, large, small, small, large]) writer.entry(store, ref);
  writer.close();
  const [first, own, second, last] = groups;
  assert.equal(groups.length, 4);
  assert.equal(own?.block.bytes.length, own?.length, 'exactly as long');
  assert.equal(first?.block, second?.block);
  assert.equal(second?.at, first?.length, 'in its order');
  assert.notEqual(last?.block, own?.block);
});
