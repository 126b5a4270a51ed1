import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, resp3, type TestClient } from '../test-client.testkit.js';
import { refusals } from './gate.js';
import { p, q, r, twoShards, withMember } from './member.testkit.js';

const OK = '+OK\r\n';
const moved = (slot: number, port: number) => `-MOVED ${slot} 127.0.0.1:${port}\r\n`;
const error = (text: string) => `-${text}\r\n`;

describe('who is served where', () => {
  test('keys of this shard are served, others are at another node, and no command spans slots', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      await client.exchange('SET bar 1', OK);
      await client.exchange('GET bar', '$1\r\n1\r\n');
      await client.exchange('GET foo', moved(12182, q.port));
      await client.exchange('SET foo 1', moved(12182, q.port));
      await client.exchange('MGET bar hello', error(refusals.crossSlot));
      await client.exchange('MGET foo bar', error(refusals.crossSlot));
      await client.exchange('MSET {bar}1 1 {bar}2 2', OK);
      await client.exchange('MEMORY USAGE foo', moved(12182, q.port));
      await client.exchange('SSUBSCRIBE foo', moved(12182, q.port));
      await client.exchange('WATCH foo', moved(12182, q.port));
      await client.exchange('DBSIZE', ':3\r\n');
    });
  });

  test('a replica redirects, reads for whoever says READONLY, and writes nothing', async () => {
    await withMember({ self: r }, async (node) => {
      const client = await node.connect();
      await client.exchange('GET bar', moved(5061, p.port));
      await client.exchange('READONLY', OK);
      await client.exchange('GET bar', '$-1\r\n');
      await client.exchange('WATCH bar', OK);
      await client.exchange('SET bar 1', moved(5061, p.port));
      await client.exchange('GET foo', moved(12182, q.port));
      await client.exchange('SSUBSCRIBE bar', moved(5061, p.port));
      await client.exchange('FLUSHALL', error(refusals.readOnlyReplica));
      await client.exchange('MULTI', OK);
      await client.exchange('GET bar', '+QUEUED\r\n');
      await client.exchange('EXEC', '*1\r\n$-1\r\n');
      await client.exchange('READWRITE', OK);
      await client.exchange('GET bar', moved(5061, p.port));
    });
  });

  test('a slot that nobody serves, and a former life of this node, are no address', async () => {
    const lost = twoShards({ primary: undefined });
    await withMember({ self: r, topology: lost, role: 'none' }, async (node) => {
      const client = await node.connect();
      await client.exchange('GET bar', error(refusals.notServed));
      await client.exchange('GET foo', moved(12182, q.port));
      await client.exchange('FLUSHALL', error(refusals.noShard));
    });
    const former = twoShards({ primary: { node: p.node, incarnation: '0-z' } });
    await withMember({ topology: former, role: 'none' }, async (node) => {
      const client = await node.connect();
      await client.exchange('GET bar', error(refusals.notServed));
    });
  });

  test('before a topology is known only what needs no key is done', async () => {
    await withMember({ topology: undefined, role: 'none' }, async (node) => {
      const client = await node.connect();
      await client.exchange('GET bar', error(refusals.noTopology));
      await client.exchange('FLUSHALL', error(refusals.noTopology));
      await client.exchange('PING', '+PONG\r\n');
      await client.exchange('CLUSTER SLOTS', '*0\r\n');
      assert.match(String(await client.ask('CLUSTER', 'INFO')), /^cluster_state:fail/);
      assert.doesNotMatch(String(await client.ask('INFO', 'server')), /nuthatch_cluster_id/);
      node.member.become('primary', 1, twoShards());
      await client.exchange('SET bar 1', OK);
      assert.match(String(await client.ask('CLUSTER', 'INFO')), /^cluster_state:ok/);
      assert.match(String(await client.ask('INFO', 'server')), /^nuthatch_cluster_id:test\r$/m);
    });
  });

  test('other databases are refused', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      await client.exchange('SELECT 0', OK);
      await client.exchange('SELECT 1', error('ERR SELECT is not allowed in cluster mode'));
      await client.exchange('SWAPDB 0 1', error('ERR SWAPDB is not allowed in cluster mode'));
      await client.exchange('MOVE bar 1', error('ERR MOVE is not allowed in cluster mode'));
      await client.exchange(
        'COPY bar {bar}1 DB 1',
        error('ERR Copying to another database is not allowed in cluster mode'),
      );
      await client.exchange('REPLICAOF NO ONE', error('ERR REPLICAOF not allowed in cluster mode.'));
    });
  });
});

describe('transactions', () => {
  test('what is refused as it is queued loses the transaction', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      await client.exchange('MULTI', OK);
      await client.exchange('SET foo 1', moved(12182, q.port));
      await client.exchange('SET bar 1', '+QUEUED\r\n');
      await client.exchange('EXEC', '-EXECABORT Transaction discarded because of previous errors.\r\n');
      await client.exchange('EXISTS bar', ':0\r\n');
    });
  });

  test('EXEC looks at all keys again', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      await client.exchange('MULTI', OK);
      await client.exchange('SET bar 1', '+QUEUED\r\n');
      await client.exchange('SET hello 1', '+QUEUED\r\n');
      await client.exchange('EXEC', error(refusals.crossSlot));
      await client.exchange('MULTI', OK);
      await client.exchange('SET bar 1', '+QUEUED\r\n');
      node.member.become('replica', 2, twoShards({ epoch: 2, primary: lifeOf(r), replicas: [inSync(p)] }, 2));
      await client.exchange('EXEC', moved(5061, r.port));
      await client.exchange('EXEC', '-ERR EXEC without MULTI\r\n');
    });
  });

  test('EXEC of a write without keys is refused by who has become a replica', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      await client.exchange('MULTI', OK);
      await client.exchange('FLUSHALL', '+QUEUED\r\n');
      node.member.become('replica', 2, twoShards({ epoch: 2, primary: lifeOf(r), replicas: [inSync(p)] }, 2));
      await client.exchange(
        'EXEC',
        error(`EXECABORT Transaction discarded because of: ${refusals.readOnlyReplica}`),
      );
    });
  });
});

describe('without a lease', () => {
  test('writes are refused before anything is done, and reads go on for max-stale', async () => {
    await withMember({ maxStaleMs: 5_000 }, async (node) => {
      const client = await node.connect();
      await client.exchange('SET bar 1', OK);
      node.member.loseLease();
      await client.exchange('SET bar 2', error(refusals.noLease));
      await client.exchange('DEL bar', error(refusals.noLease));
      await client.exchange('FLUSHALL', error(refusals.noLease));
      await client.exchange('LEASE.GET bar WRITE', error(refusals.noLease));
      node.member.isStaleForMs = 5_000;
      await client.exchange('GET bar', '$1\r\n1\r\n');
      node.member.isStaleForMs = 5_001;
      await client.exchange('GET bar', error(refusals.stale));
      await client.exchange('CONFIG SET max-stale -1', OK);
      await client.exchange('GET bar', '$1\r\n1\r\n');
    });
  });

  test('when reads end, clients that track are told to drop what they have kept', async () => {
    await withMember({ maxStaleMs: 5_000 }, async (node) => {
      const client = await tracker(await node.connect());
      await client.exchange('GET bar', '_\r\n');
      node.member.loseLease();
      node.member.isStaleForMs = 5_000;
      node.inside.cron.tick();
      await client.quiet();
      node.member.isStaleForMs = 5_001;
      node.inside.cron.tick();
      await client.expect('>2\r\n$10\r\ninvalidate\r\n_\r\n');
      node.inside.cron.tick();
      await client.quiet();
    });
  });

  test('a silent in-sync set stops the writes too', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      node.member.hasSilentReplicas = true;
      await client.exchange('SET bar 1', error(refusals.silentReplicas));
      await client.exchange('GET bar', '$-1\r\n');
      node.member.hasSilentReplicas = false;
      await client.exchange('SET bar 1', OK);
    });
  });
});

describe('who hangs on what leaves', () => {
  test('tracked keys, watches, waiters and shard subscribers are told', async () => {
    await withMember({}, async (node) => {
      const tracking = await tracker(await node.connect());
      await tracking.exchange('GET bar', '_\r\n');
      const watching = await node.connect();
      await watching.exchange('WATCH bar', OK);
      const subscribed = await node.connect();
      await subscribed.exchange('SSUBSCRIBE bar', '*3\r\n$10\r\nssubscribe\r\n$3\r\nbar\r\n:1\r\n');
      const holder = await node.connect();
      await holder.ask('LEASE.GET', '{bar}1');
      const blocked = await node.connect();
      blocked.send('LEASE.GET', '{bar}1', 'WAIT', '100000');
      await eventually(() => node.inside.waits.count === 1, 'it is blocked');
      const pushed = await node.connect();
      await resp3(pushed);
      assert.equal(((await pushed.ask('LEASE.GET', '{bar}1')) as string[])[0], 'wait');

      node.member.become('replica', 2, twoShards({ epoch: 2, primary: lifeOf(r), replicas: [inSync(p)] }, 2));
      await tracking.expect('>2\r\n$10\r\ninvalidate\r\n_\r\n');
      await subscribed.expect('*3\r\n$12\r\nsunsubscribe\r\n$3\r\nbar\r\n:0\r\n');
      await blocked.expect(moved(5061, r.port));
      await pushed.expect('>3\r\n$5\r\nlease\r\n$6\r\n{bar}1\r\n$5\r\nfreed\r\n');
      await watching.exchange('MULTI', OK);
      await watching.exchange('PING', '+QUEUED\r\n');
      await watching.exchange('EXEC', '*-1\r\n');
    });
  });

  test('a topology that changes nothing here disturbs nobody', async () => {
    await withMember({}, async (node) => {
      const tracking = await tracker(await node.connect());
      await tracking.exchange('GET bar', '_\r\n');
      node.member.become('primary', 1, twoShards({ syncVersion: 2 }, 2));
      await tracking.exchange('PING', '+PONG\r\n');
    });
  });

  test('slots that leave are enough', async () => {
    await withMember({}, async (node) => {
      const tracking = await tracker(await node.connect());
      await tracking.exchange('GET bar', '_\r\n');
      const fewer = {
        ...twoShards({}, 2),
        slots: [
          { first: 0, last: 99, shard: 1 },
          { first: 100, last: 16383, shard: 2 },
        ],
      };
      node.member.become('primary', 1, fewer);
      await tracking.expect('>2\r\n$10\r\ninvalidate\r\n_\r\n');
      await tracking.exchange('GET bar', moved(5061, q.port));
    });
  });
});

describe('load leases', () => {
  test('how many invalidations were sent says nothing of what others may change: without the lease, and of a replica', async () => {
    await withMember({}, async (node) => {
      const client = await tracker(await node.connect());
      await client.exchange('LEASE.PUSHES', ':0\r\n');
      node.member.loseLease();
      await client.exchange('LEASE.PUSHES', '_\r\n');
    });
    await withMember({ self: r }, async (node) => {
      const client = await tracker(await node.connect());
      await client.exchange('LEASE.PUSHES', '_\r\n');
    });
  });

  test('tokens name the epoch, and end with it', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      const [, token] = (await client.ask('LEASE.GET', 'bar')) as string[];
      assert.match(token, /^[0-9a-f]{12}\.1\.1\./);
      node.member.become('primary', 2, twoShards({ epoch: 2 }, 2));
      await client.exchange(`LEASE.FILL bar ${token} old`, ':0\r\n');
      const [status, another] = (await client.ask('LEASE.GET', 'bar')) as string[];
      assert.equal(status, 'load');
      assert.match(another, /^[0-9a-f]{12}\.1\.2\./);
      await client.exchange(`LEASE.FILL bar ${another} new`, ':1\r\n');
    });
  });

  test('a replica looks, and grants nothing', async () => {
    await withMember({ self: r }, async (node) => {
      const client = await node.connect();
      await client.exchange('LEASE.GET bar', moved(5061, p.port));
      await client.exchange('READONLY', OK);
      node.member.isStaleForMs = 7.5;
      assert.deepEqual(await client.ask('LEASE.GET', 'bar'), ['miss', 8]);
      assert.deepEqual(await client.ask('LEASE.GET', 'bar', 'WAIT', '1000'), ['miss', 8]);
      await client.exchange('LEASE.FILL bar * v', moved(5061, p.port));
      await client.exchange('LEASE.RENEW bar x', moved(5061, p.port));
      node.member.isStaleForMs = 30_001;
      await client.exchange('LEASE.GET bar', error(refusals.stale));
    });
  });

  test('who is cut off grants, says so with each answer, and stores nothing', async () => {
    await withMember({}, async (node) => {
      const client = await node.connect();
      await client.exchange('SET {bar}hit v', OK);
      assert.deepEqual(await client.ask('LEASE.GET', '{bar}hit'), ['hit', 'v', -1, 0]);
      node.member.loseLease();
      node.member.isStaleForMs = 250;
      assert.deepEqual(await client.ask('LEASE.GET', '{bar}hit'), ['hit', 'v', -1, 0, 250]);
      const load = (await client.ask('LEASE.GET', 'bar')) as [string, string, number, number];
      assert.deepEqual([load[0], load.length, load[3]], ['load', 4, 250]);
      const another = await node.connect();
      const wait = (await another.ask('LEASE.GET', 'bar')) as [string, number, number];
      assert.deepEqual([wait[0], wait.length, wait[2]], ['wait', 3, 250]);
      await client.exchange(`LEASE.RENEW bar ${load[1]}`, ':1\r\n');
      await client.exchange(`LEASE.FILL bar ${load[1]} v`, error(refusals.cutOff));
      // The load is over with that, and the next who asks may load.
      const again = (await another.ask('LEASE.GET', 'bar')) as [string, string, number, number];
      assert.equal(again[0], 'load');
      await another.exchange(`LEASE.FAIL bar ${again[1]} broken`, ':1\r\n');
      assert.deepEqual(await client.ask('LEASE.GET', 'bar'), ['failed', 'broken', 250]);
    });
  });
});

describe('WAIT and ROLE', () => {
  test('WAIT counts who has what was written', async () => {
    await withMember({}, async (node) => {
      const { member } = node;
      const follower = (offset: number) => [{ node: r.node, offset, lagMs: 0, isInSync: true }];
      member.followers = follower(0);
      const client = await node.connect();
      await client.exchange('SET bar 1', OK);
      await client.exchange('WAIT 0 0', ':0\r\n');
      await client.exchange('WAIT 1 1', ':0\r\n');
      client.send('WAIT', '1', '100000');
      await eventually(() => node.inside.waits.count === 1, 'it waits');
      member.followers = follower(member.offset);
      member.listener.confirmed();
      await client.expect(':1\r\n');
      await client.exchange('WAIT 1 0', ':1\r\n');
      client.send('WAIT', '2', '0');
      await eventually(() => node.inside.waits.count === 1, 'it waits');
      member.become('replica', 2, twoShards({ epoch: 2, primary: lifeOf(r), replicas: [inSync(p)] }, 2));
      await client.expect(error(refusals.roleChanged));
      client.send('WAIT', '1', '1');
      await client.expect('-ERR WAIT cannot be used with replica instances.');
      client.close();
    });
  });

  test('ROLE, HELLO and INFO tell the role and the offsets', async () => {
    await withMember({}, async (node) => {
      node.member.followers = [{ node: r.node, offset: 1, lagMs: 1200, isInSync: true }];
      const client = await node.connect();
      await client.exchange('SET bar 1', OK);
      assert.deepEqual(await client.ask('ROLE'), ['master', 1, [['127.0.0.1', '7003', '1']]]);
      const info = String(await client.ask('INFO'));
      assert.match(info, /redis_mode:cluster/);
      assert.match(info, /cluster_enabled:1/);
      assert.match(
        info,
        /role:master\r\nconnected_slaves:1\r\nslave0:ip=127.0.0.1,port=7003,state=online,offset=1,lag=1\r\n/,
      );
    });
    await withMember({ self: r }, async (node) => {
      const client = await node.connect();
      assert.deepEqual(await client.ask('ROLE'), ['slave', '127.0.0.1', 7001, 'connected', 0]);
      node.member.isStaleForMs = 2_500;
      const info = String(await client.ask('INFO', 'replication'));
      assert.match(
        info,
        /role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:7001\r\nmaster_link_status:down\r\nmaster_last_io_seconds_ago:2\r\n/,
      );
      const hello = (await client.ask('HELLO', '2')) as (string | number)[];
      assert.equal(hello[hello.indexOf('mode') + 1], 'cluster');
      assert.equal(hello[hello.indexOf('role') + 1], 'replica');
    });
  });
});

const lifeOf = ({ node, incarnation }: typeof p) => ({ node, incarnation });
const inSync = (node: typeof p) => ({ ...lifeOf(node), isInSync: true });

async function tracker(client: TestClient): Promise<TestClient> {
  await resp3(client);
  await client.exchange('CLIENT TRACKING ON', OK);
  return client;
}
