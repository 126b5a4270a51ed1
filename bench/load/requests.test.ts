import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../random.js';
import { type Batch, Fill, keyText, Tape } from './requests.js';

test('a fill writes every key once, in order, with its lifetime', () => {
  const fill = new Fill('resp', 5, 7, 3, 4, 60);
  const batches: Batch[] = [];
  for (let batch = fill.next(); batch !== undefined; batch = fill.next()) batches.push(batch);
  assert.deepEqual(
    batches.map((batch) => batch.requests),
    [4, 3],
  );
  const request = (key: number): string =>
    `*5\r\n$3\r\nSET\r\n$16\r\n${keyText(key)}\r\n$3\r\nvvv\r\n$2\r\nEX\r\n$2\r\n60\r\n`;
  assert.equal(text(batches), [5, 6, 7, 8, 9, 10, 11].map(request).join(''));
});

test('a fill in the dialect of memcached', () => {
  const batch = new Fill('memcached', 0, 2, 2, 2).next();
  assert.equal(
    text([batch as Batch]),
    'set key:000000000000 0 0 2\r\nvv\r\nset key:000000000001 0 0 2\r\nvv\r\n',
  );
});

test('one round of a GET tape asks for every key once', () => {
  const keys = 1000;
  const tape = new Tape('resp', 'get', keys, 64, 10, new SeededRandom(3));
  const batches = Array.from({ length: keys / 10 }, () => tape.next());
  const asked = [...text(batches).matchAll(/key:\d{12}/g)].map((match) => match[0]);
  assert.equal(new Set(asked).size, keys);
  assert.equal(text(batches).match(/GET/g)?.length, keys);
  assert.equal(text([tape.next()]), text([batches[0] as Batch]), 'then it begins again');
});

test('a mix has a tenth of SETs and a few popular keys', () => {
  const tape = new Tape('resp', 'mix', 10_000, 16, 16, new SeededRandom(3));
  const all = text(Array.from({ length: 5000 }, () => tape.next()));
  const sets = all.match(/SET/g)?.length ?? 0;
  assert.ok(Math.abs(sets / 80_000 - 0.1) < 0.01, `${sets} SETs`);
  const counts = new Map<string, number>();
  for (const [key] of all.matchAll(/key:\d{12}/g)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const most = Math.max(...counts.values());
  assert.ok(most > 4000, `the most popular key is asked for ${most} times of 80,000`);
});

function text(batches: readonly Batch[]): string {
  return batches.map((batch) => Buffer.from(batch.bytes).toString('latin1')).join('');
}
