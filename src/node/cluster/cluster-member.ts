/**
 * A node's part in its cluster: the thread of its mind, the copy of its shard, and its store, put together. Driven as the simulator
 * drives them (src/sim/cluster/cluster-life.ts).
 *
 *   MindThread ──topology──> learn ──> Copy ──role──> ShardStore leads or follows
 *      ^  ^                              │
 *      │  └──what to ask the register────┤ tick, each TICK_MS, and in the turn after a write
 *      └─────replication messages <──────┘ receive ──> ShardStore.apply
 *                                        └──confirmed, changed──> listener: the gate of the commands
 *
 * - What was changed within GATHER_MS is one write of the stream. When a reply waits for it, it is sent as soon as the turn of the loop
 *   is over. A message costs both ends, threads and sockets, as much as some hundred writes do.
 * - Before the copy learns of another epoch what was captured is closed, so that an effect never counts in a later epoch than that in
 *   which it was done.
 * - Who may write is asked of the lease at each use, never remembered.
 */
import { type Clocks, Copy, type Outbox, type ReplicationMessage } from '../../cluster/index.js';
import type { NodeId, NodeLife, Topology, TopologyNode } from '../../ring/index.js';
import { BusTrouble } from '../bus/trouble.js';
import type { CacheNode } from '../cache-node.js';
import { type EffectGroup, groupBytes, groupMemory } from './effects.js';
import { handOver } from './hand-over.js';
import type { ClusterMember, Follower, MemberListener } from './member.js';
import type { MindThread } from './mind-thread.js';
import type { Publication } from './publication-codec.js';
import { Publications } from './publications.js';
import { encodeReplication, ReplicationDecoder } from './replication-codec.js';
import { backlogBudget, ShardStore } from './shard-store.js';

const TICK_MS = 50;
/** For how long a write waits for others to travel with, if nobody waits for it. */
const GATHER_MS = 5;

/** The thread of its mind, as a member uses it. */
export type MemberMind = Pick<MindThread, keyof MindThread>;

const nobodyListens: MemberListener = { confirmed() {}, changed() {} };

export class LiveMember implements ClusterMember {
  readonly self: TopologyNode;
  listener: MemberListener = nobodyListens;
  deadNodes: ReadonlySet<string> = new Set();
  readonly #node: CacheNode;
  readonly #mind: MemberMind;
  readonly #store: ShardStore;
  readonly #copy: Copy<EffectGroup>;
  readonly #decoder = new ReplicationDecoder();
  readonly #publications: Publications;
  readonly #outbox: Outbox<ReplicationMessage<EffectGroup>>;
  /** By node: what is answered in the next turn. */
  readonly #attaches = new Map<
    NodeId,
    { readonly from: NodeLife; readonly message: ReplicationMessage<EffectGroup> }
  >();
  #timer: NodeJS.Timeout | undefined;
  #isFlushDue = false;
  #gathering: NodeJS.Timeout | undefined;
  /** What the gate was told last. */
  #confirmed = -1;
  /** When it was seen to hold the lease; of a primary. */
  #heldLeaseMs = Number.NEGATIVE_INFINITY;
  #heldLease = false;
  /** Under way; undefined: none is. */
  #handOver: Promise<string | undefined> | undefined;
  #isLeaving = false;

  constructor(node: CacheNode, mind: MemberMind) {
    this.#node = node;
    this.#mind = mind;
    this.self = mind.self;
    const backlogBytes = backlogBudget(node.store.maxBytes);
    this.#store = new ShardStore(node, backlogBytes);
    this.#store.onChanged = () => this.#gather();
    this.#copy = new Copy<EffectGroup>({
      self: mind.self,
      store: this.#store,
      sizeOf: groupBytes,
      memoryOf: groupMemory,
      backlogBytes,
    });
    this.#store.backlog = this.#copy.backlog;
    this.#outbox = {
      send: (to, message) => mind.sendReplication(to, encodeReplication(message)),
      persist() {},
      sendAfterPersist() {},
      note: (what) => node.log.info(what),
    };
    mind.onTopology = (topology) => this.#learn(topology);
    mind.onReplication = (from, bytes) => this.#receive(from, bytes);
    mind.onArriving = (from) => this.#copy.arriving(from, this.#clocks());
    this.#publications = new Publications(node, (to, batch) => mind.sendPublications(to, batch));
    mind.onPublications = (from, batch) => this.#event(() => this.#publications.receive(from, batch));
    mind.onPublicationsDropped = (count) => void (node.stats.publicationsDropped += count);
    mind.onDeadNodes = (nodes) => {
      this.deadNodes = new Set(nodes);
      this.#chooseReaders();
      this.listener.changed();
    };
  }

  start(): void {
    if (this.#mind.topology !== undefined) this.#learn(this.#mind.topology);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  // -- what the gate asks

  get topology(): Topology | undefined {
    return this.#mind.topology;
  }

  get role(): 'none' | 'primary' | 'replica' {
    return this.#copy.role;
  }

  get shard(): { readonly id: number; readonly epoch: number } | undefined {
    return this.#copy.shard;
  }

  holdsLease(): boolean {
    const { role, shard } = this.#copy;
    return role === 'primary' && shard !== undefined && this.#mind.lease.mayWrite(shard.id, shard.epoch);
  }

  writeProblem(): 'lease' | 'replicas' | undefined {
    if (!this.holdsLease()) return 'lease';
    return this.#handOver === undefined && this.#copy.mayWrite(this.#mind.lease) ? undefined : 'replicas';
  }

  staleMs(): number {
    if (this.#copy.held === undefined) return Number.POSITIVE_INFINITY;
    if (this.#copy.role === 'replica') return this.#copy.staleMs(this.#clocks());
    if (this.#copy.role === 'none') return Number.POSITIVE_INFINITY;
    return this.holdsLease() ? 0 : this.#clocks().holderMs - this.#heldLeaseMs;
  }

  get offset(): number {
    return this.#store.leads ? this.#store.offset : (this.#copy.held?.offset ?? 0);
  }

  get confirmed(): number {
    return this.#copy.confirmed;
  }

  get followers(): readonly Follower[] {
    return this.#copy.followers(this.#clocks());
  }

  forward(publication: Publication): void {
    this.#publications.forward(publication);
  }

  // -- what people and the end of the node ask

  get mind(): MemberMind {
    return this.#mind;
  }

  get copy(): Copy<EffectGroup> {
    return this.#copy;
  }

  /** Hands its shard over to a replica that is in sync, to the one named or any. Resolves with why it did not come about. */
  async handOver(to?: NodeId): Promise<string | undefined> {
    if (this.#handOver !== undefined) return 'it is being handed over';
    // No write is executed any more when it begins.
    this.#handOver = Promise.resolve().then(() => handOver(this, to));
    try {
      return await this.#handOver;
    } finally {
      this.#handOver = undefined;
    }
  }

  /**
   * The same of a node that is about to end, after one that is under way. It does not follow its heir then: in sync again, it would have to be
   * taken out when it has gone, and deletes would wait for that.
   */
  async handOverForGood(): Promise<string | undefined> {
    this.#isLeaving = true;
    // Whoever asked for it hears why not.
    await this.#handOver?.catch(() => undefined);
    return this.role === 'primary' ? this.handOver() : undefined;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
    await this.#mind.close();
  }

  async kill(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
    await this.#mind.kill();
  }

  // -- what happens

  #tick(): void {
    this.#mind.alive();
    const nowMs = this.#clocks().holderMs;
    const holdsLease = this.holdsLease();
    const isLost = this.#heldLease && !holdsLease;
    this.#heldLease = holdsLease;
    if (holdsLease) this.#heldLeaseMs = nowMs;
    if (isLost) this.listener.changed();
    this.flush();
  }

  #learn(topology: Topology): void {
    this.#chooseReaders();
    this.#event(() => {
      const staleMs = this.staleMs();
      this.#store.flush();
      const { role, shard } = this.#copy;
      this.#copy.learn(topology, this.#clocks());
      const isSame = this.#copy.role === role && this.#copy.shard?.epoch === shard?.epoch;
      if (!isSame) this.#takeRole(staleMs);
      this.listener.changed();
    });
    this.flush();
  }

  /** Publications go to every other node that has clients: not to one that only votes, and to none that is taken for dead. */
  #chooseReaders(): void {
    const nodes = this.topology?.nodes ?? [];
    this.#publications.nodes = nodes
      .filter(({ node, holdsData }) => holdsData && node !== this.self.node && !this.deadNodes.has(node))
      .map(({ node }) => node);
  }

  /** `staleMs`: of what was held before. Until the lease is held that goes on: what names this node primary may have come late, and another write since. */
  #takeRole(staleMs: number): void {
    const copy = this.#copy;
    this.#confirmed = -1;
    this.#heldLease = false;
    if (copy.role === 'primary') {
      this.#heldLeaseMs = this.#clocks().holderMs - staleMs;
      this.#store.lead((group) => copy.append(group));
    } else {
      this.#store.follow();
    }
  }

  #receive(from: NodeLife, bytes: Uint8Array<ArrayBuffer>): void {
    let message: ReplicationMessage<EffectGroup>;
    try {
      message = this.#decoder.decode(bytes);
    } catch (error) {
      if (!(error instanceof BusTrouble)) throw error;
      this.#node.log.warn(`a message of replication of ${from.node} is dropped: ${error.message}`);
      return;
    }
    if (message.kind === 'replication/attach') this.#attachSoon(from, message);
    else this.#hear(from, message);
  }

  #hear(from: NodeLife, message: ReplicationMessage<EffectGroup>): void {
    this.#event(() => {
      // It may cut slices, which show all that was done. Were some of that in the stream behind them only, the replica would say that it holds less
      // than it has, and promoted it would go on from there with others that do not have it.
      if (this.#store.isWalked || message.kind === 'replication/attach') this.#store.flush();
      this.#copy.receive(from, message, this.#clocks(), this.#outbox);
      if (this.#copy.role === 'primary') this.listener.confirmed();
    });
  }

  /**
   * Of those that have come by the next turn the last one of each node counts. While this thread is busy, with a very large value say, a replica asks
   * again and again; were each answered, with all of that value, the thread would be as busy with that, and its replica ask again.
   */
  #attachSoon(from: NodeLife, message: ReplicationMessage<EffectGroup>): void {
    if (this.#attaches.size === 0) {
      setImmediate(() => {
        const attaches = [...this.#attaches.values()];
        this.#attaches.clear();
        for (const attach of attaches) this.#hear(attach.from, attach.message);
      });
    }
    this.#attaches.set(from.node, { from, message });
  }

  /** In the turn after this one: until then the loop may bring more. */
  hurry(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  #gather(): void {
    if (this.#gathering === undefined) this.#gathering = setTimeout(() => this.flush(), GATHER_MS);
    else this.#gathering.refresh();
  }

  /** Sends everything that was done, and asks the register for what the copy wants. */
  flush(): void {
    this.#store.flush();
    if (this.#isLeaving && this.#copy.role === 'replica') return;
    const wishes = this.#copy.tick(this.#clocks(), this.#outbox);
    for (const wish of wishes) void this.#mind.propose([wish]);
    if (this.#copy.role !== 'primary' || this.#copy.confirmed === this.#confirmed) return;
    this.#confirmed = this.#copy.confirmed;
    this.listener.confirmed();
  }

  #event(work: () => void): void {
    this.#node.beginEvent(undefined);
    work();
    this.#node.endEvent();
  }

  #clocks(): Clocks {
    return this.#mind.lease.look();
  }
}
