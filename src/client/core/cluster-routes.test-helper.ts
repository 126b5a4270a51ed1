/** Topologies for tests of routes: a cluster by its numbers, and what may become of it. */
import { assert, type Random } from '../../base/index.js';
import {
  firstTopology,
  isRefusal,
  type NodeLife,
  type Shard,
  type Topology,
  type TopologyNode,
  topologyDefaults,
} from '../../ring/index.js';

export function node(id: number, port = 7000 + id): TopologyNode {
  const host = '127.0.0.1';
  return {
    node: `n-${id}`,
    incarnation: '1-a',
    host,
    port,
    busPort: port + 10_000,
    zone: '',
    holdsData: true,
  };
}

/** Nodes from 1 on: first the primaries, in the order of the shards, then the replicas. */
export function cluster(shards: number, replicasPerShard: number, clusterId = 'test'): Topology {
  const nodes = Array.from({ length: shards * (1 + replicasPerShard) }, (_, i) => node(i + 1));
  const made = firstTopology({ clusterId, nodes, shards, replicasPerShard, ...topologyDefaults });
  assert(!isRefusal(made), 'the topology is right');
  return made;
}

/** The next version, with a shard that is otherwise. */
export function withShard(topology: Topology, id: number, change: (shard: Shard) => Shard): Topology {
  const shards = topology.shards.map((shard) => (shard.id === id ? change(shard) : shard));
  return { ...topology, shards, version: topology.version + 1 };
}

/** The first replica takes the place of the primary, which becomes a replica. */
export function promoted(shard: Shard): Shard {
  const [heir, ...others] = shard.replicas;
  const primary: NodeLife = { node: heir.node, incarnation: heir.incarnation };
  const former = shard.primary === undefined ? [] : [{ ...shard.primary, isInSync: false }];
  return { ...shard, epoch: shard.epoch + 1, primary, replicas: [...others, ...former] };
}

/** Something happens, as it may in a cluster. */
export function changed(topology: Topology, random: Random): Topology {
  const { id, replicas } = topology.shards[random.below(topology.shards.length)];
  const version = topology.version + 1;
  switch (random.below(6)) {
    case 0:
      return withShard(topology, id, (shard) => ({ ...shard, epoch: shard.epoch + 1 }));
    case 1:
      return withShard(topology, id, (shard) => ({
        ...shard,
        primary: undefined,
        replicas: shard.replicas.map((replica) => ({ ...replica, isInSync: random.below(2) === 0 })),
      }));
    case 2: {
      // A node has another address.
      const nodes = [...topology.nodes];
      const at = random.below(nodes.length);
      nodes[at] = { ...nodes[at], port: 9000 + version };
      return { ...topology, nodes, version };
    }
    case 3: {
      // A node takes the place of another.
      const newcomer = { ...node(version, 8000 + version), node: `late-${version}` };
      const at = random.below(topology.nodes.length);
      const left = topology.nodes[at].node;
      const nodes = topology.nodes.map((each, i) => (i === at ? newcomer : each));
      const swap = <L extends NodeLife>(life: L): L =>
        life.node === left ? { ...life, node: newcomer.node, incarnation: newcomer.incarnation } : life;
      const shards = topology.shards.map((shard) => ({
        ...shard,
        epoch: shard.epoch + 1,
        primary: shard.primary && swap(shard.primary),
        replicas: shard.replicas.map(swap),
      }));
      return { ...topology, nodes, shards, version };
    }
    case 4: {
      const [first, ...rest] = topology.slots;
      const half = Math.floor((first.first + first.last) / 2);
      if (half === first.last) return { ...topology, version };
      const slots = [{ ...first, last: half }, { first: half + 1, last: first.last, shard: id }, ...rest];
      return { ...topology, slots, version };
    }
    default:
      return replicas.length === 0 ? { ...topology, version } : withShard(topology, id, promoted);
  }
}
