import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BusTrouble } from '../bus/trouble.js';
import { MessageReader, pieceOf, readHello, writeHello } from './message-frames.js';

const MAX_BYTES = 2 ** 30;

const hello = { life: '7-9f3a01c2', cluster: 'c1' };

function* piecesOf(message: Uint8Array, maxBytes: number): Generator<Uint8Array> {
  let at = 0;
  do {
    yield pieceOf(message, at, maxBytes);
    at += maxBytes;
  } while (at < message.length);
}

test('messages arrive whole and in order, however they are cut on either side', () => {
  const message = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 8 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 1, max: 30 })),
      (messages, pieceBytes, cuts) => {
        const all = [writeHello(hello), ...messages];
        let bytes = Buffer.concat(all.flatMap((one) => [...piecesOf(one, pieceBytes)]));
        const reader = new MessageReader(MAX_BYTES);
        const read: Uint8Array[] = [];
        for (let i = 0; bytes.length > 0; i++) {
          const cut = cuts[i] ?? bytes.length;
          reader.push(bytes.subarray(0, cut));
          bytes = bytes.subarray(cut);
          for (let next = reader.next(); next !== undefined; next = reader.next()) {
            assert.equal(next.byteLength, next.buffer.byteLength, 'it can be given away');
            read.push(next);
          }
        }
        assert.deepEqual(readHello(read.shift() ?? assert.fail()), hello);
        assert.deepEqual(
          read.map((one) => [...one]),
          messages.map((one) => [...one]),
        );
        assert.equal(reader.gatheredBytes, 0);
      },
    ),
  );
});

function length(bytes: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes, 0);
  return head;
}

test('a length that is too large is refused before anything of it came, and costs nothing', () => {
  const stranger = new MessageReader(MAX_BYTES);
  stranger.push(length(1025));
  assert.throws(() => stranger.next(), /a message of 1025 bytes: at most 1024/);
  const reader = new MessageReader(MAX_BYTES);
  for (const piece of piecesOf(writeHello(hello), 100)) reader.push(piece);
  assert.ok(reader.next() !== undefined);
  reader.push(length(MAX_BYTES));
  assert.equal(reader.next(), undefined);
  assert.equal(reader.gatheredBytes, 4);
  const other = new MessageReader(MAX_BYTES);
  for (const piece of piecesOf(writeHello(hello), 100)) other.push(piece);
  assert.ok(other.next() !== undefined);
  other.push(length(MAX_BYTES + 1));
  assert.throws(() => other.next(), BusTrouble);
});

for (const [what, text] of [
  ['no JSON', 'x'],
  ['no object', '3'],
  ['no life', '{"life":"x","cluster":"c1"}'],
  ['no cluster', '{"life":"7-9f3a01c2"}'],
  ['something else', '{"life":"7-9f3a01c2","cluster":"c1","more":1}'],
] as const) {
  test(`a stream that begins with ${what} is refused`, () => {
    assert.throws(() => readHello(Buffer.from(text)), BusTrouble);
  });
}
