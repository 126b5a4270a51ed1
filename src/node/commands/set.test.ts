import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../resp/index.js';
import { bulk, withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'SET, its older forms and GETEX answer as Redis',
  `
# SET and its conditions
> SET k one
OK
> GET k
"one"
> SET k two NX
(nil)
> SET other 1 XX
(nil)
> SET other 1 nx
OK
> SET k three XX GET
"one"
> SET k four NX GET
"three"
> GET k
"three"
> SET fresh 1 GET
(nil)
> GET fresh
"1"
> SET k five NX XX
(error) ERR syntax error
> SET k five NX NX
(nil)
> SET k five XX XX
OK
> SET k five FOO
(error) ERR syntax error
> SET k five PERSIST
(error) ERR syntax error
> SET k
(error) ERR wrong number of arguments for 'set' command
> SET
(error) ERR wrong number of arguments for 'set' command
# SET with a lifetime
> SET k v EX 100
OK
> TTL k
(integer) 100
> SET k v KEEPTTL
OK
> TTL k
(integer) 100
> SET k v
OK
> TTL k
(integer) -1
> SET k v PXAT 4102444800123
OK
> PEXPIRETIME k
(integer) 4102444800123
> SET k v EXAT 4102444800
OK
> EXPIRETIME k
(integer) 4102444800
> SET k w XX GET KEEPTTL
"v"
> PEXPIRETIME k
(integer) 4102444800000
> SET k v EX 10 EX 20
OK
> TTL k
(integer) 20
> SET k v EX 10 PX 10
(error) ERR syntax error
> SET k v EX 10 KEEPTTL
(error) ERR syntax error
> SET k v KEEPTTL PX 10
(error) ERR syntax error
> SET k v EX
(error) ERR syntax error
> SET k v EX 0
(error) ERR invalid expire time in 'set' command
> SET k v EX -1
(error) ERR invalid expire time in 'set' command
> SET k v PX 0
(error) ERR invalid expire time in 'set' command
> SET k v EXAT -5
(error) ERR invalid expire time in 'set' command
> SET k v EX abc
(error) ERR value is not an integer or out of range
> SET k v EX 1.5
(error) ERR value is not an integer or out of range
> SET k v EX 9223372036854775807
(error) ERR invalid expire time in 'set' command
> SET k v EX 9223372036854775
(error) ERR invalid expire time in 'set' command
> SET k v PX 9223372036854775807
(error) ERR invalid expire time in 'set' command
> SET k v EX 9223372036854775808
(error) ERR value is not an integer or out of range
> SET k v PXAT 9223372036854775808
(error) ERR value is not an integer or out of range
> GET k
"v"
> SET k v EXAT 1
OK
> GET k
(nil)
> EXISTS k
(integer) 0
# The older forms
> SETNX n 1
(integer) 1
> SETNX n 2
(integer) 0
> GET n
"1"
> SETEX e 100 v
OK
> TTL e
(integer) 100
> SETEX e 0 v
(error) ERR invalid expire time in 'setex' command
> SETEX e 9223372036854775807 v
(error) ERR invalid expire time in 'setex' command
> SETEX e x v
(error) ERR value is not an integer or out of range
> PSETEX e 100000 v
OK
> TTL e
(integer) 100
> PSETEX e -1 v
(error) ERR invalid expire time in 'psetex' command
> GETSET e w
"v"
> TTL e
(integer) -1
> GETSET missing 1
(nil)
> GET missing
"1"
# GETEX
> SET g v
OK
> GETEX g
"v"
> TTL g
(integer) -1
> GETEX g EX 100
"v"
> TTL g
(integer) 100
> GETEX g PERSIST
"v"
> TTL g
(integer) -1
> GETEX g EX 100 PERSIST
(error) ERR syntax error
> GETEX g PERSIST PERSIST
"v"
> GETEX g NX
(error) ERR syntax error
> GETEX g EX 0
(error) ERR invalid expire time in 'getex' command
> GETEX nothing EX 0
(nil)
> GETEX nothing
(nil)
> GETEX g PXAT 4102444800123
"v"
> PEXPIRETIME g
(integer) 4102444800123
> GETEX g EXAT 1
"v"
> EXISTS g
(integer) 0
`,
);

testTranscript(
  'SET IFEQ and DELIFEQ answer as Valkey 8.1 and 9.0',
  `
> SET k v IFEQ v
(nil)
> SET k one
OK
> SET k two IFEQ one
OK
> SET k three IFEQ one
(nil)
> GET k
"two"
> SET k three IFEQ one GET
"two"
> SET k three IFEQ two GET
"two"
> SET k four ifeq three EX 100
OK
> SET k five IFEQ four KEEPTTL
OK
> TTL k
(integer) 100
> SET k six IFEQ five
OK
> TTL k
(integer) -1
> SET missing v IFEQ v GET
(nil)
> EXISTS missing
(integer) 0
> SET k v IFEQ
(error) ERR syntax error
> SET k v IFEQ a IFEQ b
(error) ERR syntax error
> SET k v IFEQ a NX
(error) ERR syntax error
> SET k v XX IFEQ a
(error) ERR syntax error
> DELIFEQ k five
(integer) 0
> DELIFEQ k six
(integer) 1
> DELIFEQ k six
(integer) 0
> DELIFEQ k
(error) ERR wrong number of arguments for 'delifeq' command
`,
);

test('a value that does not fit is refused with one error, and the old one stays', async () => {
  const large = 'x'.repeat(3 * 2 ** 20);
  const outOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";
  await withPlayer(
    async (player) => {
      await player.play([['SET', 'k', 'old']]);
      for (const command of [
        ['SET', 'k', large],
        ['SET', 'k', large, 'GET'],
        ['GETSET', 'k', large],
        ['SETEX', 'k', '100', large],
        ['MSET', 'k', 'new', 'other', large],
        ['APPEND', 'k', large],
        ['SETRANGE', 'k', '4000000', 'x'],
        ['SETBIT', 'k', '32000000', '1'],
        ['SETBIT', 'fresh', '32000000', '1'],
        ['BITFIELD', 'k', 'SET', 'u8', '32000000', '1'],
      ]) {
        const [reply, value, count] = await player.play([command, ['GET', 'k'], ['DBSIZE']]);
        assert.ok(reply instanceof ReplyError, command[0]);
        assert.equal(reply.text, outOfMemory, command[0]);
        assert.deepEqual(value, bulk('old'), command[0]);
        assert.equal(count, 1, command[0]);
      }
      player.verify();
    },
    2 * 2 ** 20,
  );
});

test('a key of more than 65536 bytes is refused where it would be stored, and is no key elsewhere', async () => {
  const longest = 'k'.repeat(65_536);
  const tooLong = `${longest}k`;
  await withPlayer(async (player) => {
    const [stored, value, random] = await player.play([
      ['SET', longest, 'v'],
      ['GET', longest],
      ['RANDOMKEY'],
    ]);
    assert.equal(stored, 'OK');
    assert.deepEqual(value, bulk('v'));
    assert.deepEqual(random, bulk(longest));
    const refused = [
      ['SET', tooLong, 'v'],
      ['SET', tooLong, 'v', 'GET'],
      ['SETNX', tooLong, 'v'],
      ['MSET', 'other', 'v', tooLong, 'v'],
      ['INCR', tooLong],
      ['APPEND', tooLong, 'v'],
      ['SETBIT', tooLong, '0', '1'],
      ['BITFIELD', tooLong, 'SET', 'u8', '0', '1'],
      ['BITOP', 'NOT', tooLong, longest],
      ['RENAME', longest, tooLong],
      ['COPY', longest, tooLong],
    ];
    for (const reply of await player.play(refused)) {
      assert.ok(reply instanceof ReplyError);
      assert.equal(reply.text, 'ERR key is too long: the limit is 65536 bytes');
    }
    const answers = await player.play([['GET', tooLong], ['EXISTS', tooLong], ['DEL', tooLong], ['DBSIZE']]);
    assert.deepEqual(answers, [null, 0, 0, 1]);
    player.verify();
  });
});
