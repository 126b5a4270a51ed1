import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../base/index.js';
import {
  type InvalidationAttempt,
  type InvalidationKind,
  PendingInvalidations,
  type PendingInvalidationsOptions,
  RECORD_BYTES,
} from './pending-invalidations.js';

/** One invalidation that was asked for; nothing is merged and nothing forgotten for want of room. */
interface Asked {
  readonly node: number;
  readonly key: string;
  readonly kind: InvalidationKind;
  readonly atStep: number;
  readonly staleUntilMs: number;
}

/** An attempt was sent at a step, so it has done what was asked for up to then. */
interface Sent {
  readonly attempt: InvalidationAttempt;
  readonly atStep: number;
}

function fulfils({ attempt, atStep }: Sent, asked: Asked): boolean {
  if (attempt.node !== asked.node || asked.atStep > atStep) return false;
  if (attempt.kind === 'expire' && asked.kind === 'delete') return false;
  return attempt.scope === 'key' ? attempt.name === asked.key : asked.key.startsWith(attempt.name);
}

const NODES = [0, 1];
const keys = [
  '',
  'k',
  ':',
  'a:1',
  'a:2',
  'a:b:1',
  'a:b:2',
  'a:c:1',
  'd:1',
  'd:e:1',
  'f:1',
  `g:${'x'.repeat(RECORD_BYTES)}`,
];

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('add' as const),
      node: fc.constantFrom(...NODES),
      key: fc.constantFrom(...keys),
      kind: fc.constantFrom('delete' as const, 'expire' as const),
      livesMs: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant(Number.POSITIVE_INFINITY)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('send' as const), limit: fc.integer({ min: 0, max: 4 }) }),
  },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('acknowledge' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 100 }) }),
  },
  fc.record({ op: fc.constantFrom('hasten' as const, 'forget' as const), node: fc.constantFrom(...NODES) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Runs the steps, checking after each; then the nodes are well, and what is pending must go. */
function run(
  options: PendingInvalidationsOptions,
  seed: number,
  steps: readonly Step[],
  isExact: boolean,
): void {
  const pending = new PendingInvalidations(new Random(seed), options);
  let asked: Asked[] = [];
  const sent: Sent[] = [];
  let nowMs = 0;
  steps.forEach((step, atStep) => {
    switch (step.op) {
      case 'wait':
        nowMs += step.ms;
        break;
      case 'add': {
        const { node, key, kind } = step;
        const staleUntilMs = isExact ? Number.POSITIVE_INFINITY : nowMs + step.livesMs;
        asked.push({ node, key, kind, atStep, staleUntilMs });
        const attempt = pending.add(node, key, kind, nowMs, staleUntilMs);
        if (attempt !== undefined) sent.push({ attempt, atStep });
        break;
      }
      case 'send':
        for (const attempt of pending.takeDue(nowMs, step.limit)) sent.push({ attempt, atStep });
        break;
      case 'acknowledge': {
        const answered = sent[step.which % Math.max(1, sent.length)];
        if (answered === undefined) break;
        pending.acknowledge(answered.attempt);
        asked = asked.filter((one) => !fulfils(answered, one));
        break;
      }
      case 'hasten':
        pending.hasten(step.node, nowMs);
        break;
      case 'forget':
        pending.forget(step.node);
        asked = asked.filter((one) => one.node !== step.node);
    }
    check(
      pending,
      options,
      asked.filter((one) => one.staleUntilMs > nowMs),
      isExact,
    );
  });
  for (let round = 0; round < 100 && pending.nextDueMs < Number.POSITIVE_INFINITY; round++) {
    nowMs = pending.nextDueMs;
    for (const attempt of pending.takeDue(nowMs, 10)) assert.ok(pending.acknowledge(attempt));
  }
  check(pending, options, [], true);
  assert.deepEqual([pending.keys, pending.prefixes, pending.bytes], [0, 0, 0]);
}

function check(
  pending: PendingInvalidations,
  options: PendingInvalidationsOptions,
  asked: readonly Asked[],
  isExact: boolean,
): void {
  for (const node of NODES) {
    for (const key of keys) {
      const isOutstanding = asked.some((one) => one.node === node && one.key === key);
      if (isOutstanding) assert.ok(pending.isPending(node, key), `'${key}' of node ${node} is outstanding`);
      else if (isExact)
        assert.ok(!pending.isPending(node, key), `'${key}' of node ${node} is not outstanding`);
    }
  }
  assert.ok(pending.keys <= options.maxKeys);
  assert.ok(pending.bytes <= options.maxBytes);
  assert.ok(pending.prefixes <= NODES.length * Math.max(1, options.maxPrefixes));
}

const steps = fc.array(step, { maxLength: 100, size: 'max' });

test('no key whose invalidation is outstanding is readable, in whatever order answers come, however little room', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 6 }),
      fc.integer(),
      steps,
      (maxKeys, maxPrefixes, records, seed, steps) => {
        const maxBytes = records * (RECORD_BYTES + 10);
        const pauses = { firstPauseMs: 20, mostPauseMs: 100, mostPrefixMs: Number.POSITIVE_INFINITY };
        run({ maxKeys, maxBytes, maxPrefixes, ...pauses }, seed, steps, false);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('with room for all, a key is pending exactly while its invalidation is outstanding', () => {
  const pauses = { firstPauseMs: 20, mostPauseMs: 100, mostPrefixMs: Number.POSITIVE_INFINITY };
  const options = { maxKeys: 100, maxBytes: 1e6, maxPrefixes: 1, ...pauses };
  fc.assert(
    fc.property(fc.integer(), steps, (seed, steps) => run(options, seed, steps, true)),
    { numRuns: 500 },
  );
});
