import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReply } from './admin-client.js';

test('replies are parsed when whole, and wait when not', () => {
  const whole = Buffer.from('*3\r\n$1\r\n0\r\n*2\r\n$3\r\nabc\r\n$-1\r\n:42\r\n+OK\r\n', 'latin1');
  const array = parseReply(whole, 0);
  assert.deepEqual(array?.reply, ['0', ['abc', null], 42]);
  assert.equal(parseReply(whole, array?.end as number)?.reply, 'OK');
  for (let length = 0; length < (array?.end as number); length++) {
    assert.equal(parseReply(whole.subarray(0, length), 0), undefined, `${length} bytes`);
  }
});

test('an error reply is an Error', () => {
  const parsed = parseReply(Buffer.from('-ERR no\r\n'), 0);
  assert.ok(parsed?.reply instanceof Error);
  assert.equal(parsed.reply.message, 'ERR no');
});
