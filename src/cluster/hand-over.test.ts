import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal, type Shard } from '../ring/index.js';
import { type HandedOver, HandOver } from './hand-over.js';

const at = (monotonicMs: number) => ({ monotonicMs, holderMs: 0 });
const life = (node: string) => ({ node, incarnation: '1-a' });
const shard: Shard = {
  id: 3,
  weight: 1,
  epoch: 7,
  beganEpoch: 1,
  syncVersion: 1,
  primary: life('p'),
  replicas: [
    { ...life('late'), isInSync: false },
    { ...life('r'), isInSync: true },
    { ...life('s'), isInSync: true },
  ],
  vnodes: [],
};
const copy = (confirmed: number, more: Partial<HandedOver> = {}): HandedOver => ({
  role: 'primary',
  shard,
  held: { epoch: 7, offset: 10 },
  confirmed,
  ...more,
});

function begun(to?: string): HandOver {
  const handOver = HandOver.begin(life('p'), copy(4), to, at(0));
  assert.ok(!isRefusal(handOver));
  return handOver;
}

test('it is asked for when all of the set has what was done before it began', () => {
  const handOver = begun();
  assert.equal(handOver.look(copy(9), at(999)), undefined);
  assert.deepEqual(handOver.look(copy(10), at(2_000)), {
    kind: 'hand-over',
    shard: 3,
    epoch: 7,
    from: life('p'),
    to: life('r'),
    reason: 'p was told to hand shard 3 over',
  });
});

test('to the one that is named, if it is in sync', () => {
  const change = begun('s').look(copy(10), at(1));
  assert.deepEqual(change !== undefined && !isRefusal(change) && change.to, life('s'));
  for (const to of ['late', 'other']) {
    assert.deepEqual(HandOver.begin(life('p'), copy(10), to, at(0)), {
      refused: `${to} is no replica of shard 3 that is in sync`,
    });
  }
  const alone = { ...shard, replicas: [] };
  assert.deepEqual(HandOver.begin(life('p'), copy(10, { shard: alone }), undefined, at(0)), {
    refused: 'nobody is a replica of shard 3 that is in sync',
  });
});

test('it is over when that takes too long, or the shard goes its own way', () => {
  assert.deepEqual(HandOver.begin(life('r'), copy(10, { role: 'replica' }), undefined, at(0)), {
    refused: 'this node is no primary',
  });
  assert.match(JSON.stringify(begun().look(copy(9), at(1_000))), /did not have everything within 1000 ms/);
  for (const gone of [
    { role: 'replica' as const },
    { shard: { ...shard, epoch: 8 } },
    { shard: undefined },
  ]) {
    assert.deepEqual(begun().look(copy(10, gone), at(1)), { refused: 'shard 3 has got another epoch' });
  }
});
