/** The world itself, watched through a program that tells all that happens to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from './faults.js';
import type { DiskContents, Effects, Experiment, HostClocks, Life } from './program.js';
import { type Outcome, runScript, runSeed } from './run.js';
import type { Settings } from './settings.js';
import { leaseToy } from './toy/lease-toy.js';

interface Message {
  readonly kind: 'count';
  readonly number: number;
}

interface Kept {
  readonly number: number;
}

type Fact =
  | { readonly kind: 'starts'; readonly disk: DiskContents<Kept>; readonly incarnation: string }
  | { readonly kind: 'ticks'; readonly clocks: HostClocks }
  | { readonly kind: 'hears'; readonly from: string; readonly number: number }
  | { readonly kind: 'kept' | 'failed' | 'went on'; readonly number: number };

interface SeenFact {
  readonly nowMs: number;
  readonly node: string;
  readonly fact: Fact;
}

/** n1 counts: each tick it keeps the next number and, when it is kept, sends it to n2, which marks it and sends it back. */
class Counter implements Life<Message, Kept, Fact> {
  readonly #isFirst: boolean;
  #number: number;
  #persists = 0;

  constructor(isFirst: boolean, number: number) {
    this.#isFirst = isFirst;
    this.#number = number;
  }

  tick(clocks: HostClocks, effects: Effects<Message, Kept, Fact>): void {
    effects.report({ kind: 'ticks', clocks });
    if (!this.#isFirst) return;
    const number = ++this.#number;
    effects.persist({ number }, ++this.#persists);
    effects.sendAfterPersist(this.#persists, 'n2', { kind: 'count', number });
  }

  receive(
    from: string,
    { number }: Message,
    _clocks: HostClocks,
    effects: Effects<Message, Kept, Fact>,
  ): void {
    effects.report({ kind: 'hears', from, number });
    if (this.#isFirst) return;
    effects.mark('heard', from);
    effects.report({ kind: 'went on', number });
    effects.send('n1', { kind: 'count', number });
  }

  persisted(number: number, _clocks: HostClocks, effects: Effects<Message, Kept, Fact>): void {
    effects.report({ kind: 'kept', number });
  }

  persistFailed(number: number, _clocks: HostClocks, effects: Effects<Message, Kept, Fact>): void {
    effects.report({ kind: 'failed', number });
  }
}

const QUIET: Settings = {
  ...{
    nodes: 2,
    clients: 0,
    delayUs: 1000,
    tailPermille: 0,
    tailFactor: 1,
    lossPermille: 0,
    twicePermille: 0,
  },
  ...{ keepsOrder: true, cutsInFlight: false, diskUs: 1000, driftPermille: 0, latePermille: 0, lateMs: 500 },
  ...{
    kinds: [],
    everyMs: 1000,
    leastDurationMs: 0,
    mostDurationMs: 0,
    maxActive: 0,
    aimPermille: 0,
    aimKinds: [],
  },
};

interface World {
  readonly outcome: Outcome;
  readonly seen: readonly SeenFact[];
  readonly trace: readonly string[];
}

function play(
  faults: readonly Fault[],
  settings: Partial<Settings> = {},
  maxLostDisks = 1,
  faultsAtMarks: readonly Fault[] = [],
): World {
  const seen: SeenFact[] = [];
  const trace: string[] = [];
  const experiment: Experiment<Message, Kept, Fact> = {
    ...{ name: 'counter', description: 'n1 counts', mutants: [], marks: [], tickMs: 50, driftPermille: 0 },
    nodes: { least: 2, most: 2 },
    clients: { least: 0, most: 0 },
    begin: () => ({
      program: {
        start: ({ id, disk, incarnation }, effects) => {
          effects.report({ kind: 'starts', disk, incarnation });
          return new Counter(id === 'n1', disk.kind === 'kept' ? disk.state.number : 0);
        },
      },
      checkers: [{ name: 'all', onFact: (fact, { nowMs, node }) => seen.push({ nowMs, node, fact }) }],
      maxLostDisks,
    }),
  };
  const outcome = runScript(experiment, {
    ...{ seed: 1, lengthMs: 10_000, healAtMs: 9000, isStrict: true, faults, faultsAtMarks },
    settings: { ...QUIET, ...settings },
    trace: (line) => trace.push(line),
  });
  assert.equal(outcome.violation, undefined);
  return { outcome, seen, trace };
}

const heard = ({ seen }: World): { readonly nowMs: number; readonly number: number }[] =>
  seen.flatMap(({ nowMs, node, fact }) =>
    node === 'n2' && fact.kind === 'hears' ? [{ nowMs, number: fact.number }] : [],
  );
const ticks = ({ seen }: World, node: string): { readonly nowMs: number; readonly clocks: HostClocks }[] =>
  seen.flatMap((one) =>
    one.node === node && one.fact.kind === 'ticks' ? [{ nowMs: one.nowMs, clocks: one.fact.clocks }] : [],
  );
const isWithin = (nowMs: number, from: number, to: number): boolean => nowMs > from && nowMs < to;
const onHost = (
  kind: Exclude<Fault['kind'], 'cut' | 'clog' | 'lossy' | 'slow'>,
  host: number,
  more = {},
): Fault => ({
  ...{ id: 's1', kind, hosts: [host], byMs: 0, atMs: 2000, durationMs: 3000 },
  ...more,
});
/** From n1 to n2. */
const onLink = (kind: 'cut' | 'clog' | 'lossy' | 'slow'): Fault => ({
  ...{ id: 's1', kind, links: [1], words: 'n1 -> n2', atMs: 2000, durationMs: 3000 },
});

test('without faults all that is sent is heard, once and in order, after it was kept', () => {
  const world = play([]);
  const numbers = heard(world).map(({ number }) => number);
  assert.ok(numbers.length > 150);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  for (const { number, nowMs } of heard(world)) {
    const kept = world.seen.find(({ fact }) => fact.kind === 'kept' && fact.number === number);
    assert.ok(kept !== undefined && kept.nowMs < nowMs);
  }
});

test('a cut takes what is sent, a clog holds it until it ends', () => {
  const cut = heard(play([onLink('cut')]));
  assert.ok(cut.every(({ nowMs }) => !isWithin(nowMs, 2010, 5000)));
  assert.ok(cut.some(({ nowMs }) => nowMs > 5000));
  assert.ok(cut.length < 150);

  const clogged = heard(play([onLink('clog')]));
  assert.ok(clogged.every(({ nowMs }) => !isWithin(nowMs, 2010, 5000)));
  const numbers = clogged.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  assert.ok(clogged.filter(({ nowMs }) => isWithin(nowMs, 5000, 5010)).length > 50);
});

test('a lossy link loses some, a slow one is slow', () => {
  const whole = heard(play([])).length;
  const lossy = heard(play([onLink('lossy')])).length;
  assert.ok(lossy < whole - 10 && lossy > whole - 55);
  const first = heard(play([onLink('slow')], { delayUs: 10_000 })).find(({ nowMs }) => nowMs > 2100);
  assert.ok(first !== undefined && isWithin(first.nowMs, 2190, 2500));
});

test('messages may come twice and out of order', () => {
  const numbers = heard(play([], { twicePermille: 200, keepsOrder: false, delayUs: 200_000 })).map(
    ({ number }) => number,
  );
  assert.ok(new Set(numbers).size < numbers.length);
  assert.ok(numbers.some((number, index) => index > 0 && number < numbers[index - 1]));
});

test('a crashed host is silent and starts again with what was confirmed, in a new life', () => {
  const world = play([onHost('crash', 0)]);
  assert.ok(ticks(world, 'n1').every(({ nowMs }) => !isWithin(nowMs, 2000, 5000)));
  const starts = world.seen.flatMap(({ fact, node }) =>
    fact.kind === 'starts' && node === 'n1' ? [fact] : [],
  );
  assert.equal(starts.length, 2);
  assert.match(starts[0].incarnation, /^1-/);
  assert.match(starts[1].incarnation, /^2-/);
  const confirmed = world.seen.filter(({ nowMs, fact }) => nowMs < 2000 && fact.kind === 'kept').length;
  const [, { disk }] = starts;
  assert.ok(disk.kind === 'kept' && disk.state.number >= confirmed);
});

test('a lost disk and a damaged one come back under another name, as often as a run allows', () => {
  const again = { id: 's2', atMs: 6000, durationMs: 500 };
  for (const [kind, found] of [
    ['wipe', 'empty'],
    ['flip', 'damaged'],
  ] as const) {
    const once = play([onHost(kind, 0), onHost(kind, 0, again)]);
    const starts = once.seen.filter(({ fact }) => fact.kind === 'starts');
    assert.deepEqual(new Set(starts.map(({ node }) => node)), new Set(['n1', 'n2', 'n1-2']));
    assert.equal(starts[2].node, 'n1-2');
    const { fact } = starts[2];
    assert.ok(fact.kind === 'starts' && fact.disk.kind === found);
    const twice = play([onHost(kind, 0), onHost(kind, 0, again)], {}, 2);
    assert.equal(
      twice.seen.filter(({ fact: one, node }) => one.kind === 'starts' && node === 'n1-3').length,
      1,
    );
  }
});

test('a paused host does nothing, then all that came meanwhile, late; its clocks have gone on', () => {
  const world = play([onHost('pause', 1)]);
  const numbers = heard(world).map(({ number }) => number);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  assert.ok(heard(world).filter(({ nowMs }) => nowMs === 5000).length > 50);
  const own = ticks(world, 'n2');
  const before = own.findLast(({ nowMs }) => nowMs < 2000);
  const after = own.find(({ nowMs }) => nowMs > 2000);
  assert.ok(before !== undefined && after !== undefined);
  assert.equal(after.nowMs, 5000);
  assert.ok(after.clocks.monotonicMs - before.clocks.monotonicMs >= 3000);
});

test('a suspended host has a monotonic clock that stood still', () => {
  const own = ticks(play([onHost('suspend', 1)]), 'n2');
  const before = own.findLast(({ nowMs }) => nowMs < 2000);
  const after = own.find(({ nowMs }) => nowMs > 2000);
  assert.ok(before !== undefined && after !== undefined);
  assert.ok(after.clocks.monotonicMs - before.clocks.monotonicMs < 100);
  assert.ok(after.clocks.holderMs - before.clocks.holderMs >= 3000);
  assert.ok(after.clocks.wallMs - before.clocks.wallMs >= 3000);
});

test('ticks come late on a host that is', () => {
  const own = ticks(play([onHost('late', 1)]), 'n2').map(({ nowMs }) => nowMs);
  const gaps = own.map((nowMs, index) => nowMs - (own[index - 1] ?? 0));
  assert.ok(gaps.some((gapMs) => gapMs > 200));
});

test('a full disk keeps nothing and says so, an error is of one write; what waited for them is not sent', () => {
  const full = play([onHost('disk-full', 0)]);
  const failed = full.seen.filter(({ fact }) => fact.kind === 'failed');
  assert.ok(failed.length > 50 && failed.every(({ nowMs }) => isWithin(nowMs, 2000, 5000)));
  assert.ok(heard(full).every(({ nowMs }) => !isWithin(nowMs, 2050, 5000)));
  const error = play([onHost('disk-error', 0)]);
  assert.equal(error.seen.filter(({ fact }) => fact.kind === 'failed').length, 1);
  assert.equal(heard(error).length, heard(play([])).length - 1);
});

test('what nobody may change is frozen: a program that changes what it received is found out', () => {
  const outcome = runSeed(leaseToy, {
    ...{ seed: 1, lengthMs: 60_000, isStrict: true },
    mutants: new Set(['changes-message']),
  });
  assert.equal(outcome.violation?.checker, 'program');
  assert.match(outcome.violation.words, /TypeError: Cannot assign to read only property/);
});

test('when the world heals all is up and whole', () => {
  const world = play([
    { ...onLink('cut'), durationMs: 1e6 },
    onHost('crash', 1, { id: 's2', atMs: 3000, durationMs: 1e6 }),
    onHost('pause', 0, { id: 's3', atMs: 4000, durationMs: 1e6 }),
  ]);
  assert.ok(heard(world).every(({ nowMs }) => nowMs < 2010 || nowMs > 9000));
  assert.ok(heard(world).some(({ nowMs }) => nowMs > 9000));
});

test('a crash at a mark leaves undone what follows in the same step', () => {
  const crash = onHost('crash', 1, { id: 'heard@20', atMs: 0, durationMs: 1000 });
  const { seen } = play([], {}, 1, [crash]);
  const of = (kind: 'hears' | 'went on', node: string): number =>
    seen.filter(({ node: one, fact }) => one === node && fact.kind === kind && fact.number === 20).length;
  assert.equal(of('hears', 'n2'), 1);
  assert.equal(of('went on', 'n2'), 0);
  assert.equal(of('hears', 'n1'), 0);
});

test('a pause at a mark holds back what the step still sends, until it goes on', () => {
  const { seen } = play([], {}, 1, [onHost('pause', 1, { id: 'heard@20', atMs: 0, durationMs: 1000 })]);
  const at = (kind: 'hears' | 'went on', node: string): number | undefined =>
    seen.find(({ node: one, fact }) => one === node && fact.kind === kind && fact.number === 20)?.nowMs;
  const marked = at('hears', 'n2');
  const answered = at('hears', 'n1');
  assert.ok(marked !== undefined && answered !== undefined);
  assert.equal(at('went on', 'n2'), marked);
  assert.ok(isWithin(answered - marked, 1000, 1003));
});
