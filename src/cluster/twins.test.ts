/** Two processes that began from one data folder, copied: what they may do to the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../base/index.js';
import type { NodeId, NodeLife, Topology } from '../ring/index.js';
import { Mind } from './mind.js';
import type { MindDisk, MindMessage, MindOutbox } from './mind-options.js';
import { clusterOf, nodeOf } from './topology.testkit.js';
import { Twins } from './twins.js';

const TICK_MS = 50;

class Process {
  readonly life: NodeLife;
  readonly mind: Mind;
  readonly notes: string[] = [];
  disk: MindDisk | undefined;
  readonly outbox: MindOutbox;

  constructor(life: NodeLife, saved: MindDisk | undefined, world: World, mutants: ReadonlySet<string>) {
    this.life = life;
    const { node, incarnation } = life;
    const self = nodeOf(node, incarnation);
    const random = new Random(world.random.uint32());
    const seeds = world.ids.map((id) => `${id}:2`);
    this.outbox = {
      send: (to, message) => world.letters.push({ from: this, to: idOf(to), message }),
      persist: (state, number) => {
        this.disk = state;
        world.persists.push({ by: this, number });
      },
      sendAfterPersist: (number, to, message) =>
        world.persists.push({ by: this, number, after: { from: this, to: idOf(to), message } }),
      note: (what) => void this.notes.push(what),
    };
    this.disk = saved;
    this.mind = new Mind({ self, saved, random, seeds, mutants }, world.reading);
  }
}

interface Letter {
  readonly from: Process;
  readonly to: NodeId;
  readonly message: MindMessage;
}

/** Minds on virtual time. A message to a node comes to all processes that are it, if the two may speak. */
class World {
  nowMs = 0;
  readonly random = new Random(1);
  readonly ids = ['n01', 'n02', 'n03'];
  letters: Letter[] = [];
  persists: { by: Process; number: number; after?: Letter }[] = [];
  processes: Process[] = [];
  mayHear: (from: Process, to: Process) => boolean = () => true;

  get reading() {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs };
  }

  start(life: NodeLife, saved?: MindDisk, mutants: ReadonlySet<string> = new Set()): Process {
    const process = new Process(life, saved, this, mutants);
    this.processes.push(process);
    return process;
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += TICK_MS) {
      for (const process of this.processes) process.mind.tick(this.reading, process.outbox);
      // What is said in answer is delivered at the next tick.
      const [letters, persists] = [this.letters.splice(0), this.persists.splice(0)];
      for (const { by, number, after } of persists) {
        if (!this.processes.includes(by)) continue;
        if (after === undefined) by.mind.persisted(number, this.reading, by.outbox);
        else this.#deliver(after);
      }
      for (const letter of letters) this.#deliver(letter);
    }
  }

  #deliver({ from, to, message }: Letter): void {
    for (const process of this.processes) {
      if (process.life.node !== to || process === from || !this.mayHear(from, process)) continue;
      process.mind.receive(from.life, from.mind.clusterId, message, this.reading, process.outbox);
    }
  }
}

function idOf(to: NodeId): NodeId {
  return to.startsWith('@') ? (to.slice(1).split(':')[0] as NodeId) : to;
}

/** Three voters that agree; then n01 is stopped, and started twice from what it had on disk. */
function withTwins(mutants: ReadonlySet<string>): { world: World; others: Process[]; twins: Process[] } {
  const world = new World();
  for (const id of world.ids) world.start({ node: id, incarnation: '1-a' }, undefined, mutants);
  const [first, ...others] = world.processes;
  world.run(3_000);
  assert.ok(first?.mind.begin(clusterOf(1, 1, 3), world.reading, first.outbox));
  world.run(5_000);
  assert.ok(world.processes.every(({ mind }) => mind.committed !== undefined));
  const saved = first.disk;
  world.processes = others;
  const twins = ['2-a', '2-b'].map((incarnation) =>
    world.start({ node: 'n01', incarnation }, saved, mutants),
  );
  return { world, others, twins };
}

const isNode = ({ life }: Process, node: NodeId): boolean => life.node === node;

/** n02 hears only one of them, and n03 only the other. Returns the versions that n02 and n03 have agreed on with theirs. */
function apart(world: World): void {
  world.mayHear = (a, b) => {
    const side = (one: Process) => (isNode(one, 'n02') || one.life.incarnation === '2-a' ? 'left' : 'right');
    return side(a) === side(b);
  };
}

test('what there is to fear: each side agrees with its own of the two, and there are two truths', () => {
  const { world, others } = withTwins(new Set(['twins-count']));
  apart(world);
  world.run(20_000);
  const [left, right] = others.map(({ mind }) => mind.committed as Topology);
  assert.ok((left?.version ?? 0) > 1 && (right?.version ?? 0) > 1);
  assert.notDeepEqual(left, right);
});

test('who hears of the other ends and says why, and the others go on without them', () => {
  const { world, others, twins } = withTwins(new Set());
  world.run(20_000);
  for (const { mind, notes } of twins) {
    assert.ok(mind.hasEnded);
    assert.equal(mind.writableUntilMs, Number.NEGATIVE_INFINITY);
    assert.ok(notes.some((note) => /another process is n01.* Give one of them an empty folder/.test(note)));
  }
  const [one, other] = others;
  assert.equal(others.filter(({ mind }) => mind.role === 'leader').length, 1);
  assert.ok((one?.mind.committed?.version ?? 0) > 1, 'the shard of n01 has another primary');
  assert.deepEqual(one?.mind.committed, other?.mind.committed);
});

test('without that rule they go on, and each votes', () => {
  const { world, twins } = withTwins(new Set(['twins-count']));
  world.run(20_000);
  assert.ok(twins.every(({ mind }) => !mind.hasEnded));
});

test('of two lives with one number neither counts, and a later one does', () => {
  const twins = new Twins({ node: 'n02', incarnation: '5-c' });
  const notes: string[] = [];
  const life = (incarnation: string): NodeLife => ({ node: 'n01', incarnation });
  const hear = (incarnation: string) =>
    twins.hear([life(incarnation)], { note: (what) => void notes.push(what) });
  // The second one is an earlier life, late.
  for (const incarnation of ['3-a', '2-b']) hear(incarnation);
  assert.ok(twins.counts(life('3-a')) && notes.length === 0);
  for (const incarnation of ['3-b', '3-b', '3-a']) hear(incarnation);
  assert.equal(notes.length, 1, 'said once');
  assert.ok(!twins.counts(life('3-a')) && !twins.counts(life('3-b')));
  hear('4-b');
  assert.ok(twins.counts(life('4-b')));
  assert.equal(twins.other, undefined);
});

test('a node that hears of itself as it is, or was, goes on; as it cannot be, it ends', () => {
  for (const [heard, ends] of [
    ['5-c', false],
    ['4-a', false],
    ['5-d', true],
    ['6-a', true],
  ] as const) {
    const twins = new Twins({ node: 'n02', incarnation: '5-c' });
    twins.hear([{ node: 'n02', incarnation: heard }], { note: () => {} });
    assert.equal(twins.other, ends ? heard : undefined);
  }
});
