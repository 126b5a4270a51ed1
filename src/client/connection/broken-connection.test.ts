import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './fake-server.testkit.js';
import { code, withReady } from './staged-connection.testkit.js';

test('what is no protocol, an answer to no call, and an end within an answer break the connection', async () => {
  const ends: readonly [name: string, bytes: string, calls: number, code: string][] = [
    ['garbage', 'HTTP/1.1 400 Bad Request\r\n', 1, 'PROTOCOL'],
    ['an answer too many', '+OK\r\n+OK\r\n', 1, 'PROTOCOL'],
    ['an answer that nobody asked for', '+OK\r\n', 0, 'PROTOCOL'],
    ['the end within an answer', '$5\r\nab', 1, 'CONNECTION_LOST'],
  ];
  for (const [name, bytes, calls, expected] of ends) {
    await withReady({}, async ({ connection, peer, events }) => {
      const settled = Promise.allSettled(
        Array.from({ length: calls + 1 }, (_, i) =>
          i < calls ? connection.call(['INCR', 'k']) : Promise.resolve(),
        ),
      );
      if (calls > 0) await peer.request();
      peer.write(bytes);
      if (expected === 'CONNECTION_LOST') peer.socket.end();
      await eventually(() => connection.state === 'waiting', `${name} was noticed`);
      const broken = events.at(-1);
      assert.ok(broken?.kind === 'broken' && broken.error.code === expected, `${name}: ${String(broken)}`);
      for (const each of await settled) {
        if (each.status === 'fulfilled') continue;
        assert.equal(each.reason.code, 'CONNECTION_LOST', name);
        assert.equal(each.reason.mayHaveRun, true, name);
        assert.equal(each.reason.cause, broken.error, name);
      }
    });
  }
});

test('calls that were not written when the connection broke surely did not run', async () => {
  await withReady({ deadlineMs: 60_000, maxSilenceMs: 60_000 }, async ({ connection, peer }) => {
    peer.socket.pause();
    const large = connection.call(['SET', 'k', new Uint8Array(30 * 2 ** 20)]);
    await new Promise((resolve) => setImmediate(resolve));
    const behind = connection.call(['INCR', 'k']);
    const settled = Promise.allSettled([large, behind]);
    await new Promise((resolve) => setImmediate(resolve));
    peer.close();
    const [first, second] = await settled;
    assert.ok(first.status === 'rejected' && second.status === 'rejected');
    assert.deepEqual([first.reason.code, first.reason.mayHaveRun], ['CONNECTION_LOST', true]);
    assert.deepEqual([second.reason.code, second.reason.mayHaveRun], ['CONNECTION_LOST', false]);
  });
});

test('what a silent server has not got yet it never gets', async () => {
  await withReady({}, async ({ connection, peer, time }) => {
    peer.socket.pause();
    const lost = assert.rejects(connection.call(['SET', 'k', 'old'], { deadlineMs: 60_000 }));
    const large = new Uint8Array(30 * 2 ** 20);
    const late = assert.rejects(connection.call(['SET', 'l', large]), code('DEADLINE'));
    await new Promise((resolve) => setImmediate(resolve));
    time.advance(220);
    await late;
    time.advance(60_000);
    await lost;
    peer.socket.resume();
    await peer.closed();
    // The server's host had taken some 64 KiB; the client's own had some 4 MB more to deliver.
    assert.ok(peer.socket.bytesRead < 2 ** 20, `${peer.socket.bytesRead} bytes came`);
  });
});

test('a slow reader gets everything in order, in few writes', async () => {
  await withReady({ deadlineMs: 60_000, maxSilenceMs: 60_000 }, async ({ connection, peer }) => {
    peer.socket.pause();
    const calls: Promise<unknown>[] = [];
    const value = 'v'.repeat(100_000);
    for (let turn = 0; turn < 100; turn++) {
      calls.push(connection.call(['SET', `k${turn}`, value]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    peer.socket.resume();
    for (let turn = 0; turn < 100; turn++) {
      const [, key, got] = await peer.request();
      assert.equal(key, `k${turn}`);
      assert.ok(got === value);
      peer.write(`:${turn}\r\n`);
    }
    assert.deepEqual(
      await Promise.all(calls),
      Array.from({ length: 100 }, (_, turn) => turn),
    );
  });
});

test('a handler of pushes that throws loses a push, so the connection is begun anew', async () => {
  const onPush = (): void => {
    throw new RangeError('mine');
  };
  await withReady({ onPush }, async ({ peer, events }) => {
    const uncaught = new Promise<unknown>((resolve) => {
      process.setUncaughtExceptionCaptureCallback(resolve);
    });
    peer.write('>1\r\n+x\r\n');
    assert.ok((await uncaught) instanceof RangeError, 'the mistake is not hidden');
    process.setUncaughtExceptionCaptureCallback(null);
    const broken = events.at(-1);
    assert.ok(broken?.kind === 'broken' && broken.error.cause instanceof RangeError);
  });
});

test('who closes in the middle of a chunk hears nothing of its rest', async () => {
  await withReady({}, async ({ connection, peer, happened }) => {
    const closing = connection.call(['GET', 'a'], { take: () => connection.close() });
    const behind = assert.rejects(connection.call(['GET', 'b']), code('CLOSED'));
    await peer.request();
    await peer.request();
    peer.write('_\r\n>1\r\n+invalidate\r\n$1\r\nb\r\n>1\r\n+invalidate\r\n');
    await closing;
    await behind;
    await peer.closed();
    assert.deepEqual(happened, []);
  });
});
