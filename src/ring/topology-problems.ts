/**
 * What is wrong with a topology, in words. Whatever changes, decodes or receives one asks here first, so that
 * all other code may take for granted what is checked:
 *
 *   order    nodes, shards, replicas and voters by their ids, slots by number: equal topologies are equal texts
 *   nodes    ids and addresses well formed, each id once
 *   shards   epochs and weights sane; copies on nodes that exist and hold data; a node in one shard, in one role
 *   slots    each has exactly one owner, which exists
 *   voters   1, 3 or 5 nodes that exist, before and after a change
 *
 * A copy may name a former life of its node: it is gone, and says so by that, until it is replaced. It cannot name a life
 * that has not begun.
 *
 * Only values are checked; that they are numbers, strings and lists at all is the compiler's business, or the decoder's.
 * Cost: one pass, 0.5 ms for 1,000 nodes.
 */
import { SLOT_COUNT } from '../base/index.js';
import { POSITIONS } from './circle.js';
import { INCARNATION_FORM, isIncarnation, isLaterLife } from './incarnation.js';
import { shown } from './refusal.js';
import { MAX_SHARD_ID } from './slots.js';
import type { LeaseTerms, NodeId, NodeLife, Shard, SlotRange, Topology, TopologyNode } from './topology.js';

/** As many as SWIM and one register serve well; a topology of 1,000 of them is a text of 600 KB. */
export const MAX_TOPOLOGY_NODES = 1024;
/** One node serves one shard, so there are never more shards than nodes. */
export const MAX_SHARDS = 1024;
/** Replicas of a shard: each is sent every write. */
export const MAX_REPLICAS = 8;
/** Slots are 16,384, and no shard has fewer slots than vnodes. */
const MAX_VNODES = SLOT_COUNT;
/** Weights are compared with each other; beyond, the lightest of many would have no slot. */
const MIN_WEIGHT = 0.001;
const MAX_WEIGHT = 1000;
/** Letters of a host and of a zone: a name of the DNS, and a word for people. */
const MAX_HOST_LENGTH = 253;
export const MAX_ZONE_LENGTH = 64;
const MAX_PORT = 65_535;
/** Shorter leases than a heartbeat cannot be renewed; a longer one is as long without a writer. In ms. */
const MIN_LEASE_MS = 50;
const MAX_LEASE_MS = 60_000;
/** Clocks that are worse than half as fast again are broken. */
const MAX_DRIFT_PERMILLE = 500;
const MAX_SLACK_MS = 10_000;
const MIN_UNREPLICATED_MS = 50;
const MAX_UNREPLICATED_MS = 60_000;
const VOTER_COUNTS = [1, 3, 5];
export const MAX_VOTERS = 5;

/** Problems that are told at once; who has more has one cause for them. */
const MAX_PROBLEMS = 10;

const nodeIdForm = /^[a-z0-9-]{1,40}$/;
/** Nothing that could end a line or a field where it is shown. */
const wordForm = /^[!-~]+$/;

export function isNodeId(text: string): boolean {
  return nodeIdForm.test(text);
}

/** Sentences, at most ten; none if the topology is right. */
export function topologyProblems(topology: Topology): string[] {
  const found = new Problems();
  checkScalars(topology, found);
  const nodes = checkNodes(topology.nodes, found);
  checkVoters(topology, nodes, found);
  const shards = checkShards(topology.shards, nodes, found);
  checkSlots(topology.slots, shards, found);
  return found.sentences;
}

/** Of a node alone. */
export function nodeProblems(node: TopologyNode): string[] {
  const found = new Problems();
  checkNode(node, found);
  return found.sentences;
}

/** Of the voters, which are some of the nodes. */
export function voterProblems(topology: Topology): string[] {
  const found = new Problems();
  checkVoters(topology, new Set(topology.nodes.map(({ node }) => node)), found);
  return found.sentences;
}

export function leaseProblems(lease: LeaseTerms): string[] {
  const found = new Problems();
  checkLease(lease, found);
  return found.sentences;
}

class Problems {
  readonly sentences: string[] = [];

  /** `isRight`, or else the sentence is true. */
  unless(isRight: boolean, sentence: () => string): boolean {
    if (!isRight && this.sentences.length < MAX_PROBLEMS) this.sentences.push(sentence());
    return isRight;
  }

  count(value: number, what: string, from: number, to: number): void {
    this.unless(
      Number.isInteger(value) && value >= from && value <= to,
      () => `${what} is ${shown(value)}: it is a whole number from ${from} to ${to}`,
    );
  }
}

function checkScalars(topology: Topology, found: Problems): void {
  found.unless(
    nodeIdForm.test(topology.clusterId),
    () => `the cluster id is ${shown(topology.clusterId)}: it has 1 to 40 of a-z, 0-9 and '-'`,
  );
  found.count(topology.version, 'the version', 1, Number.MAX_SAFE_INTEGER);
  checkLease(topology.lease, found);
  found.count(topology.maxUnreplicatedMs, 'maxUnreplicatedMs', MIN_UNREPLICATED_MS, MAX_UNREPLICATED_MS);
  found.count(topology.replicasPerShard, 'replicasPerShard', 0, MAX_REPLICAS);
}

function checkLease({ leaseMs, driftPermille, slackMs }: LeaseTerms, found: Problems): void {
  found.count(leaseMs, 'leaseMs', MIN_LEASE_MS, MAX_LEASE_MS);
  found.count(driftPermille, 'driftPermille', 0, MAX_DRIFT_PERMILLE);
  found.count(slackMs, 'slackMs', 0, MAX_SLACK_MS);
}

function checkNodes(list: readonly TopologyNode[], found: Problems): Map<string, TopologyNode> {
  const nodes = new Map<string, TopologyNode>();
  if (!found.unless(list.length <= MAX_TOPOLOGY_NODES, () => tooMany('nodes', list, MAX_TOPOLOGY_NODES)))
    return nodes;
  found.unless(
    isAscending(list.map(({ node }) => node)),
    () => 'nodes are not in the order of their ids, each once',
  );
  for (const node of list) {
    nodes.set(node.node, node);
    checkNode(node, found);
  }
  return nodes;
}

function checkNode(node: TopologyNode, found: Problems): void {
  const name = () => `node ${shown(node.node)}`;
  found.unless(nodeIdForm.test(node.node), () => `${name()}: an id has 1 to 40 of a-z, 0-9 and '-'`);
  found.unless(
    isIncarnation(node.incarnation),
    () => `${name()} has the incarnation ${shown(node.incarnation)}: it is ${INCARNATION_FORM}`,
  );
  found.unless(
    isWord(node.host, MAX_HOST_LENGTH),
    () => `${name()} has the host ${shown(node.host)}: it has 1 to ${MAX_HOST_LENGTH} characters, no blanks`,
  );
  found.unless(
    node.zone === '' || isWord(node.zone, MAX_ZONE_LENGTH),
    () =>
      `${name()} has the zone ${shown(node.zone)}: it has at most ${MAX_ZONE_LENGTH} characters, no blanks`,
  );
  found.unless(
    isPort(node.port) && isPort(node.busPort),
    () => `${name()} has the ports ${shown(node.port)} and ${shown(node.busPort)}: they are 1 to ${MAX_PORT}`,
  );
}

function checkVoters(topology: Topology, nodes: { has(id: NodeId): boolean }, found: Problems): void {
  found.count(topology.voterVersion, 'the version of the voters', 1, Number.MAX_SAFE_INTEGER);
  const sets = { voters: topology.voters, previousVoters: topology.previousVoters };
  for (const [name, voters] of Object.entries(sets)) {
    found.unless(
      VOTER_COUNTS.includes(voters.length),
      () => `${name} has ${voters.length} nodes: they are 1, 3 or 5, so that a majority is more than a half`,
    );
    found.unless(isAscending(voters), () => `${name} is not in the order of the ids, each once`);
    const unknown = voters.find((id) => !nodes.has(id));
    found.unless(unknown === undefined, () => `${name} names ${shown(unknown)}, which is no node`);
  }
}

function checkShards(
  list: readonly Shard[],
  nodes: ReadonlyMap<string, TopologyNode>,
  found: Problems,
): Set<number> {
  const ids = new Set<number>();
  if (!found.unless(list.length > 0, () => 'there are no shards: a topology has at least one')) return ids;
  if (!found.unless(list.length <= MAX_SHARDS, () => tooMany('shards', list, MAX_SHARDS))) return ids;
  found.unless(
    isAscending(list.map(({ id }) => id)),
    () => 'shards are not in the order of their ids, each once',
  );
  const servedBy = new Map<string, number>();
  for (const shard of list) {
    ids.add(shard.id);
    const name = `shard ${shard.id}`;
    found.count(shard.id, 'the id of a shard', 0, MAX_SHARD_ID);
    found.count(shard.epoch, `the epoch of ${name}`, 1, Number.MAX_SAFE_INTEGER);
    found.count(shard.beganEpoch, `the first epoch of the history of ${name}`, 1, shard.epoch);
    found.count(shard.syncVersion, `the syncVersion of ${name}`, 1, Number.MAX_SAFE_INTEGER);
    found.unless(
      shard.weight >= MIN_WEIGHT && shard.weight <= MAX_WEIGHT,
      () => `the weight of ${name} is ${shown(shard.weight)}: it is ${MIN_WEIGHT} to ${MAX_WEIGHT}`,
    );
    checkVnodes(shard, name, found);
    checkCopies(shard, name, nodes, servedBy, found);
  }
  return ids;
}

function checkVnodes({ vnodes }: Shard, name: string, found: Problems): void {
  if (!found.unless(vnodes.length <= MAX_VNODES, () => tooMany(`vnodes of ${name}`, vnodes, MAX_VNODES)))
    return;
  const isRight = vnodes.every(
    (position) => Number.isInteger(position) && position >= 0 && position < POSITIONS,
  );
  found.unless(
    isRight && isAscending(vnodes),
    () => `the vnodes of ${name} are not positions below 2^32, in order, each once`,
  );
}

function checkCopies(
  { id, primary, replicas }: Shard,
  name: string,
  nodes: ReadonlyMap<string, TopologyNode>,
  servedBy: Map<string, number>,
  found: Problems,
): void {
  if (
    !found.unless(replicas.length <= MAX_REPLICAS, () =>
      tooMany(`replicas of ${name}`, replicas, MAX_REPLICAS),
    )
  )
    return;
  found.unless(
    isAscending(replicas.map(({ node }) => node)),
    () => `the replicas of ${name} are not in the order of their ids, each once`,
  );
  const copies: readonly NodeLife[] = primary === undefined ? replicas : [primary, ...replicas];
  for (const copy of copies) {
    const node = nodes.get(copy.node);
    if (
      !found.unless(node !== undefined, () => `${name} has a copy on ${shown(copy.node)}, which is no node`)
    )
      continue;
    found.unless(node!.holdsData, () => `${name} has a copy on ${shown(copy.node)}, which holds no data`);
    found.unless(
      isIncarnation(copy.incarnation) &&
        (copy.incarnation === node!.incarnation || isLaterLife(node!.incarnation, copy.incarnation)),
      () =>
        `${name} has a copy in the life ${shown(copy.incarnation)} of ${shown(copy.node)}, whose life is ${shown(node!.incarnation)}`,
    );
    const other = servedBy.get(copy.node);
    found.unless(
      other === undefined,
      () =>
        `node ${shown(copy.node)} has a copy of shard ${other} and one of ${name}: it serves one shard, in one role`,
    );
    servedBy.set(copy.node, id);
  }
}

function checkSlots(ranges: readonly SlotRange[], shards: ReadonlySet<number>, found: Problems): void {
  if (!found.unless(ranges.length <= SLOT_COUNT, () => tooMany('ranges of slots', ranges, SLOT_COUNT)))
    return;
  let next = 0;
  let before = -1;
  for (const { first, last, shard } of ranges) {
    const isRight = first === next && Number.isInteger(last) && last >= first && last < SLOT_COUNT;
    if (
      !found.unless(
        isRight,
        () =>
          `the slots ${first} to ${last} follow the slots up to ${next - 1}: ranges are in order, without gaps`,
      )
    )
      return;
    found.unless(
      shards.has(shard),
      () => `the slots ${first} to ${last} belong to shard ${shown(shard)}, which is none`,
    );
    found.unless(
      shard !== before,
      () => `the slots before ${first} and from it on belong to shard ${shard}: they are one range`,
    );
    next = last + 1;
    before = shard;
  }
  found.unless(
    next === SLOT_COUNT,
    () => `the slots from ${next} on belong to nobody: all ${SLOT_COUNT} have an owner`,
  );
}

function isAscending(list: readonly (string | number)[]): boolean {
  return list.every((value, i) => i === 0 || list[i - 1] < value);
}

function isWord(text: string, maxLength: number): boolean {
  return text.length <= maxLength && wordForm.test(text);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= MAX_PORT;
}

function tooMany(what: string, list: readonly unknown[], max: number): string {
  return `there are ${list.length} ${what}: there can be ${max}`;
}
