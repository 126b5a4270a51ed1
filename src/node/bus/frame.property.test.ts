import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Frame, FrameReader, frameOf } from './frame.js';
import { Seal } from './seal.js';
import { BusTrouble } from './trouble.js';

const MAX_BYTES = 64;
const aFrame = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  body: fc.uint8Array({ maxLength: MAX_BYTES }),
});

function readAll(reader: FrameReader, bytes: Buffer, cuts: readonly number[]): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + (cuts[i % cuts.length] as number));
    reader.push(bytes.subarray(at, end));
    at = end;
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  }
  return frames;
}

const cutsOf = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });

test('frames are read as they were written, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(aFrame), cutsOf, (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ type, body }) => frameOf(type, body)));
      const read = readAll(new FrameReader(MAX_BYTES), bytes, cuts);
      assert.deepEqual(
        read.map(({ type, body }) => ({ type, body: [...body] })),
        frames.map(({ type, body }) => ({ type, body: [...body] })),
      );
    }),
  );
});

test('whatever comes, it is a frame, more is waited for, or it is trouble; the same however it is cut', () => {
  const soup = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      aFrame.map(({ type, body }) => frameOf(type, body)),
      fc.constant(Buffer.from([0, 0, 0])),
    ),
  );
  fc.assert(
    fc.property(soup, cutsOf, (parts, cuts) => {
      const bytes = Buffer.concat(parts);
      assert.deepEqual(outcome(bytes, cuts), outcome(bytes, [bytes.length + 1]));
    }),
    { numRuns: 2000 },
  );
});

function outcome(bytes: Buffer, cuts: readonly number[]): unknown {
  const frames: unknown[] = [];
  const reader = new FrameReader(MAX_BYTES);
  try {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const end = Math.min(bytes.length, at + (cuts[i % cuts.length] as number));
      reader.push(bytes.subarray(at, end));
      at = end;
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        frames.push([frame.type, [...frame.body]]);
      }
    }
    return { frames };
  } catch (error) {
    assert.ok(error instanceof BusTrouble, String(error));
    return { frames, code: error.code };
  }
}

test('of sealed frames only the next one, unchanged, is opened', () => {
  const key = Buffer.alloc(32, 7);
  fc.assert(
    fc.property(
      fc.array(aFrame, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      fc.nat(7),
      (frames, place, bit) => {
        const sending = new Seal(key);
        const bytes = frames.map(({ type, body }) => sending.frame(type, body));
        const receiving = new Seal(key);
        const reader = new FrameReader(MAX_BYTES + 32);
        for (const [i, whole] of bytes.entries()) {
          const changed = Buffer.from(whole);
          // The version and the length are judged before the seal.
          const at = 5 + (place % (whole.length - 5));
          changed[at] = (changed[at] as number) ^ (1 << bit);
          const other = new Seal(key);
          for (let skipped = 0; skipped < i; skipped++) other.open(readOne(bytes[skipped] as Buffer));
          assert.throws(() => other.open(readOne(changed)), BusTrouble);
          reader.push(whole);
          const { type, body } = receiving.open(reader.next() as never);
          assert.deepEqual([type, [...body]], [frames[i]?.type, [...(frames[i]?.body ?? [])]]);
        }
        assert.throws(() => new Seal(Buffer.alloc(32, 8)).open(readOne(bytes[0] as Buffer)), BusTrouble);
        assert.throws(() => receiving.open(readOne(bytes[0] as Buffer)), BusTrouble);
      },
    ),
  );
});

function readOne(bytes: Buffer): Frame & { readonly sealed: Buffer } {
  const reader = new FrameReader(MAX_BYTES + 32);
  reader.push(bytes);
  return reader.next() as Frame & { readonly sealed: Buffer };
}
