import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../resp/index.js';
import { type ClientError, utf8Text } from '../index.js';
import { eventually } from './fake-server.testkit.js';
import { code, withReady } from './staged-connection.testkit.js';

const TEXT = { decode: utf8Text };

test('calls of a tick go in one write, answers come in their order', async () => {
  await withReady({}, async ({ connection, peer }) => {
    const before = peer.chunks.length;
    const calls = ['a', 'b', 'c'].map((key) => connection.call(['GET', key], TEXT));
    assert.equal(connection.pendingCalls, 3);
    for (const key of ['a', 'b', 'c']) assert.deepEqual(await peer.request(), ['GET', key]);
    assert.equal(peer.chunks.length, before + 1, 'one write');
    peer.write('$2\r\nv1\r\n_\r\n$3\r\n\xe2\x82\xac\r\n');
    assert.deepEqual(await Promise.all(calls), ['v1', null, '€']);
    assert.equal(connection.pendingCalls, 0);
    assert.equal(connection.pendingBytes, 0);
  });
});

test('an answer may be split anywhere', async () => {
  await withReady({}, async ({ connection, peer }) => {
    const answers = '$5\r\nfirst\r\n*2\r\n$1\r\nx\r\n:7\r\n';
    for (let at = 1; at < answers.length; at++) {
      const calls = [connection.call(['GET', 'k'], TEXT), connection.call(['MGET', 'k'], TEXT)];
      await peer.request();
      await peer.request();
      peer.write(answers.slice(0, at));
      await eventually(() => connection.pendingCalls < 2 || at < 11, 'the first part was read');
      peer.write(answers.slice(at));
      assert.deepEqual(await Promise.all(calls), ['first', ['x', 7]]);
    }
  });
});

test('bulks are bytes of their own unless a call says otherwise; decoders and takers may fail alone', async () => {
  await withReady({}, async ({ connection, peer }) => {
    const upper = { decode: () => 'X', take: (reply: unknown) => [reply] };
    const throwing = () => {
      throw new RangeError('mine');
    };
    const calls = [
      connection.call(['A']),
      connection.call(['B'], upper),
      connection.call(['C'], { decode: throwing }),
      connection.call(['D'], { take: throwing }),
      connection.call(['E'], { decode: throwing }),
      connection.call(['F'], TEXT),
    ];
    const settled = Promise.allSettled(calls);
    for (const name of 'ABCDEF') assert.deepEqual(await peer.request(), [name]);
    peer.write(
      '$1\r\na\r\n$1\r\nb\r\n*2\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n-ERR e\r\n*1\r\n-ERR inside\r\n',
    );
    const [a, b, c, d, e, f] = await settled;
    assert.deepEqual(a, { status: 'fulfilled', value: Uint8Array.of(97) });
    assert.deepEqual(b, { status: 'fulfilled', value: ['X'] });
    for (const failed of [c, d])
      assert.ok(failed.status === 'rejected' && failed.reason instanceof RangeError);
    assert.ok(e.status === 'rejected' && e.reason.code === 'REPLY');
    assert.deepEqual(f, { status: 'fulfilled', value: [new ReplyError('ERR inside')] });
  });
});

test('what a call makes of an error is its result, made later and not where the error was', async () => {
  await withReady({ maxPendingCalls: 3 }, async ({ connection, peer, time }) => {
    const codes: string[] = [];
    const failed = (error: unknown): unknown => {
      codes.push((error as ClientError).code);
      // It may call again, whatever it was told of.
      connection.call(['AGAIN']).catch(() => {});
      return 'failed';
    };
    const throwing = (): never => {
      throw new RangeError('mine');
    };
    const call = (name: string, deadlineMs = 60_000) => connection.call([name], { deadlineMs, failed });
    const [late, refused, lost] = [call('LATE', 100), call('REFUSED'), call('LOST')];
    const full = call('FULL');
    assert.deepEqual(codes, [], 'not from within the call');
    assert.equal(await full, 'failed');
    for (const name of ['LATE', 'REFUSED', 'LOST']) assert.deepEqual(await peer.request(), [name]);
    time.advance(120);
    assert.deepEqual(codes, ['OVERLOADED'], 'not from within the clock');
    assert.equal(await late, 'failed');
    peer.write('+late\r\n-ERR no\r\n');
    assert.equal(await refused, 'failed');
    peer.close();
    assert.equal(await lost, 'failed');
    assert.equal(await call('ABSENT'), 'failed');
    assert.deepEqual(codes, ['OVERLOADED', 'DEADLINE', 'REPLY', 'CONNECTION_LOST', 'NOT_CONNECTED']);
    await assert.rejects(connection.call(['ABSENT'], { failed: throwing }), RangeError);
  });
});

test('an error reply rejects, and says whether trying again may help', async () => {
  await withReady({}, async ({ connection, peer }) => {
    const replies = {
      'WRONGTYPE Operation against a key': { retryable: false, mayHaveRun: true },
      'LOADING Redis is loading': { retryable: true, mayHaveRun: false },
      'CLUSTERDOWN no lease': { retryable: true, mayHaveRun: false },
      'MOVED 3999 127.0.0.1:6381': { retryable: false, mayHaveRun: false },
      'UNCERTAIN the write': { retryable: false, mayHaveRun: true },
    };
    for (const [reply, expected] of Object.entries(replies)) {
      const call = connection.call(['INCR', 'k']);
      await peer.request();
      peer.write(`-${reply}\r\n`);
      await assert.rejects(call, {
        name: 'ReplyFailure',
        code: 'REPLY',
        reply,
        replyCode: reply.split(' ')[0],
        ...expected,
        message: `INCR was answered with: ${reply}`,
      });
    }
  });
});

test('pushes are handled at their place in the stream, and never by the decoder of a call', async () => {
  await withReady({}, async ({ connection, peer, happened }) => {
    const options = { decode: () => 'value', take: (reply: unknown) => happened.push(reply) };
    const calls = [connection.call(['GET', 'a'], options), connection.call(['GET', 'b'], options)];
    await peer.request();
    await peer.request();
    const push = '>2\r\n$10\r\ninvalidate\r\n*1\r\n$2\r\n\xc3\xa4\r\n';
    peer.write(
      `$1\r\n1\r\n${push}|1\r\n+a\r\n+b\r\n>2\r\n+message\r\n+x\r\n$1\r\n2\r\n>2\r\n+invalidate\r\n_\r\n`,
    );
    await Promise.all(calls);
    await eventually(() => happened.length === 5, 'the last push came');
    assert.deepEqual(happened, [
      'value',
      ['invalidate', ['ä']],
      ['message', 'x'],
      'value',
      ['invalidate', null],
    ]);
  });
});

test('a deadline rejects its call alone, and the late answer is dropped', async () => {
  await withReady({ maxSilenceMs: 5_000 }, async ({ connection, peer, time }) => {
    let decoded = 0;
    const slow = connection.call(['GET', 'slow'], { decode: () => decoded++ });
    const patient = connection.call(['GET', 'patient'], { ...TEXT, deadlineMs: 1_000 });
    const inherited = connection.call(['GET', 'also slow'], TEXT);
    for (let i = 0; i < 3; i++) await peer.request();
    time.advance(190);
    const late = Promise.allSettled([slow, inherited]);
    time.advance(30);
    for (const each of await late) {
      assert.ok(each.status === 'rejected');
      assert.equal(each.reason.code, 'DEADLINE');
      assert.deepEqual([each.reason.retryable, each.reason.mayHaveRun], [true, true]);
      assert.match(each.reason.message, /^GET was not answered by 127\.0\.0\.1:\d+ within 200 ms$/);
    }
    assert.equal(connection.pendingCalls, 3, 'they keep their places');
    const next = connection.call(['GET', 'next'], TEXT);
    await peer.request();
    peer.write('$4\r\nlate\r\n$7\r\npatient\r\n$4\r\nlate\r\n$4\r\nnext\r\n');
    assert.deepEqual(await Promise.all([patient, next]), ['patient', 'next']);
    assert.equal(decoded, 0, 'nobody wants it any more');
  });
});

test('a late answer is read by the `late` of its call, at its place, unless the call was answered or the answer is an error', async () => {
  await withReady({ maxSilenceMs: 5_000 }, async ({ connection, peer, time }) => {
    const heard: unknown[] = [];
    const late = {
      decode: TEXT.decode,
      take: (reply: unknown) => {
        heard.push(reply);
        throw new Error('which nobody hears');
      },
    };
    const call = (key: string, deadlineMs: number) =>
      connection.call(['GET', key], { ...TEXT, deadlineMs, late });
    const calls = [call('a', 1_000), call('b', 100), call('c', 100), call('d', 100)];
    for (const _ of calls) await peer.request();
    const settled = Promise.allSettled(calls);
    time.advance(120);
    peer.write('$1\r\na\r\n$1\r\nb\r\n');
    await eventually(() => connection.pendingCalls === 2, 'two were answered');
    peer.write('-ERR c\r\n$1\r\nd\r\n');
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'rejected'],
    );
    await eventually(() => connection.pendingCalls === 0, 'all was answered');
    assert.deepEqual(heard, ['b', 'd']);
    const lost = assert.rejects(call('e', 100), code('DEADLINE'));
    await peer.request();
    time.advance(120);
    await lost;
    peer.close();
    await eventually(() => connection.state !== 'ready', 'it broke');
    assert.deepEqual(heard, ['b', 'd']);
  });
});

test('the time of a call runs from the end of its tick, however long its caller works there', async () => {
  await withReady({}, async ({ connection, peer, time }) => {
    const call = connection.call(['GET', 'k'], TEXT);
    time.holdUp(10_000);
    await peer.request();
    time.advance(190);
    peer.write('$1\r\nv\r\n');
    assert.equal(await call, 'v');
  });
});

test('a server that is silent for too long is left, and nothing piles up', async () => {
  await withReady({ maxSilenceMs: 1_000 }, async ({ connection, peer, server, time, events }) => {
    const outcomes: Promise<unknown>[] = [];
    for (let at = 0; at < 1_000; at += 100) {
      outcomes.push(connection.call(['GET', 'k']).catch((error: ClientError) => error.code));
      await peer.request();
      time.advance(100);
    }
    assert.equal(connection.state, 'ready');
    assert.equal(connection.silentMs, 1_000);
    time.advance(20);
    assert.equal(connection.state, 'waiting');
    assert.deepEqual((await Promise.all(outcomes)).sort(), [
      'CONNECTION_LOST',
      ...new Array(9).fill('DEADLINE'),
    ]);
    const broken = events.at(-1);
    assert.ok(broken?.kind === 'broken' && broken.wasReady && broken.error.code === 'UNRESPONSIVE');
    await peer.closed();
    time.advance(broken.retryInMs);
    const again = await server.peer();
    const ready = connection.ready();
    await again.greet();
    await ready;
  });
});

test('a call that comes after a long pause has not waited for long', async () => {
  await withReady({}, async ({ connection, peer, time }) => {
    time.advance(60_000);
    const call = connection.call(['PING']);
    assert.equal(connection.silentMs, 0, 'it is not even written');
    await peer.request();
    assert.equal(connection.silentMs, 0);
    peer.write('+PONG\r\n');
    await call;
  });
});

test('bytes of an answer are a sign of life, pushes are none', async () => {
  await withReady({ maxSilenceMs: 1_000 }, async ({ connection, peer, time, happened }) => {
    const large = assert.rejects(connection.call(['GET', 'large']), code('DEADLINE'));
    await peer.request();
    peer.write('$10\r\n');
    for (let i = 0; i < 9; i++) {
      time.advance(900);
      assert.equal(connection.silentMs, 900);
      peer.write('x');
      await eventually(() => connection.silentMs === 0, 'a byte was read');
    }
    await large;
    assert.equal(connection.state, 'ready', 'after eight seconds');
    time.advance(900);
    peer.write('x\r\n');
    await eventually(() => connection.pendingCalls === 0, 'all was read');
    const next = assert.rejects(connection.call(['GET', 'k']), code('DEADLINE'));
    await peer.request();
    time.advance(900);
    await next;
    peer.write('>1\r\n+hello\r\n>2\r\n+half of one\r\n');
    await eventually(() => happened.length === 1, 'the push was read');
    time.advance(120);
    assert.equal(connection.state, 'waiting');
  });
});

test('a call with a long deadline is waited for', async () => {
  await withReady({ maxSilenceMs: 1_000 }, async ({ connection, peer, time }) => {
    const patient = connection.call(['DEL', 'k'], { deadlineMs: 5_000 });
    const behind = assert.rejects(connection.call(['GET', 'k']), code('DEADLINE'));
    await peer.request();
    await peer.request();
    time.advance(4_900);
    await behind;
    peer.write(':1\r\n_\r\n');
    assert.equal(await patient, 1);
  });
});

test('calls are bounded by number and by bytes', async () => {
  const bounds = { maxPendingCalls: 3, maxPendingBytes: 1_024 };
  await withReady(bounds, async ({ connection, peer }) => {
    // *2 $3 SET $900 and line ends: 900 bytes and 21 more.
    const large = connection.call(['SET', 'x'.repeat(900)]);
    assert.equal(connection.pendingBytes, 921);
    await assert.rejects(connection.call(['SET', 'y'.repeat(90)]), code('OVERLOADED'));
    await assert.rejects(connection.call(['SET', new Uint8Array(90)]), code('OVERLOADED'));
    const small = [connection.call(['PING']), connection.call(['PING'])];
    await assert.rejects(connection.call(['PING']), {
      code: 'OVERLOADED',
      retryable: true,
      mayHaveRun: false,
      message: /^3 calls wait for answers of .*, as many as maxPendingCalls allows; send less/,
    });
    for (let i = 0; i < 3; i++) await peer.request();
    peer.write('+OK\r\n+PONG\r\n+PONG\r\n');
    assert.deepEqual(await Promise.all([large, ...small]), ['OK', 'PONG', 'PONG']);
    const after = connection.call(['SET', 'y'.repeat(900)]);
    await peer.request();
    assert.equal(peer.unread, 0, 'of what did not fit, nothing was sent');
    peer.write('+OK\r\n');
    await after;
  });
});

test('what cannot be sent is refused', async () => {
  await withReady({}, async ({ connection, peer }) => {
    const refused: readonly [unknown[], RegExp][] = [
      [[], /^a command without a name/],
      [['SET', 'k', undefined], /^argument 2 of SET is of type undefined; give a string/],
      [['SET', 'k', Number.NaN], /^argument 2 of SET is NaN/],
      [['SET', 'k', { a: 1 }], /of type object/],
      [['subscribe', 'x'], /^subscribe would change the connection/],
      [['CLIENT', 'reply', 'OFF'], /would change the connection/],
      [['SELECT', 1], /would change the connection/],
    ];
    for (const [args, message] of refused) {
      await assert.rejects(connection.call(args as string[]), {
        code: 'ARGUMENT',
        retryable: false,
        message,
      });
    }
    const ping = connection.call(['PING']);
    assert.deepEqual(await peer.request(), ['PING'], 'and nothing of it was sent');
    peer.write('+PONG\r\n');
    assert.equal(await ping, 'PONG');
  });
});
