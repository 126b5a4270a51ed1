import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulk, type Player, withPlayer } from './player.testkit.js';
import { testTranscript } from './transcript.testkit.js';

testTranscript(
  'SCAN and KEYS answer as Redis',
  String.raw`
# Errors and options
> SET only 1
OK
> SCAN 0
1) "0"
2) 1) "only"
> SCAN 0 COUNT 100 MATCH on*
1) "0"
2) 1) "only"
> SCAN 0 MATCH *x*
1) "0"
2) (empty array)
> SCAN 0 MATCH *
1) "0"
2) 1) "only"
> SCAN 0 TYPE string
1) "0"
2) 1) "only"
> SCAN 0 TYPE STRING
1) "0"
2) 1) "only"
> SCAN 0 TYPE list
1) "0"
2) (empty array)
> SCAN 0 TYPE nonsense
1) "0"
2) (empty array)
> SCAN x
(error) ERR invalid cursor
> SCAN -
(error) ERR invalid cursor
> SCAN 18446744073709551616
(error) ERR invalid cursor
> SCAN 1.0
(error) ERR invalid cursor
> SCAN " 0"
(error) ERR invalid cursor
> SCAN ""
1) "0"
2) 1) "only"
> SCAN +0
1) "0"
2) 1) "only"
> SCAN 0 COUNT 0
(error) ERR syntax error
> SCAN 0 COUNT -1
(error) ERR syntax error
> SCAN 0 COUNT x
(error) ERR value is not an integer or out of range
> SCAN 0 COUNT
(error) ERR syntax error
> SCAN 0 FOO 1
(error) ERR syntax error
> SCAN 0 COUNT 9223372036854775807
1) "0"
2) 1) "only"
# KEYS
> KEYS *
1) "only"
> KEYS o?ly
1) "only"
> KEYS [a-n]*
(empty array)
> KEYS [^o]*
(empty array)
> KEYS o\nly
1) "only"
> KEYS only
1) "only"
> KEYS ""
(empty array)
`,
);

const KEYS = 3000;

/** Scans to the end; between calls `meanwhile` may change what it likes. */
async function scanAll(
  player: Player,
  options: string[],
  meanwhile?: (call: number) => Promise<void>,
): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  let calls = 0;
  do {
    const [reply] = await player.play([['SCAN', cursor, ...options]]);
    const [next, keys] = reply as [Uint8Array, Uint8Array[]];
    cursor = textOf(next);
    found.push(...keys.map(textOf));
    await meanwhile?.(calls++);
  } while (cursor !== '0');
  return found;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

const numbers = Array.from({ length: KEYS }, (_, i) => i);
const stays = numbers.map((i) => `stays:${i}`);

test('SCAN returns every key once, also across databases', async () => {
  await withPlayer(async (player) => {
    await player.play(stays.map((key) => ['SET', key, 'v']));
    await player.play([['SELECT', '1'], ...numbers.map((i) => ['SET', `other:${i}`, 'v']), ['SELECT', '0']]);
    for (const options of [[], ['COUNT', '1'], ['COUNT', '100'], ['COUNT', '1000000']]) {
      assert.deepEqual((await scanAll(player, options)).sort(), [...stays].sort(), options.join(' '));
    }
    const sevens = stays.filter((key) => key.endsWith('7'));
    assert.deepEqual((await scanAll(player, ['MATCH', '*7', 'COUNT', '50'])).sort(), sevens.sort());
  });
});

test('SCAN returns keys that stay once, while others come and go and the index grows and shrinks', async () => {
  await withPlayer(async (player) => {
    await player.play(stays.map((key) => ['SET', key, 'v']));
    const found = await scanAll(player, ['COUNT', '40'], async (call) => {
      const some = numbers.slice(0, 400).map((i) => `guest:${call % 10}:${i}`);
      await player.play(some.map((key) => (call % 20 < 10 ? ['SET', key, 'v'] : ['DEL', key])));
    });
    assert.deepEqual(found.filter((key) => key.startsWith('stays:')).sort(), [...stays].sort());
  });
});

test('a call of SCAN does a bounded piece of work even if nothing matches', async () => {
  await withPlayer(async (player) => {
    await player.play(stays.map((key) => ['SET', key, 'v']));
    const [reply] = await player.play([['SCAN', '0', 'MATCH', 'nothing', 'COUNT', '10']]);
    const [cursor, keys] = reply as [Uint8Array, Uint8Array[]];
    assert.notEqual(textOf(cursor), '0');
    assert.deepEqual(keys, []);
  });
});

test('SCAN and KEYS do not show what has expired', async () => {
  await withPlayer(async (player) => {
    await player.play([
      ['SET', 'a', 'v', 'PX', '10'],
      ['SET', 'b', 'v'],
    ]);
    player.now += 11;
    const [scanned, listed] = await player.play([
      ['SCAN', '0'],
      ['KEYS', '*'],
    ]);
    assert.deepEqual(scanned, [bulk('0'), [bulk('b')]]);
    assert.deepEqual(listed, [bulk('b')]);
  });
});
