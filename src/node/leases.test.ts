import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError, ReplyPush } from '../resp/index.js';
import { eventually, resp3, type TestClient, withNode } from './test-client.testkit.js';

type Answer = (string | number | null)[];

async function get(client: TestClient, ...words: string[]): Promise<Answer> {
  const reply = await client.ask('LEASE.GET', ...words);
  assert.ok(Array.isArray(reply), `an answer is an array: ${JSON.stringify(reply)}`);
  return reply as Answer;
}

/** Takes the lease of a key that is not there. */
async function token(client: TestClient, ...words: string[]): Promise<string> {
  const [status, token] = await get(client, ...words);
  assert.equal(status, 'load');
  assert.equal(typeof token, 'string');
  return token as string;
}

async function pushed(client: TestClient): Promise<unknown[]> {
  const push = await client.reply();
  assert.ok(push instanceof ReplyPush, `a push comes: ${JSON.stringify(push)}`);
  return push.items;
}

test('one loads, others wait, and all read what was filled', async () => {
  await withNode({}, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    await resp3(b);
    const mine = await token(a, 'k');
    const [wait, left] = await get(b, 'k');
    assert.equal(wait, 'wait');
    assert.ok(Number(left) > 0 && Number(left) <= 5000);
    assert.equal(await a.ask('LEASE.FILL', 'k', mine, 'v', 'PX', '10000', 'FRESH', '8000', 'LOAD', '12'), 1);
    assert.deepEqual(await pushed(b), ['lease', 'k', 'filled']);
    const [status, value, fresh, load] = await get(b, 'k');
    assert.deepEqual([status, value, load], ['hit', 'v', 12]);
    assert.ok(Number(fresh) > 0 && Number(fresh) <= 8000, 'until it is stale, not until it is gone');
    assert.equal(await b.ask('GET', 'k'), 'v');
    assert.ok(Number(await b.ask('PTTL', 'k')) > 8000);
    assert.equal(await a.ask('LEASE.FILL', 'k', mine, 'again'), 0, 'a token is good once');
    assert.equal(node.inside.leases.table.records.count, 0);
    assert.equal(node.inside.leases.table.records.usedBytes, 0);
  });
});

test('a delete, also of nothing, a write and a flush make a token void; expiry and eviction do not', async () => {
  const time = { wallMs: 1_800_000_000_000 };
  const clock = { wallMs: () => time.wallMs, monotonicMs: () => performance.now() };
  await withNode({ clock }, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    const voids: string[][] = [
      ['DEL', 'k'],
      ['UNLINK', 'k'],
      ['GETDEL', 'k'],
      ['SET', 'k', 'x'],
      ['SET', 'k', 'x', 'NX'],
      ['APPEND', 'k', 'x'],
      ['LEASE.FILL', 'k', '*', 'x'],
      ['LEASE.EXPIRE', 'k'],
      ['LEASE.GET', 'k', 'WRITE'],
      ['FLUSHDB'],
      ['FLUSHALL'],
      ['SWAPDB', '0', '1'],
    ];
    for (const command of voids) {
      await a.ask('FLUSHALL');
      const mine = await token(a, 'k');
      await b.ask(...command);
      assert.equal(await a.ask('LEASE.FILL', 'k', mine, 'old'), 0, `${command.join(' ')} makes it void`);
      assert.notEqual(await a.ask('GET', 'k'), 'old');
      await b.ask('RESET');
    }
    for (const command of [
      ['DEL', 'other'],
      ['GET', 'k'],
      ['TOUCH', 'k'],
      ['EXPIRE', 'k', '5'],
      ['FLUSHDB'],
    ]) {
      await a.ask('FLUSHALL');
      const mine = await token(a, 'k');
      if (command[0] === 'FLUSHDB') await b.ask('SELECT', '3');
      await b.ask(...command);
      assert.equal(await a.ask('LEASE.FILL', 'k', mine, 'v'), 1, `${command.join(' ')} leaves it good`);
    }
    await a.ask('LEASE.FILL', 'k', '*', 'v', 'PX', '5000');
    const early = (await get(a, 'k', 'EARLY'))[4];
    time.wallMs += 5_001;
    assert.equal(await a.ask('GET', 'k'), null);
    assert.equal(await a.ask('LEASE.FILL', 'k', String(early), 'v'), 1, 'expiry leaves it good');
    const refresh = (await get(a, 'k', 'EARLY'))[4];
    const large = 'x'.repeat(2 ** 20);
    for (let i = 0; i < 16; i++) await a.ask('SET', `large:${i}`, large);
    assert.equal(await a.ask('EXISTS', 'k'), 0, 'it was evicted');
    assert.equal(await a.ask('LEASE.FILL', 'k', String(refresh), 'v'), 1, 'eviction leaves it good');
  });
});

test('leases of keys with a prefix are made void together, and their waiters told', async () => {
  await withNode({}, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    await resp3(b);
    const tokens = new Map<string, string>();
    for (const key of ['t:1', 't:2', 'u:1']) tokens.set(key, await token(a, key));
    const fill = (key: string) => a.ask('LEASE.FILL', key, String(tokens.get(key)), 'v');
    await get(b, 't:1');
    await a.ask('SELECT', '1');
    assert.equal(await a.ask('LEASE.VOID', ''), 0, 'another database');
    await a.ask('SELECT', '0');
    assert.equal(await a.ask('LEASE.VOID', 't:'), 2);
    assert.deepEqual(await pushed(b), ['lease', 't:1', 'freed']);
    assert.deepEqual([await fill('t:1'), await fill('t:2'), await fill('u:1')], [0, 0, 1]);
    await token(a, 'x');
    assert.equal(await a.ask('LEASE.VOID', ''), 1);
  });
});

test('a lease is free when its connection closes, is reset, gives it back, or its time is over', async () => {
  const time = { passedMs: 0 };
  const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() + time.passedMs };
  await withNode({ clock }, async (node) => {
    const b = await node.connect();
    await resp3(b);
    const ends: ((a: TestClient, token: string) => unknown)[] = [
      (a) => a.close(),
      (a) => a.send('RESET'),
      (a, mine) => a.send('LEASE.FAIL', 'k', mine),
      (a) => a.send('QUIT'),
    ];
    for (const end of ends) {
      const a = await node.connect();
      const mine = await token(a, 'k');
      assert.equal((await get(b, 'k'))[0], 'wait');
      end(a, mine);
      assert.deepEqual(await pushed(b), ['lease', 'k', 'freed']);
      const next = await token(b, 'k');
      assert.notEqual(next, mine);
      assert.equal(await b.ask('LEASE.FAIL', 'k', next), 1);
    }
    const a = await node.connect();
    await token(a, 'k', 'LEASE', '20000');
    assert.equal((await get(b, 'k'))[0], 'wait');
    time.passedMs = 20_001;
    assert.deepEqual(await pushed(b), ['lease', 'k', 'freed'], 'nobody renewed it');
  });
});

test('a lease that is renewed lasts', async () => {
  await withNode({}, async (node) => {
    const a = await node.connect();
    const mine = await token(a, 'k', 'LEASE', '60000');
    assert.equal(await a.ask('LEASE.RENEW', 'k', mine), 1);
    assert.equal(await a.ask('LEASE.RENEW', 'k', mine, 'LEASE', '10'), 1);
    await eventually(() => node.inside.leases.table.records.count === 0, 'the lease is over');
    assert.equal(await a.ask('LEASE.RENEW', 'k', mine), 0);
    assert.equal(await a.ask('LEASE.FILL', 'k', mine, 'v'), 0);
  });
});

test('an error is shared for a moment', async () => {
  await withNode({}, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    await resp3(b);
    const mine = await token(a, 'k');
    assert.equal((await get(b, 'k'))[0], 'wait');
    assert.equal(await a.ask('LEASE.FAIL', 'k', mine, 'no database', 'PX', '60000'), 1);
    assert.deepEqual(await pushed(b), ['lease', 'k', 'failed']);
    assert.deepEqual(await get(b, 'k'), ['failed', 'no database']);
    assert.deepEqual(await get(a, 'k'), ['failed', 'no database']);
    assert.equal(await a.ask('DEL', 'k'), 0);
    const next = await token(b, 'k');
    assert.equal(await b.ask('LEASE.FAIL', 'k', next, 'brief', 'PX', '5'), 1);
    await eventually(() => node.inside.leases.table.records.count === 0, 'the error is forgotten');
    await token(b, 'k');
  });
});

test('what is stale is served while one refreshes it', async () => {
  await withNode({}, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    assert.equal(await a.ask('LEASE.FILL', 'k', '*', 'old', 'PX', '60000', 'FRESH', '50000', 'LOAD', '7'), 1);
    assert.equal(await a.ask('LEASE.EXPIRE', 'k', 'nothing'), 1);
    const [status, value, since, load, mine] = await get(a, 'k');
    assert.deepEqual([status, value, load], ['refresh', 'old', 7]);
    assert.ok(Number(since) >= 0);
    const [other, same, , , left] = await get(b, 'k');
    assert.deepEqual([other, same], ['stale', 'old']);
    assert.ok(Number(left) > 0);
    assert.equal(await b.ask('GET', 'k'), 'old', 'a plain GET reads it as well');
    assert.equal(await a.ask('LEASE.FAIL', 'k', String(mine), 'down', 'PX', '60000'), 1);
    const failed = await get(b, 'k');
    assert.deepEqual([failed[0], failed[1], failed[2], failed[4]], ['failed', 'down', 'old', 7]);
    assert.deepEqual((await get(b, 'k', 'NOLEASE')).slice(0, 2), ['stale', 'old']);
  });
});

test('a plain value is fresh for as long as it lives, and can be made stale', async () => {
  await withNode({}, async (node) => {
    const a = await node.connect();
    await a.ask('SET', 'k', 'v');
    assert.deepEqual(await get(a, 'k'), ['hit', 'v', -1, 0]);
    await a.ask('PEXPIRE', 'k', '60000');
    const [, , left] = await get(a, 'k');
    assert.ok(Number(left) > 50_000 && Number(left) <= 60_000);
    assert.equal(await a.ask('LEASE.EXPIRE', 'k'), 1);
    assert.equal((await get(a, 'k'))[0], 'refresh');
    assert.ok(Number(await a.ask('PTTL', 'k')) > 50_000);
    await a.ask('SET', 'k', 'w');
    assert.deepEqual(await get(a, 'k'), ['hit', 'w', -1, 0], 'a write is fresh again');
  });
});

test('one refreshes early; the others hit', async () => {
  await withNode({}, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    await a.ask('LEASE.FILL', 'k', '*', 'v', 'PX', '60000');
    const [status, value, since, , mine] = await get(a, 'k', 'EARLY');
    assert.deepEqual([status, value, since], ['refresh', 'v', 0]);
    assert.equal((await get(b, 'k', 'EARLY'))[0], 'hit');
    assert.equal((await get(b, 'k'))[0], 'hit');
    assert.equal(await a.ask('LEASE.FILL', 'k', String(mine), 'w'), 1);
  });
});

test('what is known not to be there is no value', async () => {
  await withNode({}, async (node) => {
    const a = await node.connect();
    await a.ask('LEASE.FILL', 'k', await token(a, 'k'), 'null', 'PX', '60000', 'ABSENT');
    assert.deepEqual((await get(a, 'k')).slice(0, 2), ['hit', null]);
    assert.equal(await a.ask('GET', 'k'), 'null', 'a plain GET reads what was stored for it');
    assert.equal(await a.ask('APPEND', 'k', 'able'), 8);
    assert.deepEqual((await get(a, 'k')).slice(0, 2), ['hit', 'nullable'], 'what others wrote is a value');
    await a.ask('LEASE.FILL', 'k', '*', 'null', 'PX', '60000', 'ABSENT');
    await a.ask('SETRANGE', 'k', '0', 'f');
    assert.deepEqual((await get(a, 'k')).slice(0, 2), ['hit', 'full']);
  });
});

test('writers: the key is deleted, readers wait, overlapping writers fill nothing', async () => {
  await withNode({}, async (node) => {
    const [a, b, c] = [await node.connect(), await node.connect(), await node.connect()];
    await a.ask('SET', 'k', 'old');
    const first = await token(a, 'k', 'WRITE');
    assert.equal(await c.ask('GET', 'k'), null);
    assert.equal((await get(c, 'k'))[0], 'wait');
    assert.equal(await a.ask('LEASE.FILL', 'k', first, 'new'), 1);
    assert.equal(await c.ask('GET', 'k'), 'new');

    const [one, two] = [await token(a, 'k', 'WRITE'), await token(b, 'k', 'WRITE')];
    assert.equal(await b.ask('LEASE.FILL', 'k', two, 'two'), 0);
    const three = await token(c, 'k', 'WRITE');
    assert.equal(await c.ask('LEASE.FILL', 'k', three, 'three'), 0, 'the first one still writes');
    assert.equal(await a.ask('LEASE.FILL', 'k', one, 'one'), 0);
    assert.equal(await a.ask('GET', 'k'), null);
    assert.equal(node.inside.leases.table.records.count, 0);
    const alone = await token(b, 'k', 'WRITE');
    assert.equal(await c.ask('DEL', 'k'), 0);
    assert.equal(await b.ask('LEASE.FILL', 'k', alone, 'v'), 0, 'deleted while it wrote');
  });
});

test('LEASE.GET ... WAIT answers when the load has ended, on any connection', async () => {
  await withNode({}, async (node) => {
    const [a, b, c] = [await node.connect(), await node.connect(), await node.connect()];
    const mine = await token(a, 'k');
    b.send('LEASE.GET', 'k', 'WAIT', '60000');
    c.send('LEASE.GET', 'k', 'WAIT', '60000');
    await eventually(() => node.inside.waits.count === 2, 'both wait');
    await a.ask('LEASE.FILL', 'k', mine, 'v');
    assert.deepEqual(((await b.reply()) as Answer).slice(0, 2), ['hit', 'v']);
    assert.deepEqual(((await c.reply()) as Answer).slice(0, 2), ['hit', 'v']);
    await a.ask('DEL', 'k');
    await token(a, 'k');
    b.send('LEASE.GET', 'k', 'WAIT', '60000');
    c.send('LEASE.GET', 'k', 'WAIT', '60000');
    await eventually(() => node.inside.waits.count === 2, 'both wait again');
    a.close();
    const [status, next] = (await b.reply()) as Answer;
    assert.equal(status, 'load', 'one of them takes over');
    await b.ask('LEASE.FILL', 'k', String(next), 'w');
    assert.deepEqual(((await c.reply()) as Answer).slice(0, 2), ['hit', 'w']);
    await token(b, 'x');
    assert.equal((await get(c, 'x', 'WAIT', '1'))[0], 'wait', 'the time is over');
    await c.quiet();
    assert.equal(node.inside.waits.count, 0);
  });
});

test('a fill is a read that is tracked, and others are told of it', async () => {
  await withNode({}, async (node) => {
    const [a, b, c] = [await node.connect(), await node.connect(), await node.connect()];
    for (const client of [a, b]) {
      await resp3(client);
      await client.ask('CLIENT', 'TRACKING', 'ON', 'NOLOOP');
    }
    const mine = await token(a, 'k');
    assert.equal((await get(b, 'k'))[0], 'wait');
    await a.ask('LEASE.FILL', 'k', mine, 'v');
    assert.deepEqual(await pushed(b), ['lease', 'k', 'filled']);
    assert.deepEqual(await pushed(b), ['invalidate', ['k']]);
    await get(b, 'k');
    await c.ask('DEL', 'k');
    assert.deepEqual(await pushed(a), ['invalidate', ['k']]);
    assert.deepEqual(await pushed(b), ['invalidate', ['k']]);
    b.send('LEASE.GET', 'w', 'WAIT', '60000');
    const other = ((await b.reply()) as Answer)[1];
    a.send('LEASE.GET', 'w', 'WAIT', '60000');
    await eventually(() => node.inside.waits.count === 1, 'it waits');
    await b.ask('LEASE.FILL', 'w', String(other), 'v');
    const replies = [await a.reply(), await a.reply()];
    assert.ok(
      replies.some((reply) => Array.isArray(reply) && reply[0] === 'hit'),
      'the waiter is answered',
    );
    await c.ask('DEL', 'w');
    assert.deepEqual(await pushed(a), ['invalidate', ['w']], 'what was waited for is tracked');
  });
});

test('without room for leases one may load, but not fill', async () => {
  await withNode({}, async (node) => {
    const a = await node.connect();
    node.inside.leases.table.records.maxBytes = 0;
    assert.deepEqual(await get(a, 'k'), ['load', null, 0]);
    assert.deepEqual(await get(a, 'k', 'WRITE'), ['load', null, 0]);
    await a.ask('SET', 'k', 'v');
    await a.ask('LEASE.EXPIRE', 'k');
    assert.deepEqual(
      (await get(a, 'k')).filter((_, i) => i !== 2),
      ['refresh', 'v', 0, null],
    );
    await a.ask('SET', 'k', 'v');
    assert.equal((await get(a, 'k', 'EARLY'))[0], 'hit');
  });
});

test('bad arguments are refused with the limit', async () => {
  await withNode({}, async (node) => {
    const a = await node.connect();
    const errorOf = async (...words: string[]): Promise<string> => {
      const reply = await a.ask(...words);
      assert.ok(reply instanceof ReplyError, `${words.join(' ')}: ${JSON.stringify(reply)}`);
      return reply.text;
    };
    const range = (value: string, min: number, max: number) =>
      `ERR ${value} ms is out of range: it must be from ${min} to ${max}`;
    assert.equal(await errorOf('LEASE.GET', 'k', 'LEASE', '0'), range('0', 1, 60_000));
    assert.equal(await errorOf('LEASE.GET', 'k', 'LEASE', '60001'), range('60001', 1, 60_000));
    assert.equal(await errorOf('LEASE.GET', 'k', 'WAIT', 'x'), 'ERR value is not an integer or out of range');
    assert.equal(await errorOf('LEASE.GET', 'k', 'EARLY', 'WRITE'), 'ERR syntax error');
    assert.equal(await errorOf('LEASE.GET', 'k', 'WAIT'), 'ERR syntax error');
    assert.equal(
      await errorOf('LEASE.GET', 'x'.repeat(65_537)),
      'ERR key is too long: the limit is 65536 bytes',
    );
    assert.equal(await errorOf('LEASE.FILL', 'k', 't', 'v', 'PX', '0'), range('0', 1, 3_153_600_000_000));
    assert.equal(await errorOf('LEASE.FILL', 'k', 't', 'v', 'EX', '1'), 'ERR syntax error');
    assert.equal(await errorOf('LEASE.FAIL', 'k', 't', 'why', 'PX'), 'ERR syntax error');
    assert.equal(await errorOf('LEASE.RENEW', 'k', 't', 'PX', '1'), 'ERR syntax error');
    assert.equal(await a.ask('LEASE.FILL', 'k', 'x'.repeat(1000), 'v'), 0);
    const mine = await token(a, 'k');
    const large = 'x'.repeat(17 * 2 ** 20);
    assert.match(await errorOf('LEASE.FILL', 'k', mine, large), /^OOM/);
    assert.equal((await get(a, 'k'))[0], 'load', 'the lease is free again');
  });
});

test('in a transaction nothing waits, and pushes come after it', async () => {
  await withNode({}, async (node) => {
    const [a, b] = [await node.connect(), await node.connect()];
    await token(a, 'k');
    await resp3(b);
    await b.exchange('MULTI', '+OK\r\n');
    await b.exchange('LEASE.GET k WAIT 60000', '+QUEUED\r\n');
    const [answer] = (await b.ask('EXEC')) as Answer[];
    assert.equal(answer?.[0], 'wait');
    a.close();
    assert.deepEqual(await pushed(b), ['lease', 'k', 'freed']);
  });
});
