/**
 * A node of the simulated cluster: its mind and its copy, driven as a real one drives them, and a store that serves clients.
 *
 *   n1 begins the cluster when it knows all others. A question about a key goes
 *     not our shard, or we are replica   ─> moved
 *     no lease, or the set is silent     ─> down
 *     read                               ─> done
 *     write, plain                       ─> executed, done at once
 *     delete, write of all               ─> executed; done when the in-sync set has it, uncertain when the lease ends before
 */
import { Block, keySlot } from '../../base/index.js';
import {
  Copy,
  type History,
  Mind,
  type MindDisk,
  type MindMessage,
  type ReplicationMessage,
} from '../../cluster/index.js';
import {
  firstTopology,
  isRefusal,
  type NodeId,
  SlotTable,
  type Topology,
  type TopologyNode,
} from '../../ring/index.js';
import type { Effects, Host, HostClocks, Life, TrialSetup } from '../program.js';
import type { ClusterFact } from './facts.js';
import { MapStore, type Write } from './map-store.js';
import { markOf } from './marks.js';
import { reportHeard, reportSaid, VoterFacts } from './voter-facts.js';
import {
  type ClientAnswer,
  type ClientQuestion,
  isAnswer,
  isQuestion,
  isReplication,
  type Wire,
} from './wire.js';

export interface ClusterShape {
  readonly shards: number;
  readonly replicasPerShard: number;
}

/** A backlog that is left behind now and then, and windows that a full sync takes some steps to pass. */
const BACKLOG_BYTES = 40;
const WINDOW_BYTES = 12;
const LEASE = { leaseMs: 1500, driftPermille: 50, slackMs: 20 };
const MAX_UNREPLICATED_MS = 1000;
const HOLDS_EVERY_MS = 500;
const HAND_OVER_MS = 500;
const BUS_PORT = 2;
const NOTHING: History = { epoch: 0, offset: 0 };
/** Shorter than in life, so that it happens, and ends before a run does. */
const REHOME_AFTER_MS = 3_000;

type ClusterEffects = Effects<Wire, MindDisk, ClusterFact>;

/** A write that waits for the in-sync set. */
interface Waiting {
  readonly client: NodeId;
  readonly id: number;
  readonly shard: number;
  readonly epoch: number;
  readonly offset: number;
  readonly write: Write;
}

export class ClusterLife implements Life<Wire, MindDisk, ClusterFact> {
  readonly #self: TopologyNode;
  readonly #shape: ClusterShape;
  readonly #nodes: readonly NodeId[];
  readonly #mind: Mind;
  readonly #store = new MapStore();
  readonly #copy: Copy<Write>;
  readonly #mutants: ReadonlySet<string>;
  readonly #clusterId: string;
  readonly #voter: VoterFacts;
  #topology: Topology | undefined;
  #slots: SlotTable | undefined;
  #waiting: Waiting[] = [];
  #holdsAtMs = 0;
  #handOverUntilMs: number | undefined;

  constructor(
    host: Host<MindDisk>,
    { nodes, mutants }: TrialSetup,
    shape: ClusterShape,
    effects: ClusterEffects,
  ) {
    const { id, incarnation, disk, clocks, random } = host;
    this.#shape = shape;
    this.#nodes = nodes;
    this.#mutants = mutants;
    this.#clusterId = `c${random.uint32()}`;
    this.#self = { node: id, incarnation, host: id, port: 1, busPort: BUS_PORT, zone: '', holdsData: true };
    const saved = disk.kind === 'kept' ? disk.state : undefined;
    this.#voter = new VoterFacts(saved, effects);
    const seeds = nodes.map((node) => `${node}:${BUS_PORT}`);
    this.#mind = new Mind(
      { self: this.#self, saved, random, seeds, plan: { rehomeAfterMs: REHOME_AFTER_MS }, mutants },
      clocks,
    );
    this.#copy = new Copy({
      self: this.#self,
      store: this.#store,
      sizeOf: () => 1,
      backlogBytes: BACKLOG_BYTES,
      windowBytes: WINDOW_BYTES,
      mutants,
    });
  }

  tick(clocks: HostClocks, effects: ClusterEffects): void {
    this.#mind.tick(clocks, this.#mindOutbox(effects));
    this.#begin(clocks, effects);
    this.#learn(clocks, effects);
    const wishes = this.#copy.tick(clocks, this.#copyOutbox(effects));
    for (const wish of wishes) {
      effects.note(`asks for ${wish.kind}: ${wish.reason}`);
      effects.mark(wish.kind);
      this.#mind.propose([wish], clocks, this.#mindOutbox(effects));
    }
    this.#learn(clocks, effects);
    for (const { id, outcome } of this.#mind.takeOutcomes()) {
      if (outcome.kind !== 'done')
        effects.note(`proposal ${id} is ${outcome.kind}: ${JSON.stringify(outcome)}`);
    }
    this.#handOver(clocks, effects);
    this.#acknowledge(clocks, effects);
    this.#tellHolds(clocks, effects);
  }

  receive(from: NodeId, { life, cluster, body }: Wire, clocks: HostClocks, effects: ClusterEffects): void {
    const sender = { node: from, incarnation: life };
    if (isQuestion(body)) {
      this.#answer(from, body, clocks, effects);
    } else if (isReplication(body)) {
      const before = this.#copy.held;
      this.#copy.receive(sender, body, clocks, this.#copyOutbox(effects));
      this.#reportHas(before, effects);
      this.#acknowledge(clocks, effects);
    } else if (!isAnswer(body)) {
      reportHeard(from, body, this.#self, effects);
      this.#mind.receive(sender, cluster, body, clocks, this.#mindOutbox(effects));
      this.#learn(clocks, effects);
    }
  }

  persisted(number: number, clocks: HostClocks, effects: ClusterEffects): void {
    this.#voter.kept(number, effects);
    this.#mind.persisted(number, clocks, this.#mindOutbox(effects));
    this.#learn(clocks, effects);
  }

  persistFailed(number: number, clocks: HostClocks, effects: ClusterEffects): void {
    effects.report({ kind: 'not-kept' });
    this.#mind.persistFailed(number, clocks, this.#mindOutbox(effects));
  }

  /** The first node begins the cluster, as an operator would tell it to, once it knows all. */
  #begin(clocks: HostClocks, effects: ClusterEffects): void {
    if (this.#self.node !== this.#nodes[0] || this.#mind.clusterId !== undefined) return;
    const { membership } = this.#mind;
    const nodes = [...membership.claims()].flatMap(({ node }) => membership.aliveAs(node) ?? []);
    if (nodes.length < this.#nodes.length) return;
    const first = firstTopology({
      clusterId: this.#clusterId,
      nodes,
      lease: LEASE,
      maxUnreplicatedMs: MAX_UNREPLICATED_MS,
      ...this.#shape,
    });
    if (isRefusal(first)) throw new Error(`no first topology: ${first.refused}`);
    // Begun on one of its voters; the first node is one of them.
    this.#mind.begin(first, clocks, this.#mindOutbox(effects));
  }

  #learn(clocks: HostClocks, effects: ClusterEffects): void {
    const topology = this.#mind.committed;
    if (topology === undefined || topology === this.#topology) return;
    this.#topology = topology;
    this.#slots = new SlotTable(topology.slots);
    effects.report({ kind: 'committed', term: this.#mind.committedTerm, topology });
    if (topology.voters.join() !== topology.previousVoters.join()) effects.mark('joint');
    const { role: before, held } = this.#copy;
    const epoch = this.#copy.shard?.epoch;
    this.#copy.learn(topology, clocks);
    this.#reportTakeover(before, epoch, held, effects);
    if (this.#copy.role !== before) effects.mark(`becomes-${this.#copy.role}`);
    this.#acknowledge(clocks, effects);
  }

  #reportHas(before: History | undefined, effects: ClusterEffects): void {
    const { shard, role, held } = this.#copy;
    if (role !== 'replica' || shard === undefined || held === before) return;
    effects.report({ kind: 'has', shard: shard.id, held });
  }

  #reportTakeover(
    before: string,
    epochBefore: number | undefined,
    heldBefore: History | undefined,
    effects: ClusterEffects,
  ): void {
    const { shard, role, held } = this.#copy;
    if (role !== 'primary' || shard === undefined || held === undefined) return;
    if (before === 'primary' && shard.epoch === epochBefore) return;
    const from = held.offset === 0 ? NOTHING : (heldBefore ?? NOTHING);
    effects.report({ kind: 'took-over', shard: shard.id, epoch: shard.epoch, from });
  }

  #answer(client: NodeId, question: ClientQuestion, clocks: HostClocks, effects: ClusterEffects): void {
    if (question.kind === 'client/hand-over') {
      if (this.#copy.role !== 'primary' || this.#handOverUntilMs !== undefined) return;
      effects.mark('hand-over');
      this.#mind.release(clocks, this.#mindOutbox(effects));
      this.#handOverUntilMs = clocks.monotonicMs + HAND_OVER_MS;
      return;
    }
    if (question.kind === 'client/voters') {
      const voterVersion = this.#topology?.voterVersion;
      if (voterVersion === undefined) return;
      effects.mark('change-voters');
      const { voters } = question;
      const change = { kind: 'set-voters', voterVersion, voters, reason: 'told to' } as const;
      this.#mind.propose([change], clocks, this.#mindOutbox(effects));
      return;
    }
    const answer = this.#serve(client, question, clocks, effects);
    if (answer !== undefined) this.#say(client, answer, effects);
    else this.#acknowledge(clocks, effects);
  }

  /** What to say at once; undefined: it is acknowledged later. */
  #serve(
    client: NodeId,
    question: Extract<ClientQuestion, { readonly key: string }>,
    clocks: HostClocks,
    effects: ClusterEffects,
  ): ClientAnswer | undefined {
    const { id, key } = question;
    const { shard } = this.#copy;
    const owner = this.#slots?.ownerOf(slotOf(key));
    const primary = this.#topology?.shards.find((one) => one.id === owner)?.primary;
    const isOurs = shard?.id === owner && this.#copy.role === 'primary';
    if (!isOurs && primary !== undefined && primary.node !== this.#self.node) {
      return { kind: 'client/moved', id, to: primary.node };
    }
    if (!isOurs || shard === undefined) return { kind: 'client/down', id };
    const isUnderLease = this.#mayWrite(shard.id, shard.epoch, clocks, effects);
    if (question.kind === 'client/read') {
      return { kind: 'client/done', id, value: this.#store.entries.get(key), isUnderLease };
    }
    if (!isUnderLease || !this.#copy.mayWrite(clocks)) return { kind: 'client/down', id };
    const write = { key, value: question.kind === 'client/write' ? question.value : undefined };
    this.#store.apply(write);
    const offset = this.#copy.append(write);
    const { monotonicMs } = clocks;
    effects.report({ kind: 'wrote', shard: shard.id, epoch: shard.epoch, offset, ...write, monotonicMs });
    const needsAll = question.kind === 'client/delete' || question.needsAll;
    if (needsAll && !this.#mutants.has('delete-of-one')) {
      this.#waiting.push({ client, id, shard: shard.id, epoch: shard.epoch, offset, write });
      return undefined;
    }
    const { epoch } = shard;
    effects.report({ kind: 'acknowledged', shard: shard.id, epoch, ...write, byAll: needsAll, offset });
    return { kind: 'client/done', id, value: undefined, isUnderLease };
  }

  /** Answers what the in-sync set has by now, and what it never will have under this epoch. */
  #acknowledge(clocks: HostClocks, effects: ClusterEffects): void {
    if (this.#waiting.length === 0) return;
    const { shard, confirmed } = this.#copy;
    this.#waiting = this.#waiting.filter((one) => {
      const isOurs = this.#copy.role === 'primary' && shard?.id === one.shard && shard.epoch === one.epoch;
      if (isOurs && confirmed < one.offset) return true;
      if (isOurs && this.#mayWrite(one.shard, one.epoch, clocks, effects)) {
        effects.report({
          kind: 'acknowledged',
          shard: one.shard,
          epoch: one.epoch,
          ...one.write,
          byAll: true,
          offset: one.offset,
        });
        this.#say(
          one.client,
          { kind: 'client/done', id: one.id, value: undefined, isUnderLease: true },
          effects,
        );
      } else {
        this.#say(one.client, { kind: 'client/uncertain', id: one.id }, effects);
      }
      return false;
    });
  }

  /** When all of the set has everything, one of it is asked to be primary; else, later, a new epoch is. */
  #handOver(clocks: HostClocks, effects: ClusterEffects): void {
    if (this.#handOverUntilMs === undefined) return;
    const { shard, role, confirmed, held } = this.#copy;
    const isOver = clocks.monotonicMs >= this.#handOverUntilMs || shard === undefined || role !== 'primary';
    const heir = shard?.replicas.find(({ isInSync }) => isInSync);
    if (isOver || heir === undefined) {
      this.#handOverUntilMs = undefined;
    } else if (held !== undefined && confirmed >= held.offset) {
      this.#handOverUntilMs = undefined;
      const { node, incarnation } = heir;
      const from = { node: this.#self.node, incarnation: this.#self.incarnation };
      const change = {
        kind: 'hand-over',
        shard: shard.id,
        epoch: shard.epoch,
        from,
        to: { node, incarnation },
        reason: `${from.node} was told to hand it over`,
      } as const;
      this.#mind.propose([change], clocks, this.#mindOutbox(effects));
    }
  }

  #mayWrite(shard: number, epoch: number, clocks: HostClocks, effects: ClusterEffects): boolean {
    return this.#mind.mayWrite(shard, epoch, clocks, this.#mindOutbox(effects));
  }

  #tellHolds(clocks: HostClocks, effects: ClusterEffects): void {
    const { monotonicMs } = clocks;
    const { shard, role, held } = this.#copy;
    if (monotonicMs < this.#holdsAtMs || shard === undefined || role === 'none') return;
    this.#holdsAtMs = monotonicMs + HOLDS_EVERY_MS;
    const mayWrite = this.#mayWrite(shard.id, shard.epoch, clocks, effects) && this.#copy.mayWrite(clocks);
    const { entries } = this.#store;
    effects.report({ kind: 'holds', shard: shard.id, role, mayWrite, entries, held });
  }

  #say(client: NodeId, answer: ClientAnswer, effects: ClusterEffects): void {
    effects.send(client, { life: this.#self.incarnation, body: answer });
  }

  #mindOutbox(effects: ClusterEffects) {
    const wire = (body: MindMessage): Wire => {
      const cluster = this.#mind.clusterId;
      return { life: this.#self.incarnation, ...(cluster !== undefined && { cluster }), body };
    };
    return {
      send: (to: NodeId, body: MindMessage) => {
        reportSaid(body, effects);
        effects.send(idOf(to), wire(body));
      },
      sendAfterPersist: (number: number, to: NodeId, body: MindMessage) =>
        effects.sendAfterPersist(number, to, wire(body)),
      persist: (state: MindDisk, number: number) => {
        effects.mark('persist');
        this.#voter.keeps(state, number, effects);
        effects.persist(state, number);
      },
      note: (what: string) => {
        effects.note(what);
        const term = /^leads in term (\d+)$/.exec(what)?.[1];
        if (term !== undefined) effects.report({ kind: 'leads', term: Number(term) });
        const mark = markOf(what);
        if (mark !== undefined) effects.mark(mark);
      },
    };
  }

  #copyOutbox(effects: ClusterEffects) {
    const { incarnation: life } = this.#self;
    return {
      send: (to: NodeId, body: ReplicationMessage<Write>) => effects.send(to, { life, body }),
      sendAfterPersist: () => {},
      persist: () => {},
      note: (what: string) => effects.note(what),
    };
  }
}

/** Of an address, '@n3:2', the host that is there. */
function idOf(to: NodeId): NodeId {
  return to.startsWith('@') ? (to.slice(1).split(':')[0] as NodeId) : to;
}

/** The slot of a key of ASCII. */
export function slotOf(key: string): number {
  const block = Block.of(key);
  return keySlot(block, 0, block.bytes.length);
}
