/** What is counted against what the heap says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Freezer } from './freezer.js';
import { textBytes } from './heap-bytes.js';
import { usedBytes } from './used-bytes.test-helper.js';

const object = (names: string[]) => `{${names.map((name, at) => `"${name}":${at}`).join()}}`;
const list = (length: number, item: (n: number) => string) =>
  `[${Array.from({ length }, (_, n) => item(n)).join()}]`;
const names = (length: number) => Array.from({ length }, (_, n) => `name${n}`);

/** Values as JSON, the n-th of each kind; and how much more may be counted than there is. */
const kinds: [name: string, json: (n: number) => string, atMost: number][] = [
  ['objects without properties', () => '{}', 1.2],
  ['small objects', (n) => `{"id":${n},"ok":true,"next":null}`, 1.2],
  ['objects of 20 properties', () => object(names(20)), 1.2],
  ['objects of 1,000 properties', () => object(names(1000)), 2],
  ['objects as tables by id', (n) => object(names(20).map((name) => `${name}:${n}`)), 1.3],
  ['objects as tables by number', (n) => object(names(20).map((_, at) => String(n * 1000 + at * 37))), 2.2],
  ['numbers', () => list(100, String), 1.2],
  ['fractions', (n) => list(100, (at) => `${at}.${n}5`), 1.2],
  ['empty arrays', () => '[]', 1.3],
  ['Latin text', (n) => JSON.stringify(`${'x'.repeat(90)}${n}`), 1.2],
  ['Chinese text', (n) => JSON.stringify(`${'中'.repeat(90)}${n}`), 1.2],
  ['objects in an array', (n) => list(10, (at) => `{"id":${n + at},"name":"the name of ${n}"}`), 1.2],
  [
    'a record as applications have',
    (n) =>
      `{"id":${n},"name":"Name ${n}","tags":["a","b"],"home":{"street":"Long street ${n}","zip":"1"},"x":${n}.25}`,
    1.5,
  ],
];
/** So much of what there is must be counted. */
const atLeast = 0.9;

/** As much as makes the noise of the heap small. */
const measuredBytes = 4_000_000;

interface Measured {
  readonly counted: number;
  readonly taken: number;
}

/** Counts as many values as `texts` has, and sees by how much they made the heap larger. */
function measure(texts: readonly string[], freezer: Freezer): Measured {
  const values: unknown[] = new Array(texts.length).fill(null);
  const before = usedBytes();
  let counted = 0;
  for (const [n, text] of texts.entries()) {
    values[n] = JSON.parse(text);
    counted += freezer.freezeDeep(values[n]).bytes;
  }
  const taken = usedBytes() - before;
  assert.equal(values.length, texts.length);
  return { counted, taken };
}

/** Flat strings, so that the parser has no need to make them so: they are no part of the values. */
function textsOf(json: (n: number) => string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => Buffer.from(json(n)).toString());
}

for (const [name, json, atMost] of kinds) {
  test(`what is counted is near what the heap takes: ${name}`, () => {
    // The first values also make shapes and code, which are shared.
    const freezer = new Freezer();
    const { counted: bytes } = measure(textsOf(json, 300), freezer);
    const { counted, taken } = measure(
      textsOf((n) => json(1000 + n), Math.ceil((measuredBytes * 300) / bytes)),
      freezer,
    );
    const ratio = counted / taken;
    assert.ok(ratio >= atLeast && ratio <= atMost, `${counted} bytes counted, ${taken} taken: ${ratio}`);
  });
}

test('bytes count with the whole buffer below them', () => {
  const pool = Buffer.alloc(8192);
  assert.ok(new Freezer().freezeDeep(pool.subarray(0, 10)).bytes >= 8192);
  assert.ok(new Freezer().freezeDeep(new ArrayBuffer(100)).bytes >= 100);
});

test('the characters of a text take one byte or two', () => {
  assert.equal(textBytes(''), 16);
  assert.equal(textBytes('abcdefgh'), 24);
  assert.equal(textBytes('abcdefghi'), 32);
  assert.equal(textBytes('é'.repeat(8)), 24);
  assert.equal(textBytes('中'.repeat(8)), 32);
});
