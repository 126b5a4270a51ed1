import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../resp/index.js';
import { withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'LCS answers as Redis',
  `
# The subsequence, its length, its places
> MSET a ohmytext b mynewtext
OK
> LCS a b
"mytext"
> LCS a b LEN
(integer) 6
> LCS a b IDX
1) "matches"
2) 1) 1) 1) (integer) 4
         2) (integer) 7
      2) 1) (integer) 5
         2) (integer) 8
   2) 1) 1) (integer) 2
         2) (integer) 3
      2) 1) (integer) 0
         2) (integer) 1
3) "len"
4) (integer) 6
> LCS a b IDX MINMATCHLEN 4
1) "matches"
2) 1) 1) 1) (integer) 4
         2) (integer) 7
      2) 1) (integer) 5
         2) (integer) 8
3) "len"
4) (integer) 6
> LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
1) "matches"
2) 1) 1) 1) (integer) 4
         2) (integer) 7
      2) 1) (integer) 5
         2) (integer) 8
      3) (integer) 4
3) "len"
4) (integer) 6
> LCS a b IDX MINMATCHLEN -3
1) "matches"
2) 1) 1) 1) (integer) 4
         2) (integer) 7
      2) 1) (integer) 5
         2) (integer) 8
   2) 1) 1) (integer) 2
         2) (integer) 3
      2) 1) (integer) 0
         2) (integer) 1
3) "len"
4) (integer) 6
> LCS a nothing
""
> LCS a nothing LEN
(integer) 0
> LCS a nothing IDX
1) "matches"
2) (empty array)
3) "len"
4) (integer) 0
> LCS a a IDX WITHMATCHLEN
1) "matches"
2) 1) 1) 1) (integer) 0
         2) (integer) 7
      2) 1) (integer) 0
         2) (integer) 7
      3) (integer) 8
3) "len"
4) (integer) 8
> LCS a b LEN IDX
(error) ERR If you want both the length and indexes, please just use IDX.
> LCS a b MINMATCHLEN
(error) ERR syntax error
> LCS a b MINMATCHLEN x
(error) ERR value is not an integer or out of range
> LCS a b FOO
(error) ERR syntax error
> MSET a 0110100110010110 b 1001011001101001
OK
> LCS a b
"100011001110"
> LCS a b IDX
1) "matches"
2) 1) 1) 1) (integer) 15
         2) (integer) 15
      2) 1) (integer) 14
         2) (integer) 14
   2) 1) 1) (integer) 14
         2) (integer) 14
      2) 1) (integer) 12
         2) (integer) 12
   3) 1) 1) (integer) 13
         2) (integer) 13
      2) 1) (integer) 10
         2) (integer) 10
   4) 1) 1) (integer) 6
         2) (integer) 11
      2) 1) (integer) 4
         2) (integer) 9
   5) 1) 1) (integer) 5
         2) (integer) 5
      2) 1) (integer) 2
         2) (integer) 2
   6) 1) 1) (integer) 2
         2) (integer) 3
      2) 1) (integer) 0
         2) (integer) 1
3) "len"
4) (integer) 12
`,
);

test('LCS refuses what would take Redis more than 512 MB', async () => {
  await withPlayer(async (player) => {
    const [, error] = await player.play([
      ['MSET', 'a', 'x'.repeat(12_000), 'b', 'x'.repeat(12_000)],
      ['LCS', 'a', 'b'],
    ]);
    assert.ok(error instanceof ReplyError);
    assert.equal(error.text, 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len');
  });
});
