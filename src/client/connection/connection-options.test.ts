import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientOptionsError, Connection, type ConnectionOptions } from '../index.js';
import { connectionDefaults, resolveConnectionOptions } from './connection-options.js';

test('defaults are filled in, also for what is given as undefined', () => {
  const none = resolveConnectionOptions();
  assert.equal(none.host, '127.0.0.1');
  assert.equal(none.deadlineMs, 200);
  const given = { deadlineMs: undefined, port: 1 } as unknown as ConnectionOptions;
  const some = resolveConnectionOptions(given);
  assert.deepEqual([some.deadlineMs, some.port], [200, 1]);
  assert.ok(Object.isFrozen(some) && Object.isFrozen(connectionDefaults));
});

test('all problems are told together, each with its value and a remedy, and no password', () => {
  const wrong = {
    host: 'redis://h',
    port: 0,
    database: -1,
    username: 'u',
    clientName: 'my app',
    setup: ['CLIENT TRACKING ON'],
    deadlineMs: 1.5,
    firstRetryMs: 100,
    maxRetryMs: 10,
    tls: { cert: 'no certificate' },
    prot: 6379,
  } as unknown as ConnectionOptions;
  assert.throws(
    () => new Connection(wrong),
    (error: unknown) => {
      assert.ok(error instanceof ClientOptionsError);
      const [unknown, ...rest] = error.problems;
      assert.match(unknown, /^prot is no option of a connection; the options are host, port, /);
      assert.match(rest.pop() ?? '', /^tls cannot be used \(.*\); check ca, cert, key and passphrase\.$/);
      assert.deepEqual(rest, [
        'port is 0; give an integer from 1 to 65535.',
        'database is -1; give an integer from 0 to 2147483647.',
        'deadlineMs is 1.5; give an integer from 1 to 2147483647.',
        'maxRetryMs is 10, less than firstRetryMs (100); raise it.',
        `host is "redis://h"; give a name or an IP address such as '10.0.0.1'.`,
        "username is 'u' and there is no password; give both, or neither.",
        'clientName is "my app"; give printable ASCII without blanks.',
        "setup is no list of commands; give one such as [['CLIENT', 'TRACKING', 'ON']].",
      ]);
      return true;
    },
  );
  assert.throws(() => new Connection({ host: 'h:6379' }), /host is 'h:6379'; give .* the port as port/);
  assert.equal(resolveConnectionOptions({ host: '::1' }).address, '[::1]:6379');
  const secret = { password: 12345, tls: 'yes' } as unknown as ConnectionOptions;
  assert.throws(() => new Connection(secret), /password is of type number.*tls is yes/);
});
