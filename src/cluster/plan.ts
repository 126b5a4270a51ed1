/**
 * What is to be done about the health of a cluster: a pure function from the topology and what is known of the nodes to
 * changes, each with its reason in words.
 *
 *   the primary's promises have lapsed at a quorum   ─ an in-sync replica may be alive ─> promote it
 *                                                    └ none: all copies are known to be gone ─> re-home, now
 *                                                            some are only out of reach ─> re-home after `rehomeAfterMs`
 *   a node is back in a later life                   ─> its copies of the life before are gone; it serves again as a replica
 *   a node is reached elsewhere                      ─> its address
 *   a node is new                                    ─> it belongs to the cluster, and serves where a replica is missing
 *   a change of voters was agreed                    ─> it is settled
 *
 * It is asked again and again by the leader of the register, and asks for the same until it has happened: changes are
 * conditional, and one that comes twice is refused. Lapsed promises are the voters' word, and what membership believes is
 * used only to choose: a wrong belief costs a moment, never an acknowledged write.
 *
 * Empty beats stale: a copy that is not in sync is never promoted with what it holds.
 */
import type { NodeId, NodeLife, Shard, Topology, TopologyChange, TopologyNode } from '../ring/index.js';
import { isSameLife } from '../ring/index.js';
import type { MemberState } from './membership/member.js';

export interface Health {
  /** A quorum of voters reported that they promise nothing to this primary, and it has had time to ask. */
  hasLapsed(shard: Shard): boolean;
  /** For how long no copy of it could be promoted, in ms. */
  lostForMs(shard: Shard): number;
  /** What is believed of this life; undefined: nothing is known. */
  stateOf(life: NodeLife): MemberState | undefined;
  /** How the node is now: its newest life, if that is alive. */
  aliveAs(node: NodeId): TopologyNode | undefined;
  /** Everyone who is. */
  alive(): readonly NodeId[];
}

export interface PlanOptions {
  /** A shard with a copy that is out of reach is given up after so long, in ms: what it holds is lost then. */
  readonly rehomeAfterMs: number;
}

export const planDefaults: PlanOptions = Object.freeze({ rehomeAfterMs: 30_000 });

export function plan(topology: Topology, health: Health, options: PlanOptions): TopologyChange[] {
  return [
    ...planVoters(topology),
    ...planNewcomers(topology, health),
    ...topology.nodes.flatMap((node) => planNode(node, health)),
    ...topology.shards.flatMap((shard) => planShard(topology, shard, health, options)),
  ];
}

function planVoters({ voters, previousVoters, voterVersion }: Topology): TopologyChange[] {
  if (voters.join() === previousVoters.join()) return [];
  return [{ kind: 'settle-voters', voterVersion, reason: `the voters ${voters.join(' ')} are agreed` }];
}

function planNewcomers({ nodes }: Topology, health: Health): TopologyChange[] {
  return health.alive().flatMap((id) => {
    const node = health.aliveAs(id);
    if (node === undefined || nodes.some((known) => known.node === id)) return [];
    return [{ kind: 'node-joined', node, reason: `${id} is new` } as const];
  });
}

/** A node that began a new life, or moved. */
function planNode(known: TopologyNode, health: Health): TopologyChange[] {
  const now = health.aliveAs(known.node);
  if (now === undefined) return [];
  if (!isSameLife(now, known)) {
    if (health.stateOf(known) !== 'dead') return [];
    const reason = `${known.node} was started again, as ${now.incarnation}, and is empty`;
    return [
      {
        kind: 'node-returned',
        former: { node: known.node, incarnation: known.incarnation },
        node: now,
        reason,
      },
    ];
  }
  const isElsewhere = now.host !== known.host || now.port !== known.port || now.busPort !== known.busPort;
  return isElsewhere
    ? [{ kind: 'node-moved', node: now, reason: `${known.node} is at ${now.host}:${now.port}` }]
    : [];
}

function planShard(topology: Topology, shard: Shard, health: Health, options: PlanOptions): TopologyChange[] {
  const { id, epoch, primary } = shard;
  if (primary !== undefined && !health.hasLapsed(shard)) return planReplicas(topology, shard, health);
  const who = primary === undefined ? 'nobody' : `${primary.node}, which no quorum has heard`;
  const heir = bestHeir(topology, shard, health);
  if (heir !== undefined) {
    const reason = `shard ${id} is with ${who}; ${heir.node} has everything that was acknowledged`;
    return [{ kind: 'promote', shard: id, epoch, to: lifeOf(heir), reason }];
  }
  const copies = [
    ...(primary === undefined ? [] : [primary]),
    ...shard.replicas.filter(({ isInSync }) => isInSync),
  ];
  const areGone = copies.every((copy) => isGone(topology, copy, health));
  if (!areGone && health.lostForMs(shard) < options.rehomeAfterMs) return [];
  const home = emptyHome(topology, shard, health);
  if (home === undefined) return [];
  const why = areGone ? 'all its copies are gone' : `no copy was reached for ${options.rehomeAfterMs} ms`;
  return [
    { kind: 'rehome', shard: id, epoch, to: lifeOf(home), reason: `shard ${id} begins anew, empty: ${why}` },
  ];
}

/** A shard that lacks a replica gets a node that holds nothing. */
function planReplicas(topology: Topology, { id, epoch, replicas }: Shard, health: Health): TopologyChange[] {
  if (replicas.length >= topology.replicasPerShard) return [];
  const free = freeNode(topology, health);
  if (free === undefined) return [];
  const reason = `shard ${id} has ${replicas.length} of ${topology.replicasPerShard} replicas, and ${free.node} is free`;
  return [{ kind: 'add-replica', shard: id, epoch, replica: lifeOf(free), reason }];
}

/** The in-sync replica to promote: alive rather than suspected, on a node with few primaries. */
function bestHeir(topology: Topology, shard: Shard, health: Health): NodeLife | undefined {
  const order = { alive: 0, suspect: 1 } as const;
  const candidates = shard.replicas.flatMap((replica) => {
    const state = health.stateOf(replica);
    const isNow = topology.nodes.some((node) => isSameLife(node, replica));
    if (!replica.isInSync || !isNow || (state !== 'alive' && state !== 'suspect')) return [];
    return [{ replica, rank: order[state] }];
  });
  candidates.sort((a, b) => a.rank - b.rank || (a.replica.node < b.replica.node ? -1 : 1));
  return candidates[0]?.replica;
}

/** Where a shard can begin anew: a copy that is not in sync, else a node that holds nothing. */
function emptyHome(topology: Topology, shard: Shard, health: Health): NodeLife | undefined {
  const isUsable = (life: NodeLife): boolean =>
    health.stateOf(life) === 'alive' && topology.nodes.some((node) => isSameLife(node, life));
  return (
    shard.replicas.find((replica) => !replica.isInSync && isUsable(replica)) ??
    topology.nodes.find(
      (node) => node.node === shard.primary?.node && !isSameLife(node, shard.primary) && isUsable(node),
    ) ??
    freeNode(topology, health)
  );
}

function freeNode(topology: Topology, health: Health): TopologyNode | undefined {
  return topology.nodes.find((node) => {
    const isFree = !topology.shards.some(
      ({ primary, replicas }) =>
        primary?.node === node.node || replicas.some((replica) => replica.node === node.node),
    );
    return isFree && node.holdsData && health.stateOf(node) === 'alive';
  });
}

/** Known to hold nothing any more: the node is in a later life, or is no part of the cluster. */
function isGone(topology: Topology, copy: NodeLife, health: Health): boolean {
  const node = topology.nodes.find((other) => other.node === copy.node);
  if (node === undefined || !isSameLife(node, copy)) return true;
  return health.stateOf(copy) === 'left';
}

function lifeOf({ node, incarnation }: NodeLife): NodeLife {
  return { node, incarnation };
}
