import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../resp/index.js';
import { withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'BITFIELD answers as Redis',
  String.raw`
# Reading and writing fields
> BITFIELD f SET i5 100 1 GET u4 0
1) (integer) 0
2) (integer) 0
> STRLEN f
(integer) 14
> BITFIELD f INCRBY i5 100 1 GET u4 0
1) (integer) 2
2) (integer) 0
> BITFIELD f SET u8 #1 255 GET u8 8 GET i8 #1 GET u16 #0
1) (integer) 0
2) (integer) 255
3) (integer) -1
4) (integer) 255
> GET f
"\x00\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00"
> BITFIELD f SET u5 7 23
1) (integer) 15
> GET f
"\x01\x7f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00"
> BITFIELD f SET i64 1 -9223372036854775808 GET i64 1 GET u63 1
1) (integer) 215609832160362496
2) (integer) -9223372036854775808
3) (integer) 4611686018427387904
> BITFIELD f GET u8 4294967280
1) (integer) 0
> BITFIELD nothing GET u8 0
1) (integer) 0
> EXISTS nothing
(integer) 0
> BITFIELD nothing
(empty array)
# Overflow
> BITFIELD o INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
1) (integer) 1
2) (integer) 1
> BITFIELD o INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
1) (integer) 2
2) (integer) 2
> BITFIELD o INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
1) (integer) 3
2) (integer) 3
> BITFIELD o INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
1) (integer) 0
2) (integer) 3
> BITFIELD o OVERFLOW FAIL INCRBY u2 102 1 OVERFLOW WRAP INCRBY u2 102 1
1) (nil)
2) (integer) 0
> BITFIELD o SET i8 0 127 INCRBY i8 0 1 OVERFLOW SAT INCRBY i8 0 -100 OVERFLOW FAIL SET i8 0 128
1) (integer) 0
2) (integer) -128
3) (integer) -128
4) (nil)
> BITFIELD o OVERFLOW SAT SET u8 0 -1 GET u8 0 SET i8 0 -1000 GET i8 0
1) (integer) 128
2) (integer) 255
3) (integer) -1
4) (integer) -128
> BITFIELD o OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0
1) (integer) -128
2) (integer) 127
> BITFIELD o SET i64 0 9223372036854775807 INCRBY i64 0 1 OVERFLOW SAT INCRBY i64 0 -1
1) (integer) 9151314442816847872
2) (integer) -9223372036854775808
3) (integer) -9223372036854775808
> BITFIELD o OVERFLOW FAIL INCRBY u63 0 9223372036854775807
1) (nil)
# A failed write still makes room
> BITFIELD room OVERFLOW FAIL SET u2 14 9
1) (nil)
> STRLEN room
(integer) 2
# Errors
> BITFIELD f GET u64 0
(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD f GET i65 0
(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD f GET u0 0
(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD f GET x8 0
(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD f GET U8 0
(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD f GET i08 0
(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
> BITFIELD f GET u8 -1
(error) ERR bit offset is not an integer or out of range
> BITFIELD f GET u8 x
(error) ERR bit offset is not an integer or out of range
> BITFIELD f GET u8 4294967296
(error) ERR bit offset is not an integer or out of range
> BITFIELD f GET u8 #536870912
(error) ERR bit offset is not an integer or out of range
> BITFIELD f GET u8 #9223372036854775807
(error) ERR bit offset is not an integer or out of range
> BITFIELD f GET u8 #9999999999999999999
(error) ERR bit offset is not an integer or out of range
> BITFIELD f SET u8 0 x
(error) ERR value is not an integer or out of range
> BITFIELD f SET u8 0
(error) ERR syntax error
> BITFIELD f GET u8
(error) ERR syntax error
> BITFIELD f FOO u8 0
(error) ERR syntax error
> BITFIELD f OVERFLOW
(error) ERR syntax error
> BITFIELD f OVERFLOW FOO
(error) ERR Invalid OVERFLOW type specified
> BITFIELD_RO f GET u8 0
1) (integer) 64
> BITFIELD_RO f SET u8 0 1
(error) ERR BITFIELD_RO only supports the GET subcommand
> BITFIELD_RO f OVERFLOW SAT GET u8 0
1) (integer) 64
`,
);

test('a field that would end beyond the largest value is refused', async () => {
  await withPlayer(async (player) => {
    const [error, exists] = await player.play([
      ['BITFIELD', 'f', 'SET', 'u8', '4294967290', '1'],
      ['EXISTS', 'f'],
    ]);
    assert.ok(error instanceof ReplyError);
    assert.equal(error.text, 'ERR bit offset is not an integer or out of range');
    assert.equal(exists, 0);
  });
});
