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
 *   a replica is dead, not in sync, and a node free  ─> it is taken away, so that the other takes its place
 *   a shard has more replicas than wanted            ─> one is taken away
 *   voters are gone, or too few                      ─> plan-voters.ts
 *   a node is gone for `forgetAfterMs`, serves nothing and does not vote ─> it is forgotten
 *
 * It is asked again and again by the leader of the register, and asks for the same until it has happened: changes are
 * conditional, and one that comes twice is refused. Lapsed promises are the voters' word, and what membership believes is
 * used only to choose: a wrong belief costs a moment, never an acknowledged write.
 *
 * Empty beats stale: a copy that is not in sync is never promoted with what it holds.
 *
 * Cost: one pass over nodes and copies, since it is asked so often.
 */
import type {
  NodeId,
  NodeLife,
  Replica,
  Shard,
  Topology,
  TopologyChange,
  TopologyNode,
} from '../ring/index.js';
import { isLaterLife, isSameLife } from '../ring/index.js';
import type { MemberState } from './membership/member.js';
import { planVoters, settleVoters } from './plan-voters.js';

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
  /** For how long nobody has seen this node of the topology in any life, in ms; 0: it is there. */
  goneForMs(node: NodeId): number;
  /** For how long the voters have been these, in ms. */
  votersForMs(): number;
}

export interface PlanOptions {
  /** A shard with a copy that is out of reach is given up after so long, in ms: what it holds is lost then. */
  readonly rehomeAfterMs: number;
  /** A voter that is gone for so long is replaced, in ms. Default: 5 minutes, longer than a restart of a machine takes. */
  readonly replaceVoterAfterMs: number;
  /** A node that is gone for so long is forgotten, in ms. Default: a day. */
  readonly forgetAfterMs: number;
  /** Rules to leave out. */
  readonly mutants?: ReadonlySet<string>;
}

export const planDefaults: PlanOptions = Object.freeze({
  rehomeAfterMs: 30_000,
  replaceVoterAfterMs: 300_000,
  forgetAfterMs: 86_400_000,
});

/** Rules that can be left out, to see whether a test misses them. */
export const PLAN_MUTANTS = ['gone-voter-stays', 'few-voters-stay', 'gone-node-stays'] as const;

export function plan(topology: Topology, health: Health, options: PlanOptions): TopologyChange[] {
  const { shards } = topology;
  const scene = new Scene(topology, health);
  const isHomeless = (shard: Shard) => shard.primary === undefined || health.hasLapsed(shard);
  const homeless = shards.filter(isHomeless);
  // Who is free goes to shards that have nobody, then to those that have least.
  const others = shards
    .filter((shard) => !isHomeless(shard))
    .map((shard) => ({ shard, living: scene.living(shard) }))
    .sort((a, b) => a.living - b.living || a.shard.id - b.shard.id);
  const homes = homeless.map((shard) => planHome(scene, shard, options));
  // A voter that learns of other voters deposes nobody for a while, so these wait for shards that are about to have another primary.
  const isHealing = homeless.some(
    (shard, i) =>
      (homes[i] as TopologyChange[]).length > 0 || health.lostForMs(shard) < options.rehomeAfterMs,
  );
  return [
    ...settleVoters(topology),
    ...(isHealing ? [] : planVoters(topology, health, options)),
    ...planNewcomers(scene),
    ...topology.nodes.flatMap((node) => planNode(node, health)),
    ...planGone(scene, options),
    ...homes.flat(),
    ...others.flatMap(({ shard }) => planReplicas(scene, shard)),
  ];
}

/** The in-sync replica to promote: alive rather than suspected. */
export function heirOf(
  nodes: ReadonlyMap<NodeId, TopologyNode>,
  { replicas }: Shard,
  health: Pick<Health, 'stateOf'>,
): Replica | undefined {
  let suspected: Replica | undefined;
  for (const replica of replicas) {
    if (!replica.isInSync || !isSameLife(nodes.get(replica.node), replica)) continue;
    const state = health.stateOf(replica);
    if (state === 'alive') return replica;
    if (state === 'suspect') suspected ??= replica;
  }
  return suspected;
}

/** What a plan looks at, and the nodes that it gives away. */
class Scene {
  readonly topology: Topology;
  readonly health: Health;
  readonly nodes: ReadonlyMap<NodeId, TopologyNode>;
  /** Who has a copy of something. */
  readonly serving: ReadonlySet<NodeId | undefined>;
  /** Alive, and serve nothing; without those that this plan has given a copy. */
  readonly #free: TopologyNode[];

  constructor(topology: Topology, health: Health) {
    this.topology = topology;
    this.health = health;
    this.nodes = new Map(topology.nodes.map((node) => [node.node, node]));
    const serving = new Set<NodeId | undefined>();
    for (const { primary, replicas } of topology.shards) {
      serving.add(primary?.node);
      for (const { node } of replicas) serving.add(node);
    }
    this.serving = serving;
    this.#free = topology.nodes.filter(
      (node) => node.holdsData && !serving.has(node.node) && health.stateOf(node) === 'alive',
    );
  }

  /** Replicas that count on being reached some time. */
  living({ replicas }: Shard): number {
    return replicas.reduce((count, replica) => count + (this.isOver(replica) ? 0 : 1), 0);
  }

  isOver(copy: NodeLife): boolean {
    const state = this.health.stateOf(copy);
    return state === 'dead' || state === 'left';
  }

  isPresent(life: NodeLife): boolean {
    return isSameLife(this.nodes.get(life.node), life);
  }

  /** A node for a copy of the shard, in a zone without one if there is such, which is free no more. */
  takeFree({ primary, replicas }: Shard): TopologyNode | undefined {
    if (this.#free.length === 0) return undefined;
    const zones = new Set([primary, ...replicas].map((copy) => copy && this.nodes.get(copy.node)?.zone));
    const elsewhere = this.#free.findIndex(({ zone }) => !zones.has(zone));
    return this.#free.splice(Math.max(0, elsewhere), 1)[0];
  }
}

function planNewcomers({ nodes, health }: Scene): TopologyChange[] {
  return health.alive().flatMap((id) => {
    const node = nodes.has(id) ? undefined : health.aliveAs(id);
    return node === undefined ? [] : [{ kind: 'node-joined', node, reason: `${id} is new` } as const];
  });
}

/** A node that began a new life, or moved. */
function planNode(known: TopologyNode, health: Health): TopologyChange[] {
  const now = health.aliveAs(known.node);
  if (now === undefined) return [];
  if (!isSameLife(now, known)) {
    if (health.stateOf(known) !== 'dead' || !isLaterLife(now.incarnation, known.incarnation)) return [];
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

/** Nodes that nobody has seen for very long, and that the cluster can do without. */
function planGone({ topology, health, serving }: Scene, options: PlanOptions): TopologyChange[] {
  const { forgetAfterMs, mutants } = options;
  if (mutants?.has('gone-node-stays')) return [];
  const { voters, previousVoters } = topology;
  const isNeeded = (id: NodeId): boolean =>
    serving.has(id) || voters.includes(id) || previousVoters.includes(id);
  return topology.nodes.flatMap((node) => {
    if (health.goneForMs(node.node) < forgetAfterMs || isNeeded(node.node)) return [];
    const reason = `${node.node} was not seen for ${forgetAfterMs} ms`;
    return [{ kind: 'node-left', life: lifeOf(node), reason } as const];
  });
}

/** A shard without a primary that could write. */
function planHome(scene: Scene, shard: Shard, options: PlanOptions): TopologyChange[] {
  const { id, epoch, primary } = shard;
  const who = primary === undefined ? 'nobody' : `${primary.node}, which no quorum has heard`;
  const heir = heirOf(scene.nodes, shard, scene.health);
  if (heir !== undefined) {
    const reason = `shard ${id} is with ${who}; ${heir.node} has everything that was acknowledged`;
    return [{ kind: 'promote', shard: id, epoch, to: lifeOf(heir), reason }];
  }
  const copies = [
    ...(primary === undefined ? [] : [primary]),
    ...shard.replicas.filter(({ isInSync }) => isInSync),
  ];
  const areGone = copies.every((copy) => isGone(scene, copy));
  if (!areGone && scene.health.lostForMs(shard) < options.rehomeAfterMs) return [];
  const home = emptyHome(scene, shard);
  if (home === undefined) return [];
  const why = areGone ? 'all its copies are gone' : `no copy was reached for ${options.rehomeAfterMs} ms`;
  return [
    { kind: 'rehome', shard: id, epoch, to: lifeOf(home), reason: `shard ${id} begins anew, empty: ${why}` },
  ];
}

/**
 * A shard that lacks a replica gets a node that holds nothing. A dead one makes room for it, if its primary did without it already: what
 * it holds would be of use only if it was cut off, and then it can be added again.
 */
function planReplicas(scene: Scene, shard: Shard): TopologyChange[] {
  const { id, epoch, replicas } = shard;
  const wanted = scene.topology.replicasPerShard;
  const without = (replica: Replica, why: string): TopologyChange[] => [
    { kind: 'remove-replica', shard: id, epoch, replica: lifeOf(replica), reason: why },
  ];
  const dead = replicas.find((replica) => !replica.isInSync && scene.isOver(replica));
  if (replicas.length > wanted) {
    const spare = dead ?? replicas.find(({ isInSync }) => !isInSync) ?? (replicas.at(-1) as Replica);
    return without(spare, `shard ${id} has ${replicas.length} replicas, and ${wanted} are wanted`);
  }
  if (replicas.length === wanted && dead === undefined) return [];
  const free = scene.takeFree(shard);
  if (free === undefined) return [];
  // One change at a time: were the first refused, the second would make one replica too many.
  if (replicas.length === wanted)
    return without(dead as Replica, `${dead?.node} of shard ${id} is dead, and ${free.node} is free`);
  const reason = `shard ${id} has ${replicas.length} of ${wanted} replicas, and ${free.node} is free`;
  return [{ kind: 'add-replica', shard: id, epoch, replica: lifeOf(free), reason }];
}

/** Where a shard can begin anew: a copy that is not in sync, the node of its primary in a later life, else a node that holds nothing. */
function emptyHome(scene: Scene, shard: Shard): NodeLife | undefined {
  const isUsable = (life: NodeLife): boolean =>
    scene.health.stateOf(life) === 'alive' && scene.isPresent(life);
  const replica = shard.replicas.find((one) => !one.isInSync && isUsable(one));
  if (replica !== undefined || shard.primary === undefined) return replica ?? scene.takeFree(shard);
  const later = scene.nodes.get(shard.primary.node);
  const isLater = later?.holdsData === true && !isSameLife(later, shard.primary) && isUsable(later);
  return isLater ? later : scene.takeFree(shard);
}

/** Known to hold nothing any more: the node is in a later life, or is no part of the cluster. */
function isGone(scene: Scene, copy: NodeLife): boolean {
  return !scene.isPresent(copy) || scene.health.stateOf(copy) === 'left';
}

function lifeOf({ node, incarnation }: NodeLife): NodeLife {
  return { node, incarnation };
}
