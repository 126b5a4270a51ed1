import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulk, withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'commands on bits answer as Redis',
  String.raw`
# SETBIT and GETBIT
> SETBIT b 7 1
(integer) 0
> GET b
"\x01"
> SETBIT b 7 0
(integer) 1
> SETBIT b 7 0
(integer) 0
> SETBIT b 17 1
(integer) 0
> GET b
"\x00\x00@"
> GETBIT b 17
(integer) 1
> GETBIT b 16
(integer) 0
> GETBIT b 4294967295
(integer) 0
> GETBIT nothing 0
(integer) 0
> GETBIT b 4294967296
(error) ERR bit offset is not an integer or out of range
> GETBIT b -1
(error) ERR bit offset is not an integer or out of range
> GETBIT b x
(error) ERR bit offset is not an integer or out of range
> SETBIT b 4294967296 1
(error) ERR bit offset is not an integer or out of range
> SETBIT b -1 1
(error) ERR bit offset is not an integer or out of range
> SETBIT b 0 2
(error) ERR bit is not an integer or out of range
> SETBIT b 0 x
(error) ERR bit is not an integer or out of range
> SETBIT b 0 -1
(error) ERR bit is not an integer or out of range
> SET n 1
OK
> GETBIT n 2
(integer) 1
# BITCOUNT
> SET c "foobar"
OK
> BITCOUNT c
(integer) 26
> BITCOUNT c 0 0
(integer) 4
> BITCOUNT c 1 1
(integer) 6
> BITCOUNT c 1 1 BYTE
(integer) 6
> BITCOUNT c 5 30 BIT
(integer) 17
> BITCOUNT c 0 -1
(integer) 26
> BITCOUNT c -2 -1
(integer) 7
> BITCOUNT c -1 -2
(integer) 0
> BITCOUNT c 100 200
(integer) 0
> BITCOUNT c -3 -1 BIT
(integer) 1
> BITCOUNT c 5 5 bit
(integer) 1
> BITCOUNT c 1
(error) ERR syntax error
> BITCOUNT c 1 1 BYTE x
(error) ERR syntax error
> BITCOUNT c 1 1 FOO
(error) ERR syntax error
> BITCOUNT c -1 -2 FOO
(integer) 0
> BITCOUNT c a 1
(error) ERR value is not an integer or out of range
> BITCOUNT nothing
(integer) 0
> BITCOUNT nothing a b
(integer) 0
# BITPOS
> SET p "\xff\xf0\x00"
OK
> BITPOS p 0
(integer) 12
> BITPOS p 1 2
(integer) -1
> BITPOS p 1 -3
(integer) 0
> BITPOS p 0 0 0
(integer) -1
> BITPOS p 0 0
(integer) 12
> BITPOS p 1 2 -1
(integer) -1
> BITPOS p 1 7 15 BIT
(integer) 7
> BITPOS p 0 7 15 BIT
(integer) 12
> BITPOS p 0 3 5 BIT
(integer) -1
> BITPOS p 0 -1 -100
(integer) -1
> BITPOS p 1 -1 -100
(integer) -1
> BITPOS p 1 -100 -1 BYTE
(integer) 0
> SET ones "\xff\xff\xff"
OK
> BITPOS ones 0
(integer) 24
> BITPOS ones 0 1
(integer) 24
> BITPOS ones 0 0 -1
(integer) -1
> BITPOS ones 0 5
(integer) -1
> BITPOS ones 1 3
(integer) -1
> BITPOS p 2
(error) ERR The bit argument must be 1 or 0.
> BITPOS p x
(error) ERR value is not an integer or out of range
> BITPOS p 1 x
(error) ERR value is not an integer or out of range
> BITPOS p 1 0 0 FOO
(error) ERR syntax error
> BITPOS p 1 0 0 BIT x
(error) ERR syntax error
> BITPOS nothing 0
(integer) 0
> BITPOS nothing 1
(integer) -1
> BITPOS nothing 1 0 0 BIT x
(integer) -1
> SET empty ""
OK
> BITPOS empty 0
(integer) -1
> BITPOS empty 1
(integer) -1
# BITOP
> SET x "abc"
OK
> SET y "\x0f"
OK
> BITOP AND r x y
(integer) 3
> GET r
"\x01\x00\x00"
> BITOP OR r x y nothing
(integer) 3
> GET r
"obc"
> BITOP xor r x y x
(integer) 3
> GET r
"\x0f\x00\x00"
> BITOP NOT r y
(integer) 1
> GET r
"\xf0"
> BITOP NOT x x
(integer) 3
> GET x
"\x9e\x9d\x9c"
> BITOP NOT r x y
(error) ERR BITOP NOT must be called with a single source key.
> BITOP NAND r x y
(error) ERR syntax error
> EXPIREAT r 4102444800
(integer) 1
> BITOP AND r nothing x
(integer) 3
> TTL r
(integer) -1
> BITOP OR r nothing nothing2
(integer) 0
> EXISTS r
(integer) 0
`,
);

test('values larger than what is looked at in one go', async () => {
  await withPlayer(async (player) => {
    const bytes = 3_000_001;
    const bits = bytes * 8;
    const replies = await player.play([
      ['SETRANGE', 'zeros', `${bytes - 1}`, '\0'],
      ['BITOP', 'NOT', 'ones', 'zeros'],
      ['BITCOUNT', 'ones'],
      ['BITCOUNT', 'ones', '3', '-6', 'BIT'],
      ['BITPOS', 'ones', '0'],
      ['BITPOS', 'zeros', '1'],
      ['SETBIT', 'zeros', `${bits - 3}`, '1'],
      ['BITPOS', 'zeros', '1'],
      ['BITPOS', 'zeros', '1', '2500000'],
      ['BITOP', 'XOR', 'mixed', 'ones', 'zeros'],
      ['BITCOUNT', 'mixed'],
      ['BITPOS', 'mixed', '0'],
      ['SET', 'short', '\xff\xff\xff\xff\xff'],
      ['BITOP', 'AND', 'mixed', 'mixed', 'short'],
      ['STRLEN', 'mixed'],
      ['BITCOUNT', 'mixed'],
      ['GETRANGE', 'mixed', '0', '6'],
    ]);
    assert.deepEqual(replies, [
      bytes,
      bytes,
      bits,
      bits - 8,
      bits,
      -1,
      0,
      bits - 3,
      bits - 3,
      bytes,
      bits - 1,
      bits - 3,
      'OK',
      bytes,
      bytes,
      40,
      bulk('\xff\xff\xff\xff\xff\0\0'),
    ]);
  });
});
