import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../base/index.js';
import { Aim } from './aim.js';
import { between, chance, keyedFraction, spread, stream } from './draws.js';
import { type Cast, describeFault, drawPlan, FAULT_KINDS, linkFault } from './faults.js';
import { drawSettings, type Settings } from './settings.js';

const CAST: Cast = { nodes: 3, hosts: 4, nameOf: (host) => (host < 3 ? `n${host + 1}` : 'c1') };
const SHAPE = { kinds: FAULT_KINDS, everyMs: 500, leastDurationMs: 100, mostDurationMs: 5000 };
const TIME = { id: '1', atMs: 0, durationMs: 100 };
const RANGES = { nodes: { least: 3, most: 7 }, clients: { least: 0, most: 2 }, driftPermille: 50 };

test('a plan is in order, within its bounds, and a longer one begins alike', () => {
  const plan = drawPlan(new Random(3), SHAPE, CAST, 60_000);
  const longer = drawPlan(new Random(3), SHAPE, CAST, 120_000);
  assert.ok(plan.length > 60 && plan.length < 240);
  assert.deepEqual(longer.slice(0, plan.length), plan);
  for (const [index, { id, atMs, durationMs }] of plan.entries()) {
    assert.equal(id, String(index + 1));
    assert.ok(atMs < 60_000 && (index === 0 || atMs > plan[index - 1].atMs));
    assert.ok(durationMs >= 100 && durationMs <= 5000);
  }
  assert.deepEqual(new Set(longer.map(({ kind }) => kind)), new Set(FAULT_KINDS));
  assert.deepEqual(drawPlan(new Random(3), { ...SHAPE, kinds: [] }, CAST, 60_000), []);
});

test('links are of the sides and directions that the words say', () => {
  const random = new Random(1);
  const of = (shape: 'isolate' | 'inbound' | 'outbound' | 'pair'): readonly [string, string] => {
    const fault = linkFault(random, 'cut', shape, 1, 2, CAST, TIME);
    const links = fault.links.map((link) => `${CAST.nameOf(Math.floor(link / 4))}>${CAST.nameOf(link % 4)}`);
    return [fault.words, links.toSorted().join(' ')];
  };
  assert.deepEqual(of('isolate'), ['n2 | n1 n3 c1', 'c1>n2 n1>n2 n2>c1 n2>n1 n2>n3 n3>n2']);
  assert.deepEqual(of('inbound'), ['n2 <- n1 n3 c1', 'c1>n2 n1>n2 n3>n2']);
  assert.deepEqual(of('outbound'), ['n2 -> n1 n3 c1', 'n2>c1 n2>n1 n2>n3']);
  assert.deepEqual(of('pair'), ['n2 | n3', 'n2>n3 n3>n2']);
});

test('faults are told in words', () => {
  const cut = linkFault(new Random(1), 'cut', 'pair', 0, 1, CAST, TIME);
  assert.equal(describeFault(cut, CAST), 'cut n1 | n2 for 100 ms');
  const jump = { ...TIME, kind: 'jump', hosts: [2], byMs: -60_000 } as const;
  assert.equal(describeFault(jump, CAST), 'jump n3 by -60000 ms for 100 ms');
});

test('what is aimed at a mark depends on the seed, the name and the count alone', () => {
  const settings: Settings = { ...drawSettings(1, RANGES), aimKinds: FAULT_KINDS, aimPermille: 1000 };
  const all = (aim: Aim, name: string): string[] =>
    Array.from({ length: 300 }, (_, count) => {
      const faults = aim.at(name, count + 1, 0, 1, 5000, CAST);
      return faults.map((fault) => `${fault.id} ${describeFault(fault, CAST)}`).join(' and ');
    });
  const mixed = new Aim(1, settings);
  all(mixed, 'another');
  const commits = all(mixed, 'commit');
  assert.deepEqual(commits, all(new Aim(1, settings), 'commit'));
  const hits = commits.filter((one) => one !== '').length;
  assert.ok(hits > 0 && hits < 300);
  assert.ok(commits.some((one) => one.includes(' and ')));
  assert.deepEqual(new Set(all(new Aim(1, { ...settings, aimPermille: 0 }), 'commit')), new Set(['']));
  assert.deepEqual(new Set(all(new Aim(1, { ...settings, aimKinds: [] }), 'commit')), new Set(['']));
});

test('seeds draw different worlds, within the ranges of the experiment', () => {
  const settings = Array.from({ length: 300 }, (_, seed) => drawSettings(seed, RANGES));
  assert.deepEqual(new Set(settings.map(({ nodes }) => nodes)), new Set([3, 4, 5, 6, 7]));
  assert.deepEqual(new Set(settings.map(({ clients }) => clients)), new Set([0, 1, 2]));
  assert.ok(settings.every(({ driftPermille }) => driftPermille <= 50));
  assert.ok(settings.some(({ kinds }) => kinds.length === 0));
  assert.ok(settings.some(({ kinds }) => kinds.length > 10));
  assert.deepEqual(drawSettings(7, RANGES), drawSettings(7, RANGES));
  assert.equal(drawSettings(7, RANGES, { nodes: 5 }).nodes, 5);
});

test('draws are in their ranges, and streams are apart', () => {
  const random = new Random(1);
  const numbers = Array.from({ length: 1000 }, () => between(random, 3, 5));
  assert.deepEqual(new Set(numbers), new Set([3, 4, 5]));
  const spreads = Array.from({ length: 1000 }, () => spread(random, 1, 100));
  assert.ok(spreads.every((value) => value >= 1 && value <= 100));
  const small = spreads.filter((value) => value < 10).length;
  assert.ok(small > 400 && small < 600);
  assert.equal(chance(random, 0), false);
  assert.equal(chance(random, 1), true);
  assert.notEqual(stream(1, 'a').uint32(), stream(1, 'b').uint32());
  assert.equal(stream(1, 'a').uint32(), stream(1, 'a').uint32());
  const fractions = Array.from({ length: 1000 }, (_, number) => keyedFraction(1, 2, number));
  assert.ok(fractions.every((value) => value >= 0 && value < 1));
  const mean = fractions.reduce((sum, value) => sum + value) / 1000;
  assert.ok(mean > 0.45 && mean < 0.55);
});
