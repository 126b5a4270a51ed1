/** Topologies for tests: a small one by its numbers, and random ones that came about by random changes. */
import assert from 'node:assert/strict';
import { Random } from '../base/index.js';
import {
  addShard,
  applyChange,
  firstTopology,
  isRefusal,
  type NodeLife,
  type Placement,
  type Refusal,
  removeShard,
  type Shard,
  type Topology,
  type TopologyChange,
  type TopologyNode,
} from './index.js';
import { slotOwners, slotRanges } from './slots.js';

export const lease = { leaseMs: 1500, driftPermille: 50, slackMs: 20 };

export interface NodeForm {
  readonly zone?: string;
  readonly host?: string;
  readonly holdsData?: boolean;
}

export function node(
  id: string,
  { zone = '', host = `host-${id}`, holdsData = true }: NodeForm = {},
): TopologyNode {
  return { node: id, incarnation: '1-a', host, port: 6379, busPort: 16379, zone, holdsData };
}

/** Nodes n01, n02, ... */
export function nodesOf(count: number, form: (number: number) => NodeForm = () => ({})): TopologyNode[] {
  return Array.from({ length: count }, (_, i) => node(`n${String(i + 1).padStart(2, '0')}`, form(i + 1)));
}

/** Shards from 1 on: their primaries on n01 ..., then their replicas. */
export function cluster(
  shards: number,
  replicasPerShard: number,
  nodes = nodesOf(shards * (1 + replicasPerShard)),
): Topology {
  return right(
    firstTopology({ clusterId: 'test', nodes, shards, replicasPerShard, lease, maxUnreplicatedMs: 1000 }),
  );
}

export function right<T extends object>(result: T | Refusal): T {
  if (isRefusal(result)) assert.fail(result.refused);
  return result;
}

export function refused(result: object | Refusal): string {
  assert.ok(isRefusal(result), 'it was not refused');
  return result.refused;
}

export function life(topology: Topology, id: string): NodeLife {
  return lifeOf(topology.nodes.find((other) => other.node === id)!);
}

function lifeOf({ node, incarnation }: NodeLife): NodeLife {
  return { node, incarnation };
}

/** A topology after some random changes, and some more of these. */
export function randomTopology(seed: number): Topology {
  const random = new Random(seed);
  const replicas = random.below(3);
  const shards = 1 + random.below(4);
  const count = shards * (1 + replicas) + random.below(4);
  const nodes = nodesOf(count, () => ({
    zone: ['', 'a', 'b', 'c'][random.below(4)],
    host: `host-${random.below(3)}`,
  }));
  return evolved(cluster(shards, replicas, nodes), random, random.below(20));
}

export function evolved(topology: Topology, random: Random, steps: number): Topology {
  for (let step = 0; step < steps; step++) {
    if (random.below(6) === 0) topology = moved(topology, random);
    else {
      const next = applyChange(topology, randomChange(topology, random));
      if (!isRefusal(next)) topology = next;
    }
  }
  return { ...topology, version: topology.version + 1 };
}

/** What no change does yet: slots go from shard to shard, shards come and go, nodes go. */
function moved(topology: Topology, random: Random): Topology {
  const { shards } = topology;
  switch (random.below(4)) {
    case 0: {
      const id = 1 + Math.max(...shards.map((shard) => shard.id));
      const newcomer: Shard = {
        id,
        weight: 1 + random.below(3),
        epoch: 1,
        beganEpoch: 1,
        syncVersion: 1,
        primary: undefined,
        replicas: [],
        vnodes: [],
      };
      return placed({ ...topology, shards: [...shards, newcomer] }, addShard(shards, newcomer));
    }
    case 1: {
      if (shards.length === 1) return topology;
      const { id } = pick(shards, random);
      const left = shards.filter((shard) => shard.id !== id);
      return placed({ ...topology, shards: left }, removeShard(shards, id));
    }
    case 2: {
      const owners = slotOwners(topology.slots);
      const first = random.below(16_384);
      owners.fill(pick(shards, random).id, first, first + random.below(2000));
      return { ...topology, slots: slotRanges(owners) };
    }
    default: {
      const gone = pick(topology.nodes, random).node;
      const isNeeded = [...topology.voters, ...topology.previousVoters].includes(gone);
      const isServing = shards.some(
        ({ primary, replicas }) => primary?.node === gone || replicas.some(({ node }) => node === gone),
      );
      if (isNeeded || isServing) return topology;
      return { ...topology, nodes: topology.nodes.filter(({ node }) => node !== gone) };
    }
  }
}

function placed(topology: Topology, { shards, slots }: Placement): Topology {
  const vnodesOf = new Map(shards.map(({ id, vnodes }) => [id, vnodes]));
  return {
    ...topology,
    slots,
    shards: topology.shards.map((shard) => ({ ...shard, vnodes: vnodesOf.get(shard.id)! })),
  };
}

/** A change that often can be applied, and often comes too late or makes no sense. */
export function randomChange(topology: Topology, random: Random): TopologyChange {
  const reason = 'a test';
  const shard = pick(topology.shards, random);
  const node = pick(topology.nodes, random);
  const known = lifeOf(node);
  const replicas = shard.replicas.map(lifeOf);
  const one = pick([known, known, ...replicas, ...replicas, { ...known, incarnation: '1-b' }], random);
  const of = { shard: shard.id, epoch: random.below(8) === 0 ? shard.epoch - 1 : shard.epoch, reason };
  const primary = shard.primary ?? one;
  const voterVersion = topology.voterVersion - (random.below(8) === 0 ? 1 : 0);
  const later = `${Number(node.incarnation.split('-')[0]) + random.below(3)}-${'abc'[random.below(3)]}`;
  switch (random.below(15)) {
    case 0:
      return { kind: 'node-joined', node: nodesOf(20)[random.below(20)], reason };
    case 1:
      return {
        kind: 'node-returned',
        former: pick([known, known, one], random),
        node: { ...node, incarnation: later },
        reason,
      };
    case 2:
      return {
        kind: 'node-moved',
        node: { ...node, host: `host-${random.below(9)}`, port: random.below(8) },
        reason,
      };
    case 3:
    case 4:
      return { kind: 'promote', ...of, to: one };
    case 5:
      return { kind: 'hand-over', ...of, from: primary, to: one };
    case 6:
      return { kind: 'renew-epoch', ...of, primary };
    case 7:
      return {
        kind: 'replica-in-sync',
        ...of,
        replica: one,
        syncVersion: shard.syncVersion - (random.below(4) === 0 ? 1 : 0),
      };
    case 8:
      return { kind: 'replica-out-of-sync', ...of, replica: one };
    case 9:
      return { kind: 'add-replica', ...of, replica: one };
    case 10:
      return { kind: 'remove-replica', ...of, replica: one };
    case 11:
      return { kind: 'rehome', ...of, to: one };
    case 12:
      return random.below(2) === 0
        ? { kind: 'settle-voters', voterVersion, reason }
        : {
            kind: 'set-voters',
            voterVersion,
            voters: topology.nodes
              .slice(random.below(3))
              .map(({ node }) => node)
              .slice(0, 3),
            reason,
          };
    case 13:
      return { kind: 'node-left', life: one, reason };
    default:
      return {
        kind: 'set-lease-terms',
        former: topology.lease,
        lease: { ...topology.lease, leaseMs: topology.lease.leaseMs - 20 + random.below(100) },
        reason,
      };
  }
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random.below(list.length)];
}
