import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Block, keySlot, SLOT_COUNT, textSlot } from './index.js';

const slotOf = (key: string): number => {
  const block = Block.of(`__${key}__`);
  return keySlot(block, 2, key.length);
};

test('slots are those of the Redis Cluster specification', () => {
  assert.equal(slotOf('123456789'), 0x31c3);
  assert.equal(slotOf('foo'), 12182);
  assert.equal(slotOf('bar'), 5061);
  assert.equal(slotOf(''), 0);
});

test('only the hash tag counts, where there is one', () => {
  const same: [string, string][] = [
    ['{user1000}.following', 'user1000'],
    ['{user1000}.followers', '{user1000}.following'],
    ['foo{{bar}}zap', '{bar'],
    ['foo{bar}{zap}', 'bar'],
  ];
  for (const [a, b] of same) assert.equal(slotOf(a), slotOf(b), `${a} and ${b}`);
  const whole = ['foo{}{bar}', '{}', '{', '}', 'a}b', 'a{b', '}{'];
  const slots = new Set(whole.map(slotOf));
  assert.equal(slots.size, whole.length, 'an empty or open tag is none');
});

test('keys spread over all slots', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 200_000; i++) seen.add(slotOf(`key:${i}`));
  assert.equal(seen.size, SLOT_COUNT);
});

test('a text has the slot of its UTF-8', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    'a',
    'é',
    'ß',
    '中',
    '\ufffd',
    '😀',
    '\ud83d',
    '\ude00',
    '\u07ff',
    '\uffff',
  );
  const text = fc.oneof(
    fc.array(piece).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(text, (key) => {
      const bytes = Buffer.from(key, 'utf8');
      assert.equal(textSlot(key), keySlot(new Block(bytes), 0, bytes.length));
    }),
  );
});

test('keys of every length are summed byte by byte, as it were', () => {
  for (let length = 0; length < 40; length++) {
    const key = Array.from({ length }, (_, i) => String.fromCharCode((length * 31 + i * 37) % 256))
      .join('')
      .replaceAll('{', '(');
    let crc = 0;
    for (const char of key) {
      crc ^= char.charCodeAt(0) << 8;
      for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
    }
    assert.equal(slotOf(key), crc % SLOT_COUNT, `length ${length}`);
  }
});
