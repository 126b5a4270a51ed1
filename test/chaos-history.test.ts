/** What the chaos calls a violation, on histories of few operations, without processes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cost, type Fault, mayLose } from './chaos/faults.js';
import { KeyHistory } from './chaos/key-history.js';
import {
  DELETE,
  DONE,
  type Operation,
  operationsOf,
  READ,
  REFUSED,
  rowOf,
  UNKNOWN,
  UNSURE,
  WRITE,
} from './chaos/operations.js';
import { SingleWriter } from './chaos/single-writer.js';
import { percentile } from './chaos/verdict.js';

const ms = 1e6;
const LATER = 1e12;

/** Kind, value, start and end in ms, outcome. */
type Told = [kind: number, value: number, startMs: number, endMs: number, outcome?: number];

function operation([kind, value, startMs, endMs, outcome = DONE]: Told): Operation {
  return { kind, key: 0, value, startNs: startMs * ms, endNs: endMs * ms, outcome, node: 0, epoch: 1 };
}

/** Values that were lost, values that came back after a delete, and values that cannot be. */
function found(...told: Told[]): [lost: number[], undone: number[], impossible: number[]] {
  const history = new KeyHistory();
  for (const one of told) history.take(operation(one));
  const { lost, undone, impossible } = history.check(LATER);
  return [lost, undone.map(({ read }) => read), impossible].map((ones) => ones.map(({ value }) => value)) as [
    number[],
    number[],
    number[],
  ];
}

describe('the history of a key', () => {
  const w7: Told = [WRITE, 7, 0, 10];
  const deleted: Told = [DELETE, 0, 20, 30];

  it('finds a delete that came undone', () => {
    assert.deepEqual(found(w7, deleted, [READ, 7, 31, 32]), [[], [7], []]);
    assert.deepEqual(
      found([READ, 7, 31, 32], deleted, w7),
      [[], [7], []],
      'in whichever order they are told',
    );
    assert.deepEqual(found(w7, deleted, [READ, 7, 29, 32]), [[], [], []], 'it began before the answer');
    assert.deepEqual(found(w7, [DELETE, 0, 9, 30], [READ, 7, 31, 32]), [[], [], []], 'they overlapped');
    assert.deepEqual(found(w7, [DELETE, 0, 20, 30, UNKNOWN], [READ, 7, 31, 32]), [[], [], []]);
    assert.deepEqual(found([WRITE, 7, 0, 10, UNKNOWN], deleted, [READ, 7, 31, 32]), [[], [], []]);
    assert.deepEqual(found(w7, deleted, [READ, 7, 31, 32, UNSURE]), [[], [], []], 'it promised nothing');
  });

  it('finds a lost write, by nothing or by an older value in its place', () => {
    assert.deepEqual(found(w7, [READ, 0, 11, 12]), [[7], [], []]);
    assert.deepEqual(found(w7, [WRITE, 8, 20, 30], [READ, 7, 31, 32]), [[8], [], []]);
    assert.deepEqual(found(w7, [WRITE, 8, 20, 30], [READ, 8, 31, 32]), [[], [], []]);
    assert.deepEqual(found(w7, [WRITE, 8, 9, 30], [READ, 7, 31, 32]), [[], [], []], 'they overlapped');
    assert.deepEqual(found(w7, [READ, 0, 9, 12]), [[], [], []], 'the read began before the answer');
    assert.deepEqual(found(w7, [READ, 0, 11, 12], [READ, 0, 13, 14]), [[7], [], []], 'it is told once');
  });

  it('lets a delete explain that there is nothing, also one without an answer, but none that was refused or came later', () => {
    const nothing: Told = [READ, 0, 41, 42];
    assert.deepEqual(found(w7, deleted, nothing), [[], [], []]);
    assert.deepEqual(found(w7, [DELETE, 0, 20, 30, UNKNOWN], nothing), [[], [], []]);
    assert.deepEqual(found(w7, [DELETE, 0, 20, 30, REFUSED], nothing), [[7], [], []]);
    assert.deepEqual(found(w7, [DELETE, 0, 43, 44], nothing), [[7], [], []]);
    assert.deepEqual(found([DELETE, 0, -9, -1], w7, nothing), [[7], [], []], 'it was before the write');
    assert.deepEqual(found([DELETE, 0, -9, -1, UNKNOWN], w7, nothing), [[], [], []], 'it may come late');
  });

  it('finds what was refused and done all the same, and what nobody wrote', () => {
    assert.deepEqual(found([WRITE, 7, 0, 10, REFUSED], [READ, 7, 11, 12]), [[], [], [7]]);
    assert.deepEqual(found([READ, 7, 11, 12]), [[], [], [7]]);
    assert.deepEqual(found([WRITE, 7, 0, 10, UNKNOWN], [READ, 7, 11, 12]), [[], [], []]);
  });

  it('judges a read when all is told, and remembers what was written before', () => {
    const history = new KeyHistory();
    history.take(operation([READ, 8, 31, 32]));
    assert.deepEqual(history.check(31 * ms).impossible, []);
    history.take(operation([WRITE, 8, 20, 40]));
    assert.deepEqual(history.check(32 * ms).impossible, []);
    for (let i = 0; i < 1000; i++) history.take(operation([WRITE, 100 + i, 100 + i, 100.5 + i]));
    history.take(operation([READ, 1099, 2000, 2001]));
    assert.deepEqual(history.check(LATER).lost, []);
    assert.ok(history.changes.length < 200);
    history.take(operation([READ, 1098, 2002, 2003]));
    assert.deepEqual(
      history.check(LATER).lost.map(({ value }) => value),
      [1099],
    );
  });
});

describe('the writers of a shard', () => {
  /** Shard, node, epoch, start and end in ms. */
  type Write = [shard: number, node: number, epoch: number, startMs: number, endMs: number];

  function bothMs(...writes: Write[]): number[] {
    const writers = new SingleWriter();
    for (const [shard, node, epoch, startMs, endMs] of writes)
      writers.take(shard, { ...operation([WRITE, 1, startMs, endMs]), node, epoch });
    return writers.found().map((one) => one.bothMs);
  }

  it('may follow each other, and not overlap', () => {
    const first: Write[] = [
      [0, 1, 1, 0, 1],
      [0, 1, 1, 10, 11],
    ];
    assert.deepEqual(bothMs(...first, [0, 2, 2, 10.5, 12], [0, 2, 2, 20, 21]), []);
    assert.deepEqual(bothMs(...first, [0, 2, 2, 3, 4], [0, 2, 2, 20, 21]), [6]);
    assert.deepEqual(bothMs(...first, [1, 2, 2, 3, 4]), [], 'of another shard');
    assert.deepEqual(bothMs(...first, [0, 2, 1, 30, 31]), [0], 'two at one epoch, though never at once');
    assert.deepEqual(bothMs(...first, [0, 2, 1, 3, 4], [0, 2, 1, 8, 9]), [4]);
  });

  it('may come back at a later epoch, and not at an earlier one', () => {
    assert.deepEqual(bothMs([0, 1, 1, 0, 1], [0, 2, 2, 3, 4], [0, 1, 3, 6, 7]), []);
    assert.deepEqual(bothMs([0, 1, 1, 0, 1], [0, 2, 2, 3, 4], [0, 1, 1, 6, 7]), [2]);
  });

  it('are known by what was acknowledged at one epoch', () => {
    const writers = new SingleWriter();
    writers.take(0, operation([WRITE, 1, 0, 1]));
    writers.take(0, { ...operation([WRITE, 2, 5, 6, REFUSED]), node: 2, epoch: 0 });
    writers.take(0, { ...operation([WRITE, 3, 7, 8]), node: 2, epoch: 0 });
    writers.take(0, { ...operation([READ, 3, 7, 8]), node: 2, epoch: 1 });
    assert.deepEqual([writers.found(), writers.unplaced], [[], 1]);
  });
});

describe('what a fault may cost', () => {
  const fault: Fault = {
    name: 'cut',
    shard: 0,
    node: 1,
    fromNs: 5000 * ms,
    toNs: 5010 * ms,
    healedNs: 25_000 * ms,
    hadHeir: true,
    beganAnew: false,
  };
  const write = (startMs: number, endMs: number): Operation => operation([WRITE, 1, startMs, endMs]);

  it('is what was acknowledged within a second of it', () => {
    assert.equal(mayLose(fault, write(3990, 3999), false), false);
    assert.equal(mayLose(fault, write(3990, 4000), false), true);
    assert.equal(mayLose(fault, write(6010, 6011), false), true);
    assert.equal(mayLose(fault, write(6011, 6012), false), false);
  });

  it('is nothing if all copies acknowledge, and nothing by a hand-over, but all if all are started again', () => {
    assert.equal(mayLose(fault, write(4990, 4995), true), false);
    assert.equal(mayLose({ ...fault, name: 'term' }, write(4990, 4995), false), false);
    assert.equal(mayLose({ ...fault, name: 'restart-all' }, write(1, 2), true), true);
    assert.equal(mayLose({ ...fault, name: 'restart-all' }, write(25_001, 25_002), true), false);
    assert.equal(mayLose({ ...fault, beganAnew: true }, write(1, 2), true), true);
  });

  it('is the time until another node takes writes, or without any', () => {
    const costOf = (name: Fault['name'], ...writes: [node: number, startMs: number, endMs: number][]) => {
      const cost = new Cost({ name, shard: 0, node: 1, fromNs: 1000 * ms });
      for (const [node, startMs, endMs] of writes) cost.take({ ...write(startMs, endMs), node });
      return [cost.isTakenOver, cost.gapMs(6000 * ms)];
    };
    assert.deepEqual(costOf('kill', [1, 900, 990], [1, 1001, 1002], [2, 2990, 3000]), [true, 2000]);
    assert.deepEqual(costOf('stop', [1, 1100, 1200], [1, 4000, 4200], [1, 5900, 5990]), [false, 3000]);
    assert.deepEqual(costOf('term', [1, 1100, 1200], [2, 1300, 1450], [2, 5900, 5990]), [true, 4540]);
    assert.deepEqual(costOf('kill'), [false, 5000]);
  });
});

describe('the rows of a chaos', () => {
  it('come back as they were told', () => {
    const told = [operation([WRITE, 7, 1, 2]), { ...operation([READ, 0, 3, 4, UNSURE]), node: 5, epoch: 9 }];
    assert.deepEqual([...operationsOf(Float64Array.from(told.flatMap(rowOf)))], told);
  });

  it('have percentiles', () => {
    assert.deepEqual(
      [0.5, 0.99, 1].map((share) => percentile([5, 1, 4, 2, 3], share)),
      [3, 5, 5],
    );
    assert.equal(percentile([], 0.5), undefined);
  });
});
