/** The client's connection with real servers: this node, and a real redis-server if one is installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Connection, type ConnectionEvent, type ConnectionOptions, utf8Text } from '#layers/client';
import { ReplyVerbatim } from '#layers/resp';
import { installed, startNuthatch, startRedis, type TestServer } from './kit/servers.js';

const PASSWORD = 'sécret word';
const TEXT = { decode: utf8Text };
/** For calls that must not fail because the machine is busy. */
const DEADLINE_MS = 10_000;

const servers: Record<string, (() => Promise<TestServer | undefined>) | undefined> = {
  nuthatch: () => startNuthatch(['--password', PASSWORD]),
  redis: installed('redis-server') ? () => startRedis(['--requirepass', PASSWORD]) : undefined,
};

for (const [name, start] of Object.entries(servers)) {
  describe(`connection with ${name}`, { skip: start === undefined && `no ${name} is installed` }, () => {
    let server: TestServer;
    before(async () => {
      server = (await start?.()) as TestServer;
    });
    after(async () => {
      await server?.stop();
    });

    async function connected(options: ConnectionOptions = {}): Promise<Connection> {
      const connection = new Connection({
        port: server.port,
        password: PASSWORD,
        deadlineMs: DEADLINE_MS,
        connectDeadlineMs: DEADLINE_MS,
        ...options,
      });
      await connection.ready();
      return connection;
    }

    test('it is let in, named and set up, and carries any bytes', async () => {
      const connection = await connected({ host: 'localhost', database: 2, clientName: 'app-1' });
      assert.match(connection.server?.version ?? '', /^\d+\.\d+/);
      const info = await connection.call(['CLIENT', 'INFO'], TEXT);
      const line = info instanceof ReplyVerbatim ? info.body : '';
      assert.match(line, /name=app-1 .*db=2 .*resp=3/);
      const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const large = new Uint8Array(3_000_000).fill(7);
      const values = ['', 'grüße €', every, 42, -1.5, large];
      const stored = values.map((value, i) => connection.call(['SET', `k${i}`, value, 'PX', 60_000]));
      assert.deepEqual(new Set(await Promise.all(stored)), new Set(['OK']));
      assert.deepEqual(await connection.call(['MGET', 'k0', 'k1', 'k3', 'k4', 'none'], TEXT), [
        '',
        'grüße €',
        '42',
        '-1.5',
        null,
      ]);
      assert.deepEqual(await connection.call(['GET', 'k2']), every);
      assert.deepEqual(await connection.call(['GET', 'k5']), large);
      await assert.rejects(connection.call(['INCR', 'k1']), { replyCode: 'ERR', retryable: false });
      connection.close();
    });

    test('a hundred callers at once each get their own answer', async () => {
      const connection = await connected();
      const caller = async (id: number): Promise<void> => {
        for (let i = 0; i < 50; i++) {
          const value = `${id}:${i}`.repeat(1 + ((id * i) % 40));
          const set = connection.call(['SET', `caller:${id}`, value]);
          const get = connection.call(['GET', `caller:${id}`], TEXT);
          assert.deepEqual(await Promise.all([set, get]), ['OK', value]);
        }
      };
      await Promise.all(Array.from({ length: 100 }, (_, id) => caller(id)));
      assert.equal(connection.pendingCalls, 0);
      connection.close();
    });

    test('invalidations of tracked keys stand where they happened', async () => {
      const happened: unknown[] = [];
      const reader = await connected({
        setup: [['CLIENT', 'TRACKING', 'ON']],
        onPush: (items) => happened.push(items),
      });
      const noted = { ...TEXT, take: (reply: unknown) => happened.push(reply) };
      await reader.call(['SET', 'tracked', 'old']);
      happened.length = 0;
      // Its own write invalidates, too: between the two reads, in one write and maybe one read.
      await Promise.all([
        reader.call(['GET', 'tracked'], noted),
        reader.call(['SET', 'tracked', 'new'], noted),
        reader.call(['GET', 'tracked'], noted),
      ]);
      const pushed = happened.findIndex((item) => Array.isArray(item));
      assert.deepEqual(happened[pushed], ['invalidate', ['tracked']]);
      assert.ok(pushed > 0 && pushed < 3, `before the second read: ${JSON.stringify(happened)}`);
      happened.splice(pushed, 1);
      assert.deepEqual(happened, ['old', 'OK', 'new']);
      reader.close();
    });

    test('a wrong password is refused, once', async () => {
      const events: ConnectionEvent[] = [];
      const options = { password: 'wrong', onEvent: (event: ConnectionEvent) => events.push(event) };
      await assert.rejects(connected(options), { code: 'AUTHENTICATION' });
      await assert.rejects(connected({ password: undefined } as unknown as ConnectionOptions), {
        code: 'AUTHENTICATION',
        message: /wants a password/,
      });
      assert.equal(events.length, 1);
    });

    test('a stopped server costs its callers their deadline, and is found again', async () => {
      const broken: ConnectionEvent[] = [];
      const connection = await connected({
        deadlineMs: 50,
        maxSilenceMs: 100,
        onEvent: (event) => {
          if (event.kind === 'broken') broken.push(event);
        },
      });
      server.signal('SIGSTOP');
      try {
        await assert.rejects(connection.call(['GET', 'k']), { code: 'DEADLINE', retryable: true });
        // Time of the host: the connection is left after 100 ms of silence.
        while (connection.state === 'ready') await connection.call(['GET', 'k']).catch(() => {});
        assert.ok(broken[0]?.kind === 'broken' && broken[0].error.code === 'UNRESPONSIVE');
        await assert.rejects(connection.call(['GET', 'k']), { code: 'NOT_CONNECTED' });
      } finally {
        server.signal('SIGCONT');
      }
      await connection.ready();
      assert.equal(await connection.call(['SET', 'k', 'v'], { deadlineMs: DEADLINE_MS }), 'OK');
      connection.close();
    });
  });
}

test('a process whose connection nobody waits for ends by itself', async () => {
  const server = await startNuthatch();
  try {
    const program = fileURLToPath(new URL('./client/idle-process.js', import.meta.url));
    const run = spawnSync(process.execPath, [program, String(server.port)], { timeout: 20_000 });
    assert.deepEqual([run.signal, run.status, run.stdout.toString()], [null, 0, 'v'], run.stderr.toString());
  } finally {
    await server.stop();
  }
});
