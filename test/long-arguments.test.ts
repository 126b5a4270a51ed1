/**
 * Arguments as long as values, where a name, a number or a pattern belongs. Each gets an answer, at once: such a text is
 * neither made a string whole (the engine's strings end before a value does), nor matched, nor kept.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RawConnection } from './kit/connection.js';
import { startNuthatch, type TestServer } from './kit/servers.js';

const long = Buffer.alloc(20_000_000, 'a');
const digits = Buffer.alloc(20_000_000, '1');
const tooLong = (what: string): string =>
  `-ERR ${what} is too long: it has ${long.length} bytes, the limit is 131072`;

let node: TestServer;

before(async () => {
  node = await startNuthatch(['--max-clients-memory', '1gb'], ['--max-old-space-size=256']);
});

after(async () => node?.stop());

/** The command, and how its reply begins. */
const cases: readonly [args: (string | Buffer)[], reply: string | number | null][] = [
  [[long], "-ERR unknown command 'aaaa"],
  [['CLIENT', long], "-ERR unknown subcommand 'aaaa"],
  [['KEYS', long], tooLong('pattern')],
  [['SCAN', '0', 'MATCH', long], tooLong('pattern')],
  [['SCAN', digits], '-ERR invalid cursor'],
  [['CONFIG', 'GET', long], tooLong('pattern')],
  [['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', long], tooLong('pattern')],
  [['PUBSUB', 'CHANNELS', long], tooLong('pattern')],
  [['PSUBSCRIBE', long], tooLong('pattern')],
  [['SUBSCRIBE', long], tooLong('channel')],
  [['UNSUBSCRIBE', long], tooLong('channel')],
  [['PUBLISH', long, 'message'], tooLong('channel')],
  [['WATCH', long], 'OK'],
  [['CLIENT', 'SETNAME', long], '-ERR Client names have 1024 bytes at most'],
  [['AUTH', long], '-ERR AUTH <password> called without any password configured'],
  [['INCRBY', 'n', digits], '-ERR value is not an integer or out of range'],
  [['INCRBYFLOAT', 'n', digits], '-ERR value is not a valid float'],
  [['GET', long], null],
];

test('an argument as long as a value, in the place of a name, is answered', async () => {
  const client = await RawConnection.open(node.port);
  for (const [args, reply] of cases) {
    const answer = await client.call(...args);
    const shown =
      typeof answer === 'string' && typeof reply === 'string' ? answer.slice(0, reply.length) : answer;
    assert.deepEqual(shown, reply, String(args[0]).slice(0, 20));
    assert.ok(typeof answer !== 'string' || answer.length < 1000, 'what is long is not repeated whole');
  }
  assert.equal(node.ended, undefined, node.output);
  client.close();
});

test('a pattern may be longer than an array of the engine', async () => {
  const client = await RawConnection.open(node.port);
  const answer = await client.call('KEYS', Buffer.alloc(120_000_000, 'a'));
  assert.equal(answer, '-ERR pattern is too long: it has 120000000 bytes, the limit is 131072');
  client.close();
});

test('a client that tracks may read a key longer than any can be', async () => {
  const client = await RawConnection.open(node.port);
  await client.call('HELLO', '3');
  assert.equal(await client.call('CLIENT', 'TRACKING', 'ON'), 'OK');
  assert.equal(await client.call('GET', long), null);
  assert.equal(await client.call('PING'), 'PONG');
  client.close();
});
