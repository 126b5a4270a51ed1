/**
 * Drives the mind of a node on a real host, as src/sim/cluster/cluster-life.ts does on a simulated one: time, the bus and the disk go in,
 * what it wants done is done.
 *
 *   tick, each 50 ms ─┐                     ┌─> messages, in an envelope with cluster and life ─> bus
 *   message of a node ┼─ clocks read ─ mind ┼─> states ─> disk ─> persisted ─> messages that waited for that
 *   disk is done      │                     ├─> notes ─> timeline
 *   question of ours ─┘                     └─> lease ─> shared cell      topology, outcomes ─> events
 *
 * A step is a call of the mind with clocks that were read for it. At its end, in the same turn, the lease goes to the cell if it is
 * another one than before, on clocks that are read for that; so who is told anything else of the step finds the cell right.
 *
 * Messages are read by their form first (mind-message.ts); what has none is dropped and told once for each sender.
 *
 * No thread and no timer in it.
 */
import type { RandomSource } from '../../base/index.js';
import {
  Mind,
  type MindDisk,
  type MindMessage,
  type MindOutbox,
  type ProposalOutcome,
} from '../../cluster/index.js';
import {
  describeChanges,
  isRefusal,
  type NodeId,
  type Refusal,
  type Topology,
  type TopologyChange,
  type TopologyNode,
  topologyProblems,
} from '../../ring/index.js';
import { RegisterWriter, type StateDisk } from '../meta/register-writer.js';
import type { Log } from '../options.js';
import type { HostClocks } from './host-clocks.js';
import { lieIn, readWire, type Wire } from './mind-message.js';
import type { MindStatus } from './mind-status.js';
import type { SharedCell } from './shared-cell.js';
import { Timeline } from './timeline.js';

/** Of one version; one that changes more is told in part. */
const MAX_CHANGES_TOLD = 50;
/** Senders of what was no message, and wishes, so that each is told once. */
const MAX_TOLD = 1_024;
/** Nodes that are started together are up by then. */
const ALONE_TOLD_MS = 10_000;

export interface DriverEvents {
  /** A newer topology is committed. */
  topology(topology: Topology): void;
  /** Other nodes are taken for dead, or have left, than before. */
  deadNodes(nodes: readonly NodeId[]): void;
  /** What became of a proposal, by the id that `propose` gave. */
  outcome(outcome: ProposalOutcome): void;
}

export interface DriverOptions {
  readonly self: TopologyNode;
  /** What the register promised before this start. */
  readonly saved: MindDisk;
  readonly disk: StateDisk;
  readonly bus: { send(to: NodeId, message: object): void };
  readonly clocks: HostClocks;
  readonly random: RandomSource;
  readonly seeds: readonly string[];
  readonly cell: SharedCell;
  readonly log: Log;
  readonly events: DriverEvents;
}

/** What the driver knows of the status of its node; the bus knows the rest. */
export type MindPart = Omit<MindStatus, 'links' | 'queuedBytes' | 'streams'>;

interface LaterSend {
  readonly number: number;
  readonly to: NodeId;
  readonly wire: Wire;
}

export class MindDriver {
  readonly #options: DriverOptions;
  readonly #mind: Mind;
  readonly #writer: RegisterWriter;
  readonly #timeline = new Timeline();
  readonly #outbox: MindOutbox;
  readonly #told = new Set<NodeId>();
  /** What was wanted since the topology that is committed, but for how long. */
  readonly #wanted = new Set<string>();
  #laterSends: LaterSend[] = [];
  readonly #saidToOneself: Wire[] = [];
  #topology: Topology | undefined;
  /** What was handed over last; on the holder's clock. */
  #sharedUntilMs = Number.NEGATIVE_INFINITY;
  #jumpsHeard = 0;
  #isHeld = false;
  #deadNodes: readonly NodeId[] = [];
  #hasLeft = false;
  /** When it is told that nobody was found; undefined: it was, or somebody is. */
  #aloneAtMs: number | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
    const { self, saved, disk, clocks, random, seeds, log } = options;
    this.#mind = new Mind({ self, saved, random, seeds }, clocks());
    this.#writer = new RegisterWriter(disk, log, {
      persisted: (number) => this.#persisted(number),
      persistFailed: (number) => this.#persistFailed(number),
    });
    this.#outbox = this.#newOutbox();
    if (seeds.length > 0) this.#aloneAtMs = clocks().monotonicMs + ALONE_TOLD_MS;
  }

  /** The cluster that this node belongs to, once it does. */
  get clusterId(): string | undefined {
    return this.#mind.clusterId;
  }

  /** HOST:PORT of a node's bus, if it was ever heard of. Cost: a look at all members. */
  addressOf(node: NodeId): string | undefined {
    for (const claim of this.#mind.membership.claims()) {
      if (claim.node === node) return `${claim.host}:${claim.busPort}`;
    }
    const known = this.#mind.committed?.nodes.find((one) => one.node === node);
    return known && `${known.host}:${known.busPort}`;
  }

  /** Each 50 ms or so. `isHeld`: the main thread says nothing, so no lease is to be renewed. Throws when another process is this node. */
  tick(isHeld: boolean): void {
    if (this.#mind.hasEnded) throw new Error(this.#timeline.entries.at(-1)?.text);
    if (isHeld !== this.#isHeld) {
      this.#isHeld = isHeld;
      this.#mind.hold(isHeld);
      this.#note(
        isHeld
          ? 'the main thread says nothing: asks for no lease until it does'
          : 'the main thread is back: asks for a lease again',
      );
    }
    this.#step((reading) => this.#mind.tick(reading, this.#outbox));
    this.#lookForDead();
    if (this.#aloneAtMs !== undefined) this.#lookForOthers(this.#aloneAtMs);
  }

  /** A JSON object of another node. */
  receive(from: NodeId, message: object): void {
    const wire = readWire(message);
    if (isRefusal(wire)) {
      this.#tell(from, `${wire.refused}. Do both run the same version of Nuthatch?`);
      return;
    }
    const { life, cluster, body } = wire;
    const { committed, role, term } = this.#mind;
    const lie = lieIn(body, { committed, isLeader: role === 'leader', term });
    if (lie !== undefined) {
      this.#tell(from, `it cannot be true: ${lie}`);
      return;
    }
    const sender = { node: from, incarnation: life };
    this.#step((reading) => this.#mind.receive(sender, cluster, body, reading, this.#outbox));
  }

  /** Begins a cluster, on one of the voters of its first topology. Gives why not, if it is refused. */
  begin(first: Topology): Refusal | undefined {
    const { node } = this.#options.self;
    const problems = topologyProblems(first);
    if (problems.length > 0) return { refused: problems.join('; ') };
    if (!first.voters.includes(node))
      return {
        refused: `${node} is no voter of this cluster: begin it on one of ${first.voters.join(', ')}`,
      };
    const { clusterId } = this;
    let isBegun = false;
    this.#step((reading) => {
      isBegun = this.#mind.begin(first, reading, this.#outbox);
    });
    if (isBegun) return undefined;
    return {
      refused:
        clusterId === undefined
          ? `${node} cannot keep what it agrees to now: look at its disk, and try again`
          : `${node} belongs to the cluster ${clusterId} already`,
    };
  }

  /** Asks for changes, all or none. Gives the id under which their outcome is told, perhaps before this returns. */
  propose(changes: readonly TopologyChange[], began: (id: number) => void): void {
    for (const { kind, reason } of changes) this.#note(`wants ${kind}: ${reason}`);
    this.#step((reading) => began(this.#mind.propose(changes, reading, this.#outbox)));
  }

  /** Never writes at this epoch again. The cell says so before anybody is told. */
  release(): void {
    this.#options.cell.writeLease(undefined, this.#jumpsHeard);
    this.#step((reading) => this.#mind.release(reading, this.#outbox));
  }

  /** Tells the others that this node ends. Nothing is done afterwards. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#step((reading) => this.#mind.leave(reading, this.#outbox));
    this.#hasLeft = true;
    this.#options.cell.writeLease(undefined, this.#jumpsHeard);
  }

  /** Resolves when the disk has what was to be kept. */
  idle(): Promise<void> {
    return this.#writer.idle();
  }

  status(): MindPart {
    const mind = this.#mind;
    const { cell, clocks, seeds } = this.#options;
    const { writable } = mind;
    const leftMs = Math.max(0, cell.deadlineMs - clocks().monotonicMs);
    return {
      role: mind.role,
      term: mind.term,
      leader: mind.leader,
      clusterId: mind.clusterId,
      committedVersion: mind.committed?.version ?? 0,
      acceptedVersion: mind.acceptedVersion,
      committedTerm: Math.max(0, mind.committedTerm),
      members: [...mind.membership.claims()],
      slowness: mind.membership.slowness,
      lease: writable && { ...writable, leftMs },
      isHeld: this.#isHeld,
      seeds,
      timeline: this.#timeline.entries,
    };
  }

  // -- steps

  #step(act: (reading: ReturnType<HostClocks>) => void): void {
    if (this.#hasLeft) return;
    const { cell, clocks, events } = this.#options;
    const reading = clocks();
    const { jumps } = cell;
    if (jumps !== this.#jumpsHeard) {
      this.#mind.drop('the clocks jumped that the main thread read', reading, this.#outbox);
      this.#jumpsHeard = jumps;
    }
    act(reading);
    this.#hearOneself();
    this.#share();
    const { committed } = this.#mind;
    if (committed !== undefined && committed !== this.#topology) {
      this.#tellChanges(committed, reading.wallMs);
      this.#topology = committed;
      this.#wanted.clear();
      events.topology(committed);
    }
    for (const outcome of this.#mind.takeOutcomes()) events.outcome(outcome);
  }

  /** A primary that votes asks itself for promises, as it asks the others: what it says to itself comes at once. */
  #hearOneself(): void {
    const { self, clocks } = this.#options;
    for (let said = this.#saidToOneself.shift(); said !== undefined; said = this.#saidToOneself.shift()) {
      this.#mind.receive(self, said.cluster, said.body, clocks(), this.#outbox);
    }
  }

  /** Hands the lease over, if it is another than before. */
  #share(): void {
    const { cell, clocks } = this.#options;
    const mind = this.#mind;
    const { writable, writableUntilMs } = mind;
    const isSame =
      writableUntilMs === this.#sharedUntilMs &&
      (writable?.shard ?? 0) === cell.shard &&
      (writable?.epoch ?? 0) === cell.epoch &&
      cell.jumpsHeard === this.#jumpsHeard;
    if (isSame) return;
    const deadlineMs = mind.writableDeadlineMs(clocks(), this.#outbox);
    cell.writeLease(writable && { ...writable, deadlineMs }, this.#jumpsHeard);
    this.#sharedUntilMs = mind.writableUntilMs;
  }

  #lookForDead(): void {
    const dead: NodeId[] = [];
    for (const { node, state } of this.#mind.membership.claims()) {
      if (state === 'dead' || state === 'left') dead.push(node);
    }
    if (dead.join() === this.#deadNodes.join()) return;
    this.#deadNodes = dead;
    this.#options.events.deadNodes(dead);
  }

  /** That a connection is not made is usual while nodes come and go; that none ever was is a mistake of whoever started this one. */
  #lookForOthers(aloneAtMs: number): void {
    const { seeds, clocks, log } = this.#options;
    const isFound = [...this.#mind.membership.claims()].length > 1;
    if (!isFound && clocks().monotonicMs < aloneAtMs) return;
    this.#aloneAtMs = undefined;
    if (isFound) return;
    log.warn(
      `no other node was found in ${ALONE_TOLD_MS / 1000} s, at the buses ${seeds.join(', ')}: this node goes on looking; ` +
        'are the addresses right, do nodes run there, and are their bus ports open?',
    );
  }

  #persisted(number: number): void {
    const due = this.#laterSends.filter((one) => one.number <= number);
    this.#laterSends = this.#laterSends.filter((one) => one.number > number);
    for (const { to, wire } of due) this.#send(to, wire);
    this.#step((reading) => this.#mind.persisted(number, reading, this.#outbox));
  }

  /** What waited for that is never said. */
  #persistFailed(number: number): void {
    this.#laterSends = this.#laterSends.filter((one) => one.number > number);
    this.#step((reading) => this.#mind.persistFailed(number, reading, this.#outbox));
  }

  #newOutbox(): MindOutbox {
    return {
      send: (to, message) => this.#send(to, this.#wire(message)),
      sendAfterPersist: (number, to, message) => {
        this.#laterSends.push({ number, to, wire: this.#wire(message) });
      },
      persist: (state, number) => this.#writer.persist(state, number),
      note: (what) => this.#note(what),
    };
  }

  #send(to: NodeId, wire: Wire): void {
    if (to === this.#options.self.node) this.#saidToOneself.push(wire);
    else this.#options.bus.send(to, wire);
  }

  #wire(body: MindMessage): Wire {
    const cluster = this.#mind.clusterId;
    return { life: this.#options.self.incarnation, ...(cluster !== undefined && { cluster }), body };
  }

  #note(what: string): void {
    const { log, clocks } = this.#options;
    const isWish = what.startsWith('wants ');
    if (isWish && !this.#isNewWish(what)) return;
    this.#timeline.add(clocks().wallMs, what);
    if (isWish) log.info(what);
    else log.debug(what);
  }

  /** Who is cut off wants the same twice a second: told each time, that would push everything else out of the timeline. */
  #isNewWish(what: string): boolean {
    const wish = what.replace(/\d+ ms/g, '');
    if (this.#wanted.has(wish)) return false;
    if (this.#wanted.size >= MAX_TOLD) this.#wanted.clear();
    this.#wanted.add(wish);
    return true;
  }

  /** What all agree on from now on, in words; at the first topology since its start a node knows no changes. */
  #tellChanges(next: Topology, wallMs: number): void {
    const { version, nodes, shards } = next;
    const words = this.#topology
      ? describeChanges(this.#topology, next)
      : [`knows version ${version} of the topology (shards: ${shards.length}, nodes: ${nodes.length})`];
    for (const text of words.slice(0, MAX_CHANGES_TOLD))
      this.#timeline.add(wallMs, text, this.#topology && version);
  }

  #tell(from: NodeId, why: string): void {
    if (this.#told.has(from)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(from);
    this.#options.log.warn(`a message of ${from} is dropped, as all like it will be: ${why}`);
  }
}
