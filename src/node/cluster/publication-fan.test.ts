import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Block } from '../../base/index.js';
import { PublicationBatch } from './publication-codec.js';
import { PublicationFan } from './publication-fan.js';

/** So many publications, the last of which has so many bytes. */
function batchOf(count: number, bytes = 0): Uint8Array {
  const block = Block.ofLength(bytes);
  const batch = new PublicationBatch();
  for (let i = 1; i <= count; i++) {
    const messageLength = i === count ? bytes : 0;
    assert.ok(batch.add({ block, channelAt: 0, channelLength: 0, messageAt: 0, messageLength }));
  }
  return batch.take();
}

test('what does not go to a node is counted, for each node and publication', () => {
  const sent: string[] = [];
  const fan = new PublicationFan((to) => {
    sent.push(to);
    if (to === 'gone') fan.settled(batch, false);
  });
  const batch = batchOf(3);
  fan.send(['b', 'gone', 'c'], batch);
  assert.deepEqual(sent, ['b', 'gone', 'c']);
  assert.equal(fan.takeDropped(), 3);
  fan.settled(batch, true);
  assert.equal(fan.takeDropped(), 0);
  fan.settled(batch, false);
  assert.equal(fan.takeDropped(), 3);
});

test('what slow nodes hold together is bounded: beyond it nobody is sent anything, until there is room', () => {
  const sent: string[] = [];
  const fan = new PublicationFan((to) => void sent.push(to));
  const large = Array.from({ length: 5 }, () => batchOf(1, 16 * 1024 * 1024));
  for (const batch of large.slice(0, 4)) fan.send(['b', 'c'], batch);
  assert.equal(sent.length, 8);
  const [first, , , , last] = large as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  fan.send(['b', 'c'], last);
  assert.equal(sent.length, 8);
  assert.equal(fan.takeDropped(), 2);
  fan.settled(first, true);
  fan.send(['b'], batchOf(1));
  assert.equal(sent.length, 8, 'the other one still has it');
  fan.settled(first, true);
  fan.send(['b'], batchOf(1));
  assert.equal(sent.length, 9);
});
