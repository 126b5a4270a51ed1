/**
 * Two nodes that hold one shard, in one process: real stores, copies and messages as bytes, without sockets. What is asked of the
 * register is agreed at once.
 */
import assert from 'node:assert/strict';
import { Block } from '../../base/index.js';
import { Copy } from '../../cluster/index.js';
import {
  applyChange,
  firstTopology,
  isRefusal,
  type NodeId,
  type NodeLife,
  type Topology,
  type TopologyChange,
  topologyDefaults,
} from '../../ring/index.js';
import { CacheNode } from '../cache-node.js';
import { resolve } from '../options.js';
import { type EffectGroup, groupBytes, groupMemory } from './effects.js';
import { encodeReplication, ReplicationDecoder } from './replication-codec.js';
import { ShardStore } from './shard-store.js';

const TICK_MS = 20;
const START_MS = 1_800_000_000_000;

interface Letter {
  readonly from: NodeLife;
  readonly to: NodeId;
  readonly bytes: Uint8Array;
}

export interface DuoOptions {
  readonly primaryBytes: number;
  readonly replicaBytes: number;
  readonly backlogBytes?: number;
  readonly windowBytes?: number;
}

export class Duo {
  nowMs = 0;
  /** Whether letters arrive. */
  isConnected = true;
  topology: Topology;
  readonly logged: string[] = [];
  readonly members: readonly [Member, Member];
  readonly #letters: Letter[] = [];

  constructor(options: DuoOptions) {
    const lives = ['a', 'b'].map((node) => ({ node, incarnation: `1-${node}` }));
    const nodes = lives.map((life, i) => ({
      ...life,
      host: 'h',
      port: i + 1,
      busPort: i + 11,
      zone: '',
      holdsData: true,
    }));
    const first = firstTopology({
      clusterId: 'c',
      nodes,
      ...topologyDefaults,
      shards: 1,
      replicasPerShard: 1,
    });
    assert.ok(!isRefusal(first));
    this.topology = first;
    const [primary, replica] = lives as [NodeLife, NodeLife];
    this.members = [
      new Member(primary, options.primaryBytes, this, options),
      new Member(replica, options.replicaBytes, this, options),
    ];
    this.#learn();
  }

  get primary(): Member {
    return this.members.find(({ copy }) => copy.role === 'primary') as Member;
  }

  get replica(): Member {
    return this.members.find(({ copy }) => copy.role === 'replica') as Member;
  }

  get isInSync(): boolean {
    return this.topology.shards[0]?.replicas[0]?.isInSync === true;
  }

  post(letter: Letter): void {
    if (this.isConnected) this.#letters.push(letter);
  }

  /** So many ticks of both, and all that is said meanwhile; `between` comes after each. */
  run(ticks: number, between: () => void = () => {}): void {
    for (let i = 0; i < ticks; i++) {
      this.nowMs += TICK_MS;
      for (const member of this.members) this.agree(member.tick());
      for (let letter = this.#letters.shift(); letter !== undefined; letter = this.#letters.shift()) {
        const { to } = letter;
        this.members.find(({ life }) => life.node === to)?.receive(letter);
      }
      between();
    }
  }

  agree(changes: readonly TopologyChange[]): void {
    if (changes.length === 0) return;
    let next = this.topology;
    for (const change of changes) {
      const changed = applyChange(next, change);
      if (!isRefusal(changed)) next = changed;
    }
    if (next === this.topology) return;
    this.topology = { ...next, version: next.version + 1 };
    this.#learn();
  }

  /** The replica becomes primary, and the primary, which lives on, its replica. */
  handOver(): void {
    const [shard] = this.topology.shards;
    assert.ok(shard !== undefined);
    const [from, to] = [this.primary.life, this.replica.life];
    this.agree([{ kind: 'hand-over', shard: shard.id, epoch: shard.epoch, from, to, reason: 'a test' }]);
  }

  #learn(): void {
    for (const member of this.members) member.learn(this.topology);
  }
}

export class Member {
  readonly life: NodeLife;
  readonly node: CacheNode;
  readonly shardStore: ShardStore;
  readonly copy: Copy<EffectGroup>;
  readonly #duo: Duo;
  readonly #decoder = new ReplicationDecoder();

  constructor(life: NodeLife, maxBytes: number, duo: Duo, options: DuoOptions) {
    const { backlogBytes = 256 * 1024, windowBytes = 16 * 1024 } = options;
    this.life = life;
    this.#duo = duo;
    const clock = { wallMs: () => START_MS + duo.nowMs, monotonicMs: () => duo.nowMs };
    const note = (message: string): void => void duo.logged.push(message);
    const log = { debug() {}, info() {}, warn: note, error: note };
    this.node = new CacheNode(resolve({ clock, log }), maxBytes);
    this.shardStore = new ShardStore(this.node, backlogBytes);
    this.copy = new Copy({
      self: life,
      store: this.shardStore,
      sizeOf: groupBytes,
      memoryOf: groupMemory,
      backlogBytes,
      windowBytes,
    });
    this.shardStore.backlog = this.copy.backlog;
  }

  get store() {
    return this.node.store;
  }

  tick(): TopologyChange[] {
    this.node.cron.tick();
    return this.#step(() => this.copy.tick(this.#clocks, this.#outbox));
  }

  receive({ from, bytes }: Letter): void {
    const message = this.#decoder.decode(bytes);
    this.#step(() => this.copy.receive(from, message, this.#clocks, this.#outbox));
  }

  learn(topology: Topology): void {
    this.#step(() => {
      const { role } = this.copy;
      const epoch = this.copy.shard?.epoch;
      this.copy.learn(topology, this.#clocks);
      if (this.copy.role === role && this.copy.shard?.epoch === epoch) return;
      if (this.copy.role === 'primary') this.shardStore.lead((group) => this.copy.append(group));
      else this.shardStore.follow();
    });
  }

  /** As a command does it; false when it does not fit. */
  set(key: string, value: string | Block, expiry = 0): boolean {
    const { store, keyspace } = this.node;
    const [keyBlock, valueBlock] = [Block.of(key), typeof value === 'string' ? Block.of(value) : value];
    this.node.beginEvent(undefined);
    const { length } = valueBlock.bytes;
    const ref = store.set(0, keyBlock, 0, key.length, valueBlock, 0, length, expiry);
    if (ref !== 0) keyspace.changed(undefined, 0, keyBlock, 0, key.length);
    this.node.endEvent();
    return ref !== 0;
  }

  /** As SETRANGE does it, to a key that is there. */
  setPart(key: string, at: number, bytes: string): void {
    const { store, keyspace } = this.node;
    const block = Block.of(key);
    const { length } = bytes;
    this.node.beginEvent(undefined);
    let ref = store.find(0, block, 0, key.length);
    if (at + length > store.valueLength(ref)) ref = store.resizeValue(ref, at + length);
    store.writeValue(ref, at, Block.of(bytes), 0, length);
    keyspace.changed(undefined, 0, block, 0, key.length, ref, { at, length });
    this.node.endEvent();
  }

  /** As EXPIREAT and LEASE.EXPIRE do it, to a key that is there. */
  setLifetimes(key: string, expiry: number, freshUntil: number): void {
    const { store, keyspace } = this.node;
    const block = Block.of(key);
    this.node.beginEvent(undefined);
    store.setFreshUntil(store.setExpiry(store.find(0, block, 0, key.length), expiry), freshUntil);
    keyspace.changed(undefined, 0, block, 0, key.length, undefined, 'lifetimes');
    this.node.endEvent();
  }

  delete(key: string): void {
    const block = Block.of(key);
    const ref = this.store.find(0, block, 0, key.length);
    if (ref !== 0) this.store.remove(ref);
    this.node.keyspace.changed(undefined, 0, block, 0, key.length);
  }

  read(key: string): boolean {
    return this.store.read(0, Block.of(key), 0, key.length) !== 0;
  }

  #step<T>(step: () => T): T {
    this.node.beginEvent(undefined);
    this.shardStore.flush();
    const result = step();
    this.node.endEvent();
    return result;
  }

  get #clocks() {
    const { nowMs } = this.#duo;
    return { monotonicMs: nowMs, holderMs: nowMs };
  }

  readonly #outbox = {
    send: (to: NodeId, message: Parameters<typeof encodeReplication>[0]) =>
      this.#duo.post({ from: this.life, to, bytes: encodeReplication(message) }),
    sendAfterPersist: () => {},
    persist: () => {},
    note: () => {},
  };
}
