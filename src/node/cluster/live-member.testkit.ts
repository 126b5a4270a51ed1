/**
 * The member of a node, with a mind that is told by the test: topologies, leases and messages come when the test says so, and what the member
 * sends is kept.
 */
import assert from 'node:assert/strict';
import type { ReplicationMessage } from '../../cluster/index.js';
import type { NodeLife, Topology, TopologyChange, TopologyNode } from '../../ring/index.js';
import type { CacheNode } from '../cache-node.js';
import { LiveMember, type MemberMind } from './cluster-member.js';
import type { EffectGroup } from './effects.js';
import { hostClocks } from './host-clocks.js';
import { LeaseView } from './lease-view.js';
import { encodeReplication, ReplicationDecoder } from './replication-codec.js';
import { newSharedMemory, SharedCell } from './shared-cell.js';
import { nodeOf } from './stores.testkit.js';

const MEMORY_BYTES = 32 * 2 ** 20;
/** Longer than a test takes. */
const LEASE_MS = 600_000;

type Message = ReplicationMessage<EffectGroup>;

class ToldMind implements MemberMind {
  readonly self: TopologyNode;
  topology: Topology | undefined;
  readonly deadNodes: ReadonlySet<never> = new Set();
  readonly lease: LeaseView;
  readonly sent: Message[] = [];
  readonly wanted: TopologyChange[] = [];
  onTopology: MemberMind['onTopology'] = () => {};
  onDeadNodes: MemberMind['onDeadNodes'] = () => {};
  onReplication: MemberMind['onReplication'] = () => {};
  onArriving: MemberMind['onArriving'] = () => {};
  onPublications: MemberMind['onPublications'] = () => {};
  onPublicationsDropped: MemberMind['onPublicationsDropped'] = () => {};
  onDeath: MemberMind['onDeath'] = () => {};
  /** What was published, with those to whom it goes. */
  readonly published: [to: readonly string[], batch: Uint8Array][] = [];
  isFull = false;
  readonly #decoder = new ReplicationDecoder();

  constructor(self: TopologyNode, cell: SharedCell) {
    this.self = self;
    this.lease = new LeaseView(cell, hostClocks);
  }

  alive(): void {}

  sendReplication(_to: string, message: Uint8Array): void {
    this.sent.push(this.#decoder.decode(message));
  }

  sendPublications(to: readonly string[], batch: Uint8Array): boolean {
    if (!this.isFull) this.published.push([to, batch]);
    return !this.isFull;
  }

  async propose(changes: readonly TopologyChange[]): ReturnType<MemberMind['propose']> {
    this.wanted.push(...changes);
    return { kind: 'unknown', why: 'nobody is asked' };
  }

  async begin(): Promise<undefined> {}

  async release(): Promise<void> {}

  async status(): ReturnType<MemberMind['status']> {
    throw new Error('a mind that is told has no status');
  }

  async close(): Promise<void> {}

  async kill(): Promise<void> {}
}

export class ToldNode {
  readonly node: CacheNode;
  readonly member: LiveMember;
  readonly mind: ToldMind;
  readonly #worker: SharedCell;

  constructor(self: TopologyNode) {
    const memory = newSharedMemory();
    this.#worker = new SharedCell(memory);
    this.node = nodeOf(MEMORY_BYTES);
    this.mind = new ToldMind(self, new SharedCell(memory));
    this.member = new LiveMember(this.node, this.mind);
    this.node.enterCluster(this.member);
  }

  /** What it sent, the oldest first. */
  get sent(): readonly Message[] {
    return this.mind.sent;
  }

  /** What it asked the register for; nobody agrees. */
  get wanted(): readonly TopologyChange[] {
    return this.mind.wanted;
  }

  learn(topology: Topology): void {
    this.mind.topology = topology;
    this.mind.onTopology(topology);
  }

  /** Until it is taken back with undefined. */
  grant(of: { readonly shard: number; readonly epoch: number } | undefined): void {
    const deadlineMs = hostClocks().monotonicMs + LEASE_MS;
    this.#worker.writeLease(of && { ...of, deadlineMs }, this.#worker.jumps);
  }

  hear(from: NodeLife, message: Message): void {
    const bytes = encodeReplication(message);
    assert.ok(bytes.buffer instanceof ArrayBuffer);
    this.mind.onReplication(from, new Uint8Array(bytes.buffer));
  }
}
