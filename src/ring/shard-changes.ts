/**
 * Changes of one shard: who has its copies, who of them is in sync, and under which epoch. Each returns the shard as it is then,
 * or why not; whoever calls puts it into the topology and checks the whole.
 *
 *                        promote, hand-over
 *   replica in sync ─────────────────────────> primary ── the next one is promoted ──> replica not in sync
 *         ^  │                                    ^
 *         │  └─ replica-out-of-sync               └── rehome: any node that serves nothing else, empty
 *         └──── replica-in-sync
 *
 * Only an in-sync replica in the life that its node is in now is promoted with what it holds. Empty beats stale.
 */
import type { AddReplica, Rehome, ReplicaInSync, ShardChange } from './changes.js';
import { isRefusal, type Refusal, shown } from './refusal.js';
import {
  isSameLife,
  type NodeId,
  type NodeLife,
  type Replica,
  type Shard,
  type Topology,
} from './topology.js';
import { MAX_REPLICAS } from './topology-problems.js';

export function withShardChange(topology: Topology, change: ShardChange): Topology | Refusal {
  const shard = topology.shards.find(({ id }) => id === change.shard);
  if (shard === undefined) return { refused: `there is no shard ${change.shard}` };
  if (shard.epoch !== change.epoch)
    return {
      refused: `shard ${shard.id} is in epoch ${shard.epoch}, and the change was meant for epoch ${change.epoch}`,
    };
  const changed = changedShard(topology, shard, change);
  if (isRefusal(changed)) return changed;
  return { ...topology, shards: topology.shards.map((other) => (other === shard ? changed : other)) };
}

function changedShard(topology: Topology, shard: Shard, change: ShardChange): Shard | Refusal {
  switch (change.kind) {
    case 'promote':
      return promoted(topology, shard, change.to);
    case 'hand-over':
      return refusalUnlessPrimary(shard, change.from) ?? promoted(topology, shard, change.to);
    case 'renew-epoch':
      return refusalUnlessPrimary(shard, change.primary) ?? { ...shard, epoch: shard.epoch + 1 };
    case 'replica-in-sync':
      return refusalUnlessPresent(topology, change.replica) ?? joined(shard, change);
    case 'replica-out-of-sync':
      return withSync(shard, change.replica, false);
    case 'add-replica':
      return withReplica(topology, shard, change);
    case 'remove-replica':
      return withoutReplica(shard, change.replica);
    case 'rehome':
      return rehomed(topology, shard, change);
    default:
      return {
        refused: `a change of the kind ${shown((change satisfies never as ShardChange).kind)} is not known here`,
      };
  }
}

function promoted(topology: Topology, shard: Shard, to: NodeLife): Shard | Refusal {
  const replica = replicaOf(shard, to);
  if (isRefusal(replica)) return replica;
  if (!replica.isInSync)
    return { refused: `${nameOf(to)} is not in sync: what it holds may be older than what was acknowledged` };
  return refusalUnlessPresent(topology, to) ?? withPrimary(topology, shard, to);
}

function rehomed(topology: Topology, shard: Shard, { to }: Rehome): Shard | Refusal {
  if (isSameLife(shard.primary, to))
    return { refused: `${nameOf(to)} is the primary of shard ${shard.id}: renew its epoch` };
  if (shard.replicas.some((replica) => isSameLife(replica, to) && replica.isInSync))
    return { refused: `${nameOf(to)} is in sync: promote it` };
  const other = topology.shards.find((candidate) => candidate !== shard && isServedBy(candidate, to.node));
  if (other !== undefined) return { refused: `${to.node} serves shard ${other.id}` };
  const absent = refusalUnlessPresent(topology, to);
  if (absent !== undefined) return absent;
  // What the others hold is of a history that is over.
  const replicas = shard.replicas.map((replica) => ({ ...replica, isInSync: false }));
  const begun = withPrimary(topology, { ...shard, replicas }, to);
  return { ...begun, beganEpoch: begun.epoch, syncVersion: shard.syncVersion + 1 };
}

function joined(shard: Shard, { replica, syncVersion }: ReplicaInSync): Shard | Refusal {
  if (shard.syncVersion === syncVersion) return withSync(shard, replica, true);
  return {
    refused: `who is in sync in shard ${shard.id} was changed to version ${shard.syncVersion}, and the change was meant for version ${syncVersion}`,
  };
}

/** Copies in lives that are over are gone. The former primary stays as a replica, if it lives. */
function withPrimary(topology: Topology, shard: Shard, to: NodeLife): Shard {
  const former: readonly Replica[] =
    shard.primary === undefined ? [] : [{ ...lifeOf(shard.primary), isInSync: false }];
  const replicas = [...shard.replicas, ...former].filter(
    (copy) => copy.node !== to.node && refusalUnlessPresent(topology, copy) === undefined,
  );
  return {
    ...shard,
    epoch: shard.epoch + 1,
    primary: lifeOf(to),
    replicas: inOrder(replicas.slice(0, MAX_REPLICAS)),
  };
}

function withSync(shard: Shard, life: NodeLife, isInSync: boolean): Shard | Refusal {
  const replica = replicaOf(shard, life);
  if (isRefusal(replica)) return replica;
  if (isInSync && replica.isInSync) return { refused: `${nameOf(life)} is in sync already` };
  return {
    ...shard,
    syncVersion: shard.syncVersion + 1,
    replicas: shard.replicas.map((other) => (other === replica ? { ...replica, isInSync } : other)),
  };
}

function withReplica(topology: Topology, shard: Shard, { replica }: AddReplica): Shard | Refusal {
  const other = topology.shards.find((candidate) => isServedBy(candidate, replica.node));
  if (other !== undefined) return { refused: `${replica.node} serves shard ${other.id}` };
  if (shard.replicas.length >= MAX_REPLICAS)
    return {
      refused: `shard ${shard.id} has ${shard.replicas.length} replicas: there can be ${MAX_REPLICAS}`,
    };
  return (
    refusalUnlessPresent(topology, replica) ?? {
      ...shard,
      replicas: inOrder([...shard.replicas, { ...lifeOf(replica), isInSync: false }]),
    }
  );
}

function withoutReplica(shard: Shard, life: NodeLife): Shard | Refusal {
  const replica = replicaOf(shard, life);
  if (isRefusal(replica)) return replica;
  // A wish to count it in that is under way must find nothing, also if the same life is added again.
  const replicas = shard.replicas.filter((other) => other !== replica);
  return { ...shard, syncVersion: shard.syncVersion + 1, replicas };
}

function replicaOf(shard: Shard, life: NodeLife): Replica | Refusal {
  const replica = shard.replicas.find((other) => isSameLife(other, life));
  return replica ?? { refused: `${nameOf(life)} is no replica of shard ${shard.id}` };
}

function refusalUnlessPrimary(shard: Shard, life: NodeLife): Refusal | undefined {
  if (isSameLife(shard.primary, life)) return undefined;
  return { refused: `${nameOf(life)} is not the primary of shard ${shard.id}` };
}

/** A refusal unless the node is known, in this life now, and may have a copy. */
function refusalUnlessPresent(topology: Topology, life: NodeLife): Refusal | undefined {
  const node = topology.nodes.find((other) => other.node === life.node);
  if (node === undefined) return { refused: `there is no node ${life.node}` };
  if (!isSameLife(node, life))
    return { refused: `${nameOf(life)} is not there: the node is in its life ${node.incarnation}` };
  return node.holdsData ? undefined : { refused: `node ${life.node} only votes, it holds no data` };
}

export function isServedBy({ primary, replicas }: Shard, node: NodeId): boolean {
  return primary?.node === node || replicas.some((replica) => replica.node === node);
}

function lifeOf({ node, incarnation }: NodeLife): NodeLife {
  return { node, incarnation };
}

function nameOf({ node, incarnation }: NodeLife): string {
  return `${node} in its life ${incarnation}`;
}

function inOrder(replicas: readonly Replica[]): readonly Replica[] {
  return [...replicas].sort((a, b) => (a.node < b.node ? -1 : 1));
}
