import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../resp/index.js';
import { withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'OBJECT and MEMORY USAGE answer as Redis',
  `
# OBJECT and MEMORY USAGE
> SET n 12345
OK
> OBJECT ENCODING n
"int"
> SET n -9223372036854775808
OK
> OBJECT ENCODING n
"int"
> SET n 9223372036854775808
OK
> OBJECT ENCODING n
"embstr"
> SET n 007
OK
> OBJECT ENCODING n
"embstr"
> SET n 12345678901234567890123456789012345678901234
OK
> OBJECT ENCODING n
"embstr"
> SET n 123456789012345678901234567890123456789012345
OK
> OBJECT ENCODING n
"raw"
> OBJECT ENCODING nothing
(nil)
> OBJECT REFCOUNT n
(integer) 1
> OBJECT REFCOUNT nothing
(nil)
> OBJECT FREQ n
(error) ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
> OBJECT FREQ nothing
(nil)
> OBJECT IDLETIME nothing
(nil)
> OBJECT HELP
 1) OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
 2) ENCODING <key>
 3)     Return the kind of internal representation used in order to store the value
 4)     associated with a <key>.
 5) FREQ <key>
 6)     Return the access frequency index of the <key>. The returned integer is
 7)     proportional to the logarithm of the recent access frequency of the key.
 8) IDLETIME <key>
 9)     Return the idle time of the <key>, that is the approximated number of
10)     seconds elapsed since the last access to the key.
11) REFCOUNT <key>
12)     Return the number of references of the value associated with the specified
13)     <key>.
14) HELP
15)     Prints this help.
> MEMORY USAGE nothing
(nil)
> MEMORY USAGE nothing SAMPLES 0
(nil)
> MEMORY USAGE nothing SAMPLES -1
(error) ERR syntax error
> MEMORY USAGE nothing SAMPLES x
(error) ERR value is not an integer or out of range
> MEMORY USAGE nothing SAMPLES
(error) ERR syntax error
> MEMORY USAGE nothing FOO 1
(error) ERR syntax error
`,
);

test('MEMORY USAGE counts what an entry takes, OBJECT IDLETIME says why it has no answer', async () => {
  await withPlayer(async (player) => {
    const [, small, , large, idle] = await player.play([
      ['SET', 'k'.repeat(16), 'v'.repeat(64)],
      ['MEMORY', 'USAGE', 'k'.repeat(16), 'SAMPLES', '5'],
      ['SET', 'large', 'v'.repeat(1_000_000)],
      ['MEMORY', 'USAGE', 'large'],
      ['OBJECT', 'IDLETIME', 'large'],
    ]);
    assert.ok(typeof small === 'number' && small >= 80 + 28 && small <= 120, `${small}`);
    assert.ok(typeof large === 'number' && large >= 1_000_000 && large <= 1_100_000, `${large}`);
    assert.ok(idle instanceof ReplyError);
    assert.match(idle.text, /^ERR .* idle time not tracked/);
  });
});
