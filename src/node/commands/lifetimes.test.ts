import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulk, withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'commands on lifetimes answer as Redis',
  `
# Conditions
> SET k v
OK
> EXPIREAT k 4102444800 XX
(integer) 0
> EXPIREAT k 4102444800 GT
(integer) 0
> EXPIREAT k 4102444800 LT
(integer) 1
> EXPIREAT k 4102444801 NX
(integer) 0
> EXPIREAT k 4102444800 GT
(integer) 0
> EXPIREAT k 4102444801 GT
(integer) 1
> EXPIREAT k 4102444801 LT
(integer) 0
> EXPIREAT k 4102444800 LT
(integer) 1
> EXPIREAT k 4102444803 XX GT
(integer) 1
> EXPIREAT k 4102444802 xx lt
(integer) 1
> EXPIRETIME k
(integer) 4102444802
> PERSIST k
(integer) 1
> PERSIST k
(integer) 0
> EXPIREAT k 4102444800 NX
(integer) 1
> EXPIRE k 10 NX XX
(error) ERR NX and XX, GT or LT options at the same time are not compatible
> EXPIRE k 10 NX GT
(error) ERR NX and XX, GT or LT options at the same time are not compatible
> EXPIRE k 10 GT LT
(error) ERR GT and LT options at the same time are not compatible
> EXPIRE k 10 FOO
(error) ERR Unsupported option FOO
> EXPIRE k x FOO
(error) ERR Unsupported option FOO
> EXPIRE k 10 NX NX
(integer) 0
# Asking
> TTL nothing
(integer) -2
> PTTL nothing
(integer) -2
> EXPIRETIME nothing
(integer) -2
> PEXPIRETIME nothing
(integer) -2
> SET k v
OK
> TTL k
(integer) -1
> PTTL k
(integer) -1
> EXPIRETIME k
(integer) -1
> PEXPIRETIME k
(integer) -1
> PERSIST nothing
(integer) 0
> PEXPIREAT k 4102444800499
(integer) 1
> EXPIRETIME k
(integer) 4102444800
> PEXPIREAT k 4102444800500
(integer) 1
> EXPIRETIME k
(integer) 4102444801
> PEXPIRETIME k
(integer) 4102444800500
> EXPIRE k 100
(integer) 1
> TTL k
(integer) 100
# The ends of the range
> EXPIRE k 9223372036854775807
(error) ERR invalid expire time in 'expire' command
> EXPIRE k 9223372036854775
(error) ERR invalid expire time in 'expire' command
> EXPIRE k -9223372036854775808
(error) ERR invalid expire time in 'expire' command
> EXPIRE k -9223372036854776
(error) ERR invalid expire time in 'expire' command
> PEXPIRE k 9223372036854775807
(error) ERR invalid expire time in 'pexpire' command
> EXPIREAT k 9223372036854776
(error) ERR invalid expire time in 'expireat' command
> PEXPIRE k 9223372036854775808
(error) ERR value is not an integer or out of range
> EXPIRE k 1.5
(error) ERR value is not an integer or out of range
> EXPIRE nothing 9223372036854775807
(error) ERR invalid expire time in 'expire' command
> EXPIRE nothing 10
(integer) 0
> PEXPIREAT k 9007199254740991
(integer) 1
> PEXPIRETIME k
(integer) 9007199254740991
> EXPIREAT k 9007199254740
(integer) 1
> PEXPIRETIME k
(integer) 9007199254740000
# The past deletes
> EXPIRE k 0
(integer) 1
> EXISTS k
(integer) 0
> SET k v
OK
> PEXPIRE k -9223372036854775808
(integer) 1
> EXISTS k
(integer) 0
> SET k v
OK
> EXPIREAT k 1
(integer) 1
> EXISTS k
(integer) 0
> SET k v
OK
> PEXPIREAT k -1
(integer) 1
> DBSIZE
(integer) 0
`,
);

test('a key lives through the millisecond it was given and not longer', async () => {
  await withPlayer(async (player) => {
    await player.play([['SET', 'k', 'v', 'PX', '1500']]);
    assert.deepEqual(
      await player.play([
        ['PTTL', 'k'],
        ['TTL', 'k'],
      ]),
      [1500, 2],
    );
    player.now += 1001;
    assert.deepEqual(
      await player.play([
        ['PTTL', 'k'],
        ['TTL', 'k'],
      ]),
      [499, 0],
    );
    player.now += 499;
    assert.deepEqual(
      await player.play([
        ['PTTL', 'k'],
        ['EXISTS', 'k'],
      ]),
      [0, 1],
    );
    player.now += 1;
    assert.deepEqual(await player.play([['PTTL', 'k'], ['EXISTS', 'k'], ['DBSIZE']]), [-2, 0, 0]);
  });
});

test('an expired key is no target in the way: RENAMENX, COPY, MOVE and SETNX take its place', async () => {
  await withPlayer(async (player) => {
    const expiring = ['a', 'b', 'c'].map((key) => ['SET', key, 'old', 'PX', '10']);
    await player.play([...expiring, ['SELECT', '1'], ['SET', 'd', 'old', 'PX', '10'], ['SELECT', '0']]);
    await player.play(['x', 'y', 'd'].map((key) => ['SET', key, 'new']));
    player.now += 11;
    const replies = await player.play([
      ['RENAMENX', 'x', 'a'],
      ['COPY', 'y', 'b'],
      ['SETNX', 'c', 'new'],
      ['MOVE', 'd', '1'],
      ['MGET', 'a', 'b', 'c', 'd', 'x'],
      ['PTTL', 'b'],
    ]);
    const value = bulk('new');
    assert.deepEqual(replies, [1, 1, 1, 1, [value, value, value, null, null], -1]);
    player.verify();
  });
});

test('points in time beyond 2^53 ms, the year 287396, are rounded', async () => {
  await withPlayer(async (player) => {
    const replies = await player.play([
      ['SET', 'k', 'v', 'PXAT', '9223372036854775807'],
      ['PEXPIRETIME', 'k'],
      ['EXPIRETIME', 'k'],
    ]);
    assert.deepEqual(replies, ['OK', 9_223_372_036_854_774_784n, 9_223_372_036_854_774n]);
  });
});
