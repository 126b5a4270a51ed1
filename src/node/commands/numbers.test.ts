import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../resp/index.js';
import { bulk, withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'counters answer as Redis',
  `
# Counters
> INCR n
(integer) 1
> INCRBY n 41
(integer) 42
> DECR n
(integer) 41
> DECRBY n 50
(integer) -9
> GET n
"-9"
> INCRBY n 9007199254740991
(integer) 9007199254740982
> INCRBY n 9007199254740993
(integer) 18014398509481975
> SET n 9007199254740991
OK
> INCR n
(integer) 9007199254740992
> INCR n
(integer) 9007199254740993
> GET n
"9007199254740993"
> DECRBY n 3
(integer) 9007199254740990
> SET n 9223372036854775806
OK
> INCR n
(integer) 9223372036854775807
> INCR n
(error) ERR increment or decrement would overflow
> GET n
"9223372036854775807"
> INCRBY n -1
(integer) 9223372036854775806
> SET n -9223372036854775808
OK
> DECR n
(error) ERR increment or decrement would overflow
> INCRBY n 9223372036854775807
(integer) -1
> DECRBY n -9223372036854775808
(error) ERR decrement would overflow
> DECRBY n 9223372036854775808
(error) ERR value is not an integer or out of range
> INCRBY n 9223372036854775808
(error) ERR value is not an integer or out of range
> SET n 18014398509481984
OK
> DECRBY n 18014398509481985
(integer) -1
> SET n 100
OK
> DECR n
(integer) 99
> STRLEN n
(integer) 2
# What is no integer
> SET n " 1"
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n "1 "
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n 0x10
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n 1e3
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n +5
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n -0
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n 00
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n ""
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n 1.0
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n 92233720368547758070
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n -
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n 10
OK
> INCRBY n 1.5
(error) ERR value is not an integer or out of range
> INCRBY n ""
(error) ERR value is not an integer or out of range
> INCRBY n +1
(error) ERR value is not an integer or out of range
> INCRBY n abc
(error) ERR value is not an integer or out of range
> GET n
"10"
# The lifetime stays
> SET t 9 EXAT 4102444800
OK
> INCR t
(integer) 10
> INCRBYFLOAT t 0.5
"10.5"
> EXPIRETIME t
(integer) 4102444800
# INCRBYFLOAT
> INCRBYFLOAT f 3.0e-1
"0.3"
> INCRBYFLOAT f 0.1
"0.4"
> INCRBYFLOAT f -0.4
"0"
> INCRBYFLOAT f 1e400
"10000000000000000000281880683947586514586453433629052038625910693539685534008629862039363994848324160522094053927317616200295822777259255734023828976593340661017797447434546173917862448116674971723778943824391593338047470675026246684401359237513603830343735485505244955964979021825038280091068414947402456898653040951017512658092615827588920183472511643316591362664138176309734806343732497430221946880"
> GET f
"10000000000000000000281880683947586514586453433629052038625910693539685534008629862039363994848324160522094053927317616200295822777259255734023828976593340661017797447434546173917862448116674971723778943824391593338047470675026246684401359237513603830343735485505244955964979021825038280091068414947402456898653040951017512658092615827588920183472511643316591362664138176309734806343732497430221946880"
> INCRBYFLOAT f 1e5000
(error) ERR value is not a valid float
> INCRBYFLOAT f inf
(error) ERR increment would produce NaN or Infinity
> INCRBYFLOAT f nan
(error) ERR value is not a valid float
> INCRBYFLOAT f abc
(error) ERR value is not a valid float
> INCRBYFLOAT f ""
(error) ERR value is not a valid float
> INCRBYFLOAT f " 1"
(error) ERR value is not a valid float
> SET f abc
OK
> INCRBYFLOAT f 1
(error) ERR value is not a valid float
> SET f 9223372036854775807
OK
> INCRBYFLOAT f 1
"9223372036854775808"
> INCR f
(error) ERR value is not an integer or out of range
> SET n 123456789012345678901
OK
> INCR n
(error) ERR value is not an integer or out of range
> SET n x1234567890123456789012345
OK
> INCR n
(error) ERR value is not an integer or out of range
`,
);

test('INCRBYFLOAT reads a value of up to 5119 bytes', async () => {
  await withPlayer(async (player) => {
    const [, sum] = await player.play([
      ['SET', 'k', `1.${'0'.repeat(5117)}`],
      ['INCRBYFLOAT', 'k', '1'],
    ]);
    assert.deepEqual(sum, bulk('2'));
    const [, error] = await player.play([
      ['SET', 'k', `1.${'0'.repeat(5118)}`],
      ['INCRBYFLOAT', 'k', '1'],
    ]);
    assert.ok(error instanceof ReplyError);
    assert.equal(error.text, 'ERR value is not a valid float');
  });
});
