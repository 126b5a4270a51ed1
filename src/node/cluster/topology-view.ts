/**
 * One topology, as one node looks at it: for each slot who serves it, in the time of a table look-up.
 *
 *   slot ──#homeOf[slot]──> home: the shard, the address of its primary      16,384 numbers of 16 bits
 *
 * It is made anew with each topology, and whenever other nodes are taken for dead. Beside the topology it settles two things that clients need:
 *
 * - Redis' clients know nodes by 40 hex digits. Ours have shorter names, `n-` and 12 hex digits, so their id is the SHA-1 of
 *   `node:` and the name: the same in every life of the node, and on every node that is asked. A shard's is that of `shard:`, cluster and number.
 * - Every slot is listed, since a client that finds a hole refuses the whole cluster. A shard without primary is listed under its first replica,
 *   and without one under the first node that holds data. Whoever is asked for such a slot says CLUSTERDOWN.
 */
import { createHash } from 'node:crypto';
import { assert, SLOT_COUNT } from '../../base/index.js';
import {
  isSameLife,
  type NodeId,
  type NodeLife,
  type Shard,
  SlotTable,
  type Topology,
  type TopologyNode,
} from '../../ring/index.js';

/** A shard, and who serves it. */
export interface Home {
  readonly shard: Shard;
  /** Undefined: nobody may write it at present. */
  readonly primary: TopologyNode | undefined;
  /** Under whom its slots are listed. */
  readonly listed: TopologyNode;
  readonly replicas: readonly TopologyNode[];
  /** Its slots, in order: pairs of the first and the last. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

export class TopologyView {
  readonly topology: Topology;
  readonly self: TopologyNode;
  readonly deadNodes: ReadonlySet<NodeId>;
  /** In the order of their shards. */
  readonly homes: readonly Home[];
  /** The shard of which this node, in this life, has a copy. */
  readonly own: Home | undefined;
  readonly #homeOf = new Uint16Array(SLOT_COUNT);

  constructor(topology: Topology, self: TopologyNode, deadNodes: ReadonlySet<NodeId>) {
    this.topology = topology;
    this.self = self;
    this.deadNodes = deadNodes;
    const nodes = new Map(topology.nodes.map((node) => [node.node, node]));
    const table = new SlotTable(topology.slots);
    this.homes = topology.shards.map((shard) => homeOf(shard, nodes, table));
    this.own = this.homes.find(({ shard: { primary, replicas } }) =>
      [primary, ...replicas].some((life) => isSameLife(life, self)),
    );
    this.homes.forEach(({ ranges }, i) => {
      for (const [first, last] of ranges) this.#homeOf.fill(i, first, last + 1);
    });
  }

  /** Who has this slot, 0 to 16383. */
  homeOf(slot: number): Home {
    return this.homes[this.#homeOf[slot]];
  }

  /** Slots whose shard has a primary that is not taken for dead. */
  get servedSlots(): number {
    let count = 0;
    for (const { primary, ranges } of this.homes) {
      if (primary === undefined || this.deadNodes.has(primary.node)) continue;
      for (const [first, last] of ranges) count += last - first + 1;
    }
    return count;
  }

  /** Whether a slot that this view gives to this node is another's in a later one. */
  losesSlotsTo({ own }: TopologyView): boolean {
    if (this.own === undefined) return false;
    const kept = own?.ranges ?? [];
    return this.own.ranges.some(
      ([first, last]) => !kept.some(([keptFirst, keptLast]) => keptFirst <= first && last <= keptLast),
    );
  }
}

/** As Redis' clients know a node: 40 hex digits. */
export function nodeIdOf(node: NodeId): string {
  return createHash('sha1').update(`node:${node}`).digest('hex');
}

/** As Redis' clients know a shard. */
export function shardIdOf(clusterId: string, shard: number): string {
  return createHash('sha1').update(`shard:${clusterId}:${shard}`).digest('hex');
}

function homeOf(shard: Shard, nodes: ReadonlyMap<NodeId, TopologyNode>, table: SlotTable): Home {
  const nodeOf = ({ node }: NodeLife): TopologyNode => {
    const found = nodes.get(node);
    assert(found !== undefined, 'a copy is on a node of the topology');
    return found;
  };
  const primary = shard.primary === undefined ? undefined : nodeOf(shard.primary);
  const replicas = shard.replicas.map(nodeOf);
  const listed = primary ?? replicas[0] ?? [...nodes.values()].find(({ holdsData }) => holdsData);
  assert(listed !== undefined, 'some node holds data');
  return {
    shard,
    primary,
    listed,
    replicas: replicas.filter((replica) => replica !== listed),
    ranges: table.rangesOf(shard.id).map(({ first, last }) => [first, last] as const),
  };
}
