/**
 * Where in a cluster a key is read and written, as far as this client knows: the newest topology it has heard of, and which
 * nodes do not answer it.
 *
 *   key ──slot──> shard ──primary──> writes, leases
 *                   └────readers───> the copies in the order in which a read asks them, until one answers
 *
 *   reads      the order of the copies of a shard, each of these groups behind the one before
 *   primary    the primary | replicas in sync | other replicas                 | copies that are away, in the same order
 *   any        the primary and the replicas in sync, beginning with one that is drawn | other replicas | away
 *   nearest    the same, by round trip: least first                                   | other replicas | away
 *
 * A copy that is away is still in the list: perhaps nobody else answers, and that it is back is known by asking only.
 *
 * Nodes are numbered, as a near cache wants them. A node keeps its number for as long as it has the same id and address; that of one
 * that has left is used again. A node serves one shard in one role, so what was read from a number was read under one (shard, epoch),
 * until `learn` names it as moved.
 *
 * Invariant: a topology of the same cluster is followed by newer versions only.
 */
import { assert, SLOT_COUNT } from '../../base/index.js';
import { isSameLife, type NodeLife, type Shard, type Topology, type TopologyNode } from '../../ring/index.js';

export const READS_FROM = ['primary', 'any', 'nearest'] as const;
/** Which copy of a shard is asked first. */
export type ReadsFrom = (typeof READS_FROM)[number];

export interface ClusterNode {
  readonly number: number;
  readonly host: string;
  readonly port: number;
}

/** What a newer topology has changed. */
export interface LearntTopology {
  /** Numbers of nodes of which nothing may be kept any more: they have another shard, epoch or role than before, or have left. */
  readonly moved: readonly number[];
  /** Numbers that nobody has any more. */
  readonly gone: readonly number[];
}

/** A shard, with its nodes as numbers. */
export interface ShardRoute {
  readonly shard: Shard;
  /** Undefined: nobody has the shard at present. */
  readonly primary: number | undefined;
  readonly copies: readonly number[];
}

interface Route extends ShardRoute {
  /** One order, or one for each copy that may be drawn as the first. */
  readonly orders: readonly (readonly number[])[];
}

const NOBODY: readonly number[] = Object.freeze([]);
/** How much of a new round trip goes into the mean: the last ten count. */
const NEWEST_SHARE = 0.2;

export class ClusterRoutes {
  readonly #reads: ReadsFrom;
  readonly #nodes = new Map<number, ClusterNode>();
  readonly #numbers = new Map<string, number>();
  readonly #away = new Set<number>();
  readonly #roundTripsMs = new Map<number, number>();
  readonly #shardAt = new Uint16Array(SLOT_COUNT);
  readonly #routes = new Map<number, Route>();
  #topology: Topology | undefined;

  constructor(reads: ReadsFrom) {
    this.#reads = reads;
  }

  get topology(): Topology | undefined {
    return this.#topology;
  }

  /** All nodes with data. */
  get nodes(): Iterable<ClusterNode> {
    return this.#nodes.values();
  }

  get shards(): Iterable<ShardRoute> {
    return this.#routes.values();
  }

  node(number: number): ClusterNode | undefined {
    return this.#nodes.get(number);
  }

  nodeAt(host: string, port: number): ClusterNode | undefined {
    for (const node of this.#nodes.values()) if (node.host === host && node.port === port) return node;
    return undefined;
  }

  /** The shard of a slot; undefined before a topology was learnt. */
  shardOf(slot: number): ShardRoute | undefined {
    return this.#routes.get(this.#shardAt[slot]);
  }

  /** The node that may write the slot. */
  primaryOf(slot: number): number | undefined {
    return this.shardOf(slot)?.primary;
  }

  /** The copies in the order in which a read asks them. `drawn`: from 0 to 1, exclusive. Do not change it. */
  readersOf(slot: number, drawn: number): readonly number[] {
    const orders = this.#routes.get(this.#shardAt[slot])?.orders;
    return orders === undefined ? NOBODY : orders[Math.floor(drawn * orders.length)];
  }

  isAway(number: number): boolean {
    return this.#away.has(number);
  }

  /** A node does not answer, or answers again. */
  setAway(number: number, isAway: boolean): void {
    if (this.#away.has(number) === isAway) return;
    if (isAway) this.#away.add(number);
    else this.#away.delete(number);
    this.#orderAnew(number);
  }

  /** So long it took a node to answer. */
  tookMs(number: number, ms: number): void {
    const before = this.#roundTripsMs.get(number) ?? ms;
    this.#roundTripsMs.set(number, before + (ms - before) * NEWEST_SHARE);
    if (this.#reads === 'nearest') this.#orderAnew(number);
  }

  roundTripMs(number: number): number | undefined {
    return this.#roundTripsMs.get(number);
  }

  /** Follows a topology; undefined if it is no newer. `mayBeOther`: that of another cluster takes the place of this one. */
  learn(topology: Topology, mayBeOther = false): LearntTopology | undefined {
    const before = this.#topology;
    if (before !== undefined) {
      const isSame = before.clusterId === topology.clusterId;
      if (isSame ? topology.version <= before.version : !mayBeOther) return undefined;
    }
    this.#topology = topology;
    const moved = before === undefined ? new Set<number>() : this.#movedBetween(before, topology);
    const gone = this.#forgetNodes(topology);
    for (const number of gone) moved.add(number);
    for (const node of topology.nodes) if (node.holdsData) this.#numberOf(node);
    if (before !== undefined) for (const number of this.#movedBetween(topology, before)) moved.add(number);
    this.#routes.clear();
    for (const shard of topology.shards) this.#routes.set(shard.id, this.#routeOf(shard, topology));
    for (const { first, last, shard } of topology.slots) this.#shardAt.fill(shard, first, last + 1);
    return { moved: [...moved], gone };
  }

  /** The numbers of the primaries of one topology that are others, or of another epoch, in the other one; or have other slots there. */
  #movedBetween(of: Topology, other: Topology): Set<number> {
    const isSameCluster = of.clusterId === other.clusterId;
    const others = new Map(isSameCluster ? other.shards.map((shard) => [shard.id, shard]) : []);
    const slots = slotsOfShards(of);
    const otherSlots = slotsOfShards(other);
    const moved = new Set<number>();
    for (const { id, epoch, primary } of of.shards) {
      const next = others.get(id);
      const isSame = next?.epoch === epoch && isSameLife(next.primary, primary);
      if (isSame && slots.get(id) === otherSlots.get(id)) continue;
      const number = primary && this.#numbers.get(nameOf(nodeOf(of, primary)));
      if (number !== undefined) moved.add(number);
    }
    return moved;
  }

  #forgetNodes(topology: Topology): number[] {
    const names = new Set(topology.nodes.filter(({ holdsData }) => holdsData).map(nameOf));
    const gone: number[] = [];
    for (const [name, number] of this.#numbers) {
      if (names.has(name)) continue;
      this.#numbers.delete(name);
      this.#nodes.delete(number);
      this.#away.delete(number);
      this.#roundTripsMs.delete(number);
      gone.push(number);
    }
    return gone;
  }

  #numberOf(node: TopologyNode): number {
    const name = nameOf(node);
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    let number = 0;
    while (this.#nodes.has(number)) number++;
    const { host, port } = node;
    this.#numbers.set(name, number);
    this.#nodes.set(number, { number, host, port });
    return number;
  }

  #routeOf(shard: Shard, topology: Topology): Route {
    const numberOf = (life: NodeLife): number => this.#numberOf(nodeOf(topology, life));
    const primary = shard.primary && numberOf(shard.primary);
    const inSync = shard.replicas.filter(({ isInSync }) => isInSync).map(numberOf);
    const others = shard.replicas.filter(({ isInSync }) => !isInSync).map(numberOf);
    const equals = primary === undefined ? inSync : [primary, ...inSync];
    return { shard, primary, copies: [...equals, ...others], orders: this.#ordersOf(equals, others) };
  }

  /** `equals`: the primary and those who have all that it has acknowledged. */
  #ordersOf(equals: readonly number[], others: readonly number[]): (readonly number[])[] {
    const isHere = (number: number): boolean => !this.#away.has(number);
    const first = equals.filter(isHere);
    const rest = [...others.filter(isHere), ...[...equals, ...others].filter((number) => !isHere(number))];
    if (this.#reads === 'nearest') {
      const far = (number: number): number => this.#roundTripsMs.get(number) ?? Number.MAX_VALUE;
      first.sort((a, b) => far(a) - far(b));
    }
    if (this.#reads !== 'any' || first.length < 2) return [[...first, ...rest]];
    return first.map((_, at) => [...first.slice(at), ...first.slice(0, at), ...rest]);
  }

  #orderAnew(number: number): void {
    const topology = this.#topology;
    for (const [id, { shard, copies }] of this.#routes) {
      if (topology !== undefined && copies.includes(number))
        this.#routes.set(id, this.#routeOf(shard, topology));
    }
  }
}

function nameOf({ node, host, port }: TopologyNode): string {
  return `${node} ${host} ${port}`;
}

function nodeOf(topology: Topology, life: NodeLife): TopologyNode {
  const found = topology.nodes.find(({ node }) => node === life.node);
  assert(found !== undefined, 'a copy is on a node of the topology');
  return found;
}

/** Of each shard its slots, as text to compare. */
function slotsOfShards({ slots }: Topology): Map<number, string> {
  const texts = new Map<number, string>();
  for (const { first, last, shard } of slots) {
    texts.set(shard, `${texts.get(shard) ?? ''}${first}-${last},`);
  }
  return texts;
}
