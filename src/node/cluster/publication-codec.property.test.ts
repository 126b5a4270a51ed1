import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, byteString } from '../../base/index.js';
import { MAX_TEXT_BYTES } from '../../resp/index.js';
import { BusTrouble } from '../bus/trouble.js';
import {
  decodePublications,
  type Publication,
  PublicationBatch,
  publicationCount,
} from './publication-codec.js';
import { MAX_PUBLICATION_BYTES, PUBLICATION_BATCH_BYTES } from './stream-form.js';

type Plain = readonly [channel: string, message: string];

const text = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const plain: fc.Arbitrary<Plain> = fc.tuple(text, text);
const some = fc.array(plain, { minLength: 1, maxLength: 6 });

/** As they lie in a request. */
function publicationOf([channel, message]: Plain): Publication {
  return {
    block: Block.of(`..${channel}.${message}`),
    channelAt: 2,
    channelLength: channel.length,
    messageAt: 3 + channel.length,
    messageLength: message.length,
  };
}

function plainOf({ block, channelAt, channelLength, messageAt, messageLength }: Publication): Plain {
  return [byteString(block, channelAt, channelLength), byteString(block, messageAt, messageLength)];
}

function encode(publications: readonly Plain[], batch = new PublicationBatch()): Uint8Array<ArrayBuffer> {
  for (const one of publications) assert.ok(batch.add(publicationOf(one)));
  return batch.take();
}

/** Decodes what may be anything: publications, or the one error. */
function decodeAny(bytes: Uint8Array): Publication[] | undefined {
  try {
    return decodePublications(bytes);
  } catch (error) {
    assert.ok(error instanceof BusTrouble, `${error}`);
    assert.ok(error.code === 'garbage' || error.code === 'version');
    return undefined;
  }
}

test('what is gathered is decoded, in an array of its own; then the next ones are gathered', () => {
  fc.assert(
    fc.property(fc.array(some, { minLength: 1, maxLength: 4 }), (batches) => {
      const batch = new PublicationBatch();
      for (const publications of batches) {
        const bytes = encode(publications, batch);
        assert.equal(bytes.byteLength, bytes.buffer.byteLength, 'it can be transferred');
        assert.equal(publicationCount(bytes), publications.length);
        const decoded = decodePublications(structuredClone(bytes, { transfer: [bytes.buffer] }));
        assert.deepEqual(decoded.map(plainOf), publications);
        assert.equal(batch.count, 0);
      }
    }),
  );
});

test('what is cut short, made longer or changed is publications or garbage, never another error', () => {
  fc.assert(
    fc.property(some, fc.nat(), fc.nat(255), (publications, place, byte) => {
      const bytes = encode(publications);
      assert.equal(decodeAny(bytes.slice(0, place % bytes.length)), undefined, 'cut short');
      assert.equal(decodeAny(Uint8Array.from([...bytes, byte])), undefined, 'made longer');
      const changed = bytes.slice();
      changed[place % bytes.length] = byte;
      decodeAny(changed);
    }),
    { numRuns: 2000 },
  );
});

test('bytes at random are garbage or publications, and never more than fit', () => {
  const head = fc.constantFrom([1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [1, 255, 255, 255, 255], [2], []);
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
      const bytes = Uint8Array.from([...start, ...rest]);
      const decoded = decodeAny(bytes);
      assert.ok(publicationCount(bytes) * 8 <= bytes.length);
      if (decoded !== undefined) assert.equal(decoded.length, publicationCount(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('a batch has room for some, and each that may be sent fits alone', () => {
  const batch = new PublicationBatch();
  const small = publicationOf(['c', 'x'.repeat(1000)]);
  while (batch.add(small));
  const bytes = batch.take();
  assert.ok(bytes.length <= PUBLICATION_BATCH_BYTES && bytes.length > PUBLICATION_BATCH_BYTES - 1100);
  const block = Block.ofLength(MAX_PUBLICATION_BYTES + 1);
  const large = (messageLength: number): Publication => {
    return { block, channelAt: 0, channelLength: 1, messageAt: 1, messageLength };
  };
  assert.ok(batch.add(small));
  assert.equal(batch.add(large(MAX_PUBLICATION_BYTES - 1)), false);
  batch.take();
  assert.ok(batch.add(large(MAX_PUBLICATION_BYTES - 1)));
  assert.equal(batch.add(small), false);
  const taken = batch.take();
  assert.equal(taken.byteLength, taken.buffer.byteLength);
  assert.equal(decodePublications(taken)[0]?.messageLength, MAX_PUBLICATION_BYTES - 1);
  assert.ok(batch.add(large(MAX_PUBLICATION_BYTES)));
  assert.throws(() => decodePublications(batch.take()), { code: 'garbage' });
});

test('a channel that no client could name is garbage', () => {
  const channelLength = MAX_TEXT_BYTES + 1;
  const batch = new PublicationBatch();
  const block = Block.ofLength(channelLength);
  assert.ok(batch.add({ block, channelAt: 0, channelLength, messageAt: 0, messageLength: 0 }));
  assert.throws(() => decodePublications(batch.take()), { code: 'garbage' });
});
