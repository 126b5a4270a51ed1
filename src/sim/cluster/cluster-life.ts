/**
 * A node of the simulated cluster: its mind and its copy, driven as a real one drives them, and a service for clients (service.ts).
 * n1 begins the cluster when it knows all others.
 */
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
  type Topology,
  type TopologyNode,
  topologyDefaults,
} from '../../ring/index.js';
import type { Effects, Host, HostClocks, Life, TrialSetup } from '../program.js';
import type { ClusterFact } from './facts.js';
import { MapStore, type Write } from './map-store.js';
import { markOf } from './marks.js';
import { Service, type ServiceStep } from './service.js';
import { reportHeard, reportSaid, VoterFacts } from './voter-facts.js';
import { type ClientAnswer, isAnswer, isQuestion, isReplication, type Wire } from './wire.js';

export interface ClusterShape {
  readonly shards: number;
  readonly replicasPerShard: number;
}

/** A backlog that is left behind now and then, and windows that a full sync takes some steps to pass. */
const BACKLOG_BYTES = 40;
const WINDOW_BYTES = 12;
const HOLDS_EVERY_MS = 500;
const BUS_PORT = 2;
const NOTHING: History = { epoch: 0, offset: 0 };
/** Shorter than in life, so that it happens, and ends before a run does. */
const PLAN = { rehomeAfterMs: 3_000, replaceVoterAfterMs: 3_000, forgetAfterMs: 4_000 };

type ClusterEffects = Effects<Wire, MindDisk, ClusterFact>;

export class ClusterLife implements Life<Wire, MindDisk, ClusterFact> {
  readonly #self: TopologyNode;
  readonly #shape: ClusterShape;
  readonly #nodes: readonly NodeId[];
  readonly #mind: Mind;
  readonly #store = new MapStore();
  readonly #copy: Copy<Write>;
  readonly #service: Service;
  readonly #clusterId: string;
  readonly #voter: VoterFacts;
  #topology: Topology | undefined;
  #holdsAtMs = 0;

  constructor(
    host: Host<MindDisk>,
    { nodes, mutants }: TrialSetup,
    shape: ClusterShape,
    effects: ClusterEffects,
  ) {
    const { id, incarnation, disk, clocks, random } = host;
    this.#shape = shape;
    this.#nodes = nodes;
    this.#clusterId = `c${random.uint32()}`;
    this.#self = { node: id, incarnation, host: id, port: 1, busPort: BUS_PORT, zone: '', holdsData: true };
    const saved = disk.kind === 'kept' ? disk.state : undefined;
    this.#voter = new VoterFacts(saved, effects);
    const seeds = nodes.map((node) => `${node}:${BUS_PORT}`);
    this.#mind = new Mind({ self: this.#self, saved, random, seeds, plan: PLAN, mutants }, clocks);
    this.#copy = new Copy({
      self: this.#self,
      store: this.#store,
      sizeOf: () => 1,
      memoryOf: () => 1,
      backlogBytes: BACKLOG_BYTES,
      windowBytes: WINDOW_BYTES,
      mutants,
    });
    const parts = { self: this.#self, mind: this.#mind, copy: this.#copy, store: this.#store, mutants };
    this.#service = new Service(parts, clocks);
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
    this.#service.tick(this.#step(clocks, effects));
    this.#tellHolds(clocks, effects);
  }

  receive(from: NodeId, { life, cluster, body }: Wire, clocks: HostClocks, effects: ClusterEffects): void {
    const sender = { node: from, incarnation: life };
    if (isQuestion(body)) {
      this.#service.answer(from, body, this.#step(clocks, effects));
    } else if (isReplication(body)) {
      const before = this.#copy.held;
      this.#copy.receive(sender, body, clocks, this.#copyOutbox(effects));
      this.#reportHas(before, effects);
      this.#service.acknowledge(this.#step(clocks, effects));
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
      ...topologyDefaults,
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
    effects.report({ kind: 'committed', term: this.#mind.committedTerm, topology });
    if (topology.voters.join() !== topology.previousVoters.join()) effects.mark('joint');
    const { role: before, held } = this.#copy;
    const epoch = this.#copy.shard?.epoch;
    this.#copy.learn(topology, clocks);
    this.#reportTakeover(before, epoch, held, effects);
    if (this.#copy.role !== before) effects.mark(`becomes-${this.#copy.role}`);
    this.#service.learn(topology, this.#step(clocks, effects));
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

  #tellHolds(clocks: HostClocks, effects: ClusterEffects): void {
    const { monotonicMs } = clocks;
    const { shard, role, held } = this.#copy;
    if (monotonicMs < this.#holdsAtMs) return;
    this.#holdsAtMs = monotonicMs + HOLDS_EVERY_MS;
    const served = role === 'primary' ? shard : undefined;
    effects.report({ kind: 'clock', monotonicMs, shard: served?.id ?? 0, epoch: served?.epoch ?? 0 });
    if (shard === undefined || role === 'none') return;
    const mayWrite = this.#service.mayWrite(shard, this.#step(clocks, effects));
    const { entries } = this.#store;
    effects.report({ kind: 'holds', shard: shard.id, role, mayWrite, entries, held });
  }

  #step(clocks: HostClocks, effects: ClusterEffects): ServiceStep {
    return {
      clocks,
      mindOutbox: this.#mindOutbox(effects),
      report: (fact) => effects.report(fact),
      mark: (name) => effects.mark(name),
      say: (client: NodeId, answer: ClientAnswer) =>
        effects.send(client, { life: this.#self.incarnation, body: answer }),
    };
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
