import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/index.js';
import {
  PendingInvalidations,
  type PendingInvalidationsOptions,
  pendingInvalidationsDefaults,
  RECORD_BYTES,
} from './pending-invalidations.js';

const FOR_EVER = Number.POSITIVE_INFINITY;

function newPending(options: Partial<PendingInvalidationsOptions> = {}): PendingInvalidations {
  return new PendingInvalidations(new Random(1), { ...pendingInvalidationsDefaults, ...options });
}

test('a key is pending at its node until the node has acknowledged it', () => {
  const pending = newPending();
  pending.add(3, 'user:1', 'delete', 0, FOR_EVER);
  assert.equal(pending.isPending(3, 'user:1'), true);
  assert.equal(pending.isPending(3, 'user:2'), false);
  assert.equal(pending.isPending(4, 'user:1'), false);
  assert.deepEqual(pending.takeDue(49, 10), [], 'half of the first pause has not passed');
  const [attempt] = pending.takeDue(100, 10);
  assert.deepEqual(attempt, {
    node: 3,
    scope: 'key',
    name: 'user:1',
    kind: 'delete',
    attempt: 1,
    sequence: 1,
  });
  assert.equal(pending.isPending(3, 'user:1'), true, 'the attempt is under way');
  assert.equal(pending.acknowledge(attempt), true);
  assert.equal(pending.acknowledge(attempt), false);
  assert.equal(pending.isPending(3, 'user:1'), false);
  assert.equal(pending.nextDueMs, FOR_EVER);
  assert.equal(pending.bytes, 0);
});

test('the late answer to the attempt that failed first counts', () => {
  const pending = newPending();
  const attempt = pending.add(0, 'k', 'expire', 0, FOR_EVER);
  assert.ok(attempt !== undefined && pending.acknowledge(attempt));
  assert.equal(pending.isPending(0, 'k'), false);
});

test('an acknowledgement says nothing of what was added after its attempt was sent', () => {
  const pending = newPending();
  pending.add(0, 'k', 'delete', 0, FOR_EVER);
  const [early] = pending.takeDue(100, 1);
  pending.add(0, 'k', 'delete', 110, FOR_EVER);
  assert.equal(pending.acknowledge(early), false);
  assert.equal(pending.isPending(0, 'k'), true);
  const [late] = pending.takeDue(1_000, 1);
  assert.equal(pending.acknowledge(late), true);
});

test('a delete wins over a soft expiry, whichever came first', () => {
  for (const kinds of [
    ['delete', 'expire'],
    ['expire', 'delete'],
  ] as const) {
    const pending = newPending();
    for (const kind of kinds) pending.add(0, 'k', kind, 0, FOR_EVER);
    assert.equal(pending.takeDue(100, 1)[0].kind, 'delete');
    assert.equal(pending.keys, 1);
  }
});

test('attempts pause longer and longer, with jitter, and at once when the node is back', () => {
  const pending = newPending();
  pending.add(0, 'k', 'delete', 0, FOR_EVER);
  let nowMs = pending.nextDueMs;
  for (const wholeMs of [200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
    assert.equal(pending.takeDue(nowMs, 1).length, 1);
    const pauseMs = pending.nextDueMs - nowMs;
    assert.ok(pauseMs >= wholeMs / 2 && pauseMs < wholeMs, `${pauseMs} of ${wholeMs}`);
    nowMs = pending.nextDueMs;
  }
  pending.takeDue(nowMs, 1);
  pending.hasten(1, nowMs + 1);
  assert.deepEqual(pending.takeDue(nowMs + 1, 1), []);
  pending.hasten(0, nowMs + 1);
  assert.equal(pending.takeDue(nowMs + 1, 1)[0].attempt, 1);
  assert.ok(pending.nextDueMs <= nowMs + 201);
});

test('no more than the limit is taken, what is due longest first', () => {
  const pending = newPending();
  for (let i = 0; i < 10; i++) pending.add(0, `k${i}`, 'delete', i * 1_000, FOR_EVER);
  const taken = [pending.takeDue(20_000, 4), pending.takeDue(20_000, 4), pending.takeDue(20_000, 4)];
  assert.deepEqual(
    taken.map((some) => some.map(({ name }) => name).join(' ')),
    ['k0 k1 k2 k3', 'k4 k5 k6 k7', 'k8 k9'],
  );
  pending.forget(0);
  assert.equal(pending.isPending(0, 'k9'), false);
  assert.equal(pending.nextDueMs, FOR_EVER);
});

test('what no cache can hold any more is dropped', () => {
  const pending = newPending({ maxKeys: 2 });
  pending.add(0, 'a', 'delete', 0, 1_000);
  pending.add(0, 'b', 'delete', 0, 1_000);
  pending.add(0, 'b', 'delete', 0, 2_000);
  pending.add(0, 'x:1', 'delete', 0, 3_000);
  pending.add(0, 'x:2', 'delete', 0, 2_500);
  assert.deepEqual([pending.keys, pending.prefixes], [2, 1]);
  for (const [nowMs, keys, prefixes] of [
    [999, 2, 1],
    [1_500, 1, 1],
    [2_200, 0, 1],
    [3_000, 0, 0],
  ]) {
    pending.takeDue(nowMs, 9);
    assert.deepEqual([pending.keys, pending.prefixes], [keys, prefixes], `at ${nowMs} ms`);
  }
});

test('without room for the key, its prefix is read around the cache and cleared', () => {
  const pending = newPending({ maxKeys: 3 });
  for (const key of ['user:1', 'user:2', 'org:1']) pending.add(0, key, 'expire', 0, FOR_EVER);
  assert.equal(pending.add(0, 'user:3', 'expire', 0, FOR_EVER), undefined);
  assert.deepEqual([pending.keys, pending.prefixes], [1, 1], 'the keys that it covers went');
  for (const key of ['user:1', 'user:3', 'user:999', 'user:', 'user:7:cart', 'org:1']) {
    assert.equal(pending.isPending(0, key), true, key);
  }
  for (const key of ['user', 'users:1', 'org:2']) assert.equal(pending.isPending(0, key), false, key);
  assert.equal(pending.isPending(1, 'user:1'), false);

  const clear = pending.takeDue(100, 9).find(({ scope }) => scope === 'prefix');
  assert.ok(clear !== undefined && clear.name === 'user:' && clear.kind === 'delete');
  pending.add(0, 'user:4', 'delete', 100, FOR_EVER);
  assert.equal(pending.acknowledge(clear), false, 'one more came while it was cleared');
  const again = pending.takeDue(10_000, 9).find(({ scope }) => scope === 'prefix');
  assert.ok(again !== undefined && pending.acknowledge(again));
  assert.equal(pending.isPending(0, 'user:1'), false);
  assert.equal(pending.isPending(0, 'org:1'), true);
});

test('prefixes without room are cut at the colon before, in the end to everything', () => {
  const pending = newPending({ maxKeys: 0, maxPrefixes: 2 });
  const prefixes = () => pending.takeDue(1e9, 99).map(({ name }) => name);
  pending.add(0, 'user:1:cart:a', 'delete', 0, FOR_EVER);
  pending.add(0, 'user:1:name', 'delete', 0, FOR_EVER);
  assert.deepEqual(prefixes(), ['user:1:'], 'the shorter one took the place of the longer');
  pending.add(0, 'user:2:name', 'delete', 0, FOR_EVER);
  pending.add(0, 'user:3:name', 'delete', 0, FOR_EVER);
  assert.deepEqual(prefixes().length, 1);
  assert.equal(pending.isPending(0, 'user:99'), true);
  pending.add(0, 'org:1', 'delete', 0, FOR_EVER);
  assert.equal(pending.prefixes, 2);
  assert.equal(pending.isPending(0, 'x'), false);
  pending.add(0, '::', 'delete', 0, FOR_EVER);
  assert.equal(pending.prefixes, 1);
  assert.equal(pending.isPending(0, 'x'), true, 'everything of this node');
  assert.equal(pending.isPending(1, 'x'), false, 'nothing of another');
});

test('a key without a colon has no prefix but everything', () => {
  const pending = newPending({ maxKeys: 0 });
  pending.add(0, 'counter', 'delete', 0, FOR_EVER);
  assert.equal(pending.isPending(0, 'user:1'), true);
});

test('long keys are bounded by their bytes, and long prefixes are cut', () => {
  const pending = newPending({ maxBytes: 10 * RECORD_BYTES });
  pending.add(0, `a:${'x'.repeat(4 * RECORD_BYTES)}`, 'delete', 0, FOR_EVER);
  assert.equal(pending.bytes, 9 * RECORD_BYTES + 4);
  pending.add(0, 'b:1', 'delete', 0, FOR_EVER);
  assert.deepEqual([pending.keys, pending.prefixes], [1, 1]);
  pending.add(0, `c:${'y'.repeat(10_000)}:1`, 'delete', 0, FOR_EVER);
  assert.equal(pending.isPending(0, 'c:z'), true);
  assert.equal(pending.isPending(0, 'd:z'), false);
});
