/** A primary and its replicas, with topologies by hand. Messages wait in lists until a test delivers them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeLife, Replica, Topology, TopologyChange } from '../ring/index.js';
import { Copy } from './copy.js';
import { MapStore, type Write } from './replication/group.testkit.js';
import type { ReplicationMessage } from './replication/messages.js';
import { clusterOf } from './topology.testkit.js';

interface Letter {
  readonly from: NodeLife;
  readonly to: string;
  readonly message: ReplicationMessage<Write>;
}

class Node {
  readonly store = new MapStore();
  readonly copy: Copy<Write>;
  readonly life: NodeLife;
  readonly letters: Letter[];

  constructor(life: NodeLife, letters: Letter[], mutants: ReadonlySet<string>) {
    this.life = life;
    this.letters = letters;
    const size = () => 1;
    this.copy = new Copy({
      self: life,
      store: this.store,
      sizeOf: size,
      memoryOf: size,
      backlogBytes: 1000,
      mutants,
    });
  }

  readonly outbox = {
    send: (to: string, message: ReplicationMessage<Write>) =>
      void this.letters.push({ from: this.life, to, message }),
    sendAfterPersist: () => {},
    persist: () => {},
    note: () => {},
  };

  write(key: string, value: number): number {
    this.store.apply({ key, value });
    return this.copy.append({ key, value });
  }
}

/** One shard, primary n01, replica n02. */
class Pair {
  nowMs = 0;
  letters: Letter[] = [];
  topology: Topology = clusterOf(1, 1, 2);
  readonly nodes = new Map<string, Node>();
  /** The newest wish of the primary of each kind. */
  readonly wishes = new Map<string, TopologyChange>();

  readonly mutants: ReadonlySet<string>;

  constructor(mutants: ReadonlySet<string> = new Set()) {
    this.mutants = mutants;
    for (const { node, incarnation } of this.topology.nodes) this.start({ node, incarnation });
    this.agree({ isInSync: false });
  }

  get primary(): Node {
    return this.nodes.get('n01') as Node;
  }

  get replica(): Node {
    return this.nodes.get('n02') as Node;
  }

  get clocks() {
    return { monotonicMs: this.nowMs, holderMs: this.nowMs };
  }

  start(life: NodeLife): void {
    this.nodes.set(life.node, new Node(life, this.letters, this.mutants));
  }

  /** Another topology, with the replica as it is said. */
  agree(change: Partial<Replica>): void {
    const [shard] = this.topology.shards;
    const replicas = shard.replicas.map((replica) => ({ ...replica, ...change }));
    const shards = [{ ...shard, syncVersion: shard.syncVersion + 1, replicas }];
    this.topology = { ...this.topology, version: this.topology.version + 1, shards };
    for (const node of this.nodes.values()) node.copy.learn(this.topology, this.clocks);
  }

  /** All tick, without the network. */
  tick(): void {
    this.nowMs += 50;
    for (const node of this.nodes.values()) {
      for (const wish of node.copy.tick(this.clocks, node.outbox)) this.wishes.set(wish.kind, wish);
    }
  }

  deliver(): void {
    for (const letter of this.letters.splice(0)) this.hand(letter);
  }

  hand({ from, to, message }: Letter): void {
    const node = this.nodes.get(to);
    node?.copy.receive(from, message, this.clocks, node.outbox);
  }
}

test('a replica comes to be in sync under writes that never pause, and lacks nothing that was acknowledged', () => {
  const pair = new Pair();
  let last = 0;
  let acknowledged = 0;
  for (let round = 0; round < 20 && !pair.wishes.has('replica-in-sync'); round++) {
    // So there is always something under way when the primary looks.
    last = pair.primary.write('k1', round);
    acknowledged = Math.max(acknowledged, pair.primary.copy.confirmed);
    pair.tick();
    last = pair.primary.write('k2', round);
    acknowledged = Math.max(acknowledged, pair.primary.copy.confirmed);
    pair.deliver();
  }
  assert.ok(pair.wishes.has('replica-in-sync'), 'it was asked for');
  assert.ok((pair.replica.copy.held?.offset ?? 0) >= acknowledged, 'it holds what was acknowledged');
  assert.ok(pair.primary.copy.confirmed < last, 'and nothing more is, without it');
});

test('a replica that counts before it was asked for, and falls behind, is let go', () => {
  const pair = new Pair();
  for (let round = 0; round < 4; round++) {
    pair.tick();
    pair.deliver();
    pair.primary.write('k1', round);
    pair.deliver();
  }
  // The first wish was lost with what it asked; a further one is void, and from here on nothing arrives.
  pair.agree({ isInSync: false });
  pair.wishes.clear();
  const offset = pair.primary.write('k1', 9);
  for (let round = 0; round < 20; round++) {
    pair.tick();
    pair.letters.length = 0;
  }
  assert.equal(pair.primary.copy.confirmed, offset, 'it is acknowledged without the replica');
  assert.ok(pair.primary.copy.mayWrite(pair.clocks));
});

function lateAttach(mutants?: ReadonlySet<string>): Pair {
  const pair = new Pair(mutants);
  pair.primary.write('k1', 1);
  pair.tick();
  const late = pair.letters.find(({ message }) => message.kind === 'replication/attach') as Letter;
  pair.deliver();
  const now = { node: 'n02', incarnation: '2-b' };
  pair.start(now);
  pair.agree({ ...now, isInSync: false });
  for (let round = 0; round < 10; round++) {
    pair.tick();
    pair.deliver();
  }
  pair.agree({ isInSync: true });
  assert.equal(pair.replica.store.entries.get('k1'), 1);
  pair.hand({ ...late, message: { ...late.message, held: undefined, attempt: 99 } as Letter['message'] });
  // Of a full sync, if that is what it is, only the beginning arrives, and its primary is gone.
  const [first] = pair.letters.splice(0).filter(({ to }) => to === 'n02');
  if (first !== undefined) pair.hand(first);
  return pair;
}

test('what a replica asked for in its former life does not empty it', () => {
  assert.ok(lateAttach().replica.copy.held !== undefined);
  const mutant = lateAttach(new Set(['any-life-attaches']));
  assert.equal(mutant.replica.copy.held, undefined, 'the mistake is found: any-life-attaches');
});

test('who cannot go on is asked out while it is in sync, and not for ever', () => {
  const pair = new Pair();
  const { life } = pair.replica;
  pair.agree({ isInSync: true });
  pair.primary.write('k1', 1);
  pair.nodes.delete('n02');
  const held = { epoch: 1, offset: 7 };
  const message = { kind: 'replication/attach', shard: 1, epoch: 1, held, attempt: 1, replicaMs: 0 } as const;
  pair.hand({ from: life, to: 'n01', message });
  pair.tick();
  assert.ok(pair.wishes.has('replica-out-of-sync'));
  pair.agree({ isInSync: false });
  pair.wishes.clear();
  for (let round = 0; round < 40; round++) pair.tick();
  assert.equal(pair.wishes.size, 0, 'it is out, and dead');
});

test('a replica whose two attempts are both answered, the second from where it was, soon asks again', () => {
  const pair = new Pair();
  for (let round = 0; round < 6; round++) pair.tick();
  const attempts = pair.letters.splice(0).filter(({ message }) => message.kind === 'replication/attach');
  assert.equal(attempts.length, 2);
  pair.hand(attempts[0]);
  pair.primary.write('k1', 1);
  // Of the first session the write comes too, so that the second one begins before what is held.
  pair.tick();
  pair.deliver();
  pair.hand(attempts[1]);
  pair.deliver();
  const last = pair.primary.write('k1', 2);
  for (let round = 0; round < 10; round++) {
    pair.tick();
    pair.deliver();
  }
  assert.equal(pair.replica.copy.held?.offset, last);
});
