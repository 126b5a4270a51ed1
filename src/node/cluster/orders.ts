/**
 * What an operator asks of a node, or tells it: CLUSTER STATUS, INIT, HANDOVER. All take their time: the thread of the mind is asked, or the
 * register.
 */
import { randomUUID } from 'node:crypto';
import { Block, keySlot } from '../../base/index.js';
import {
  firstTopology,
  isRefusal,
  type NodeId,
  type TopologyNode,
  topologyDefaults,
} from '../../ring/index.js';
import { addressText, isLoopback } from '../addresses.js';
import { NUTHATCH_VERSION } from '../version.js';
import type { LiveMember } from './cluster-member.js';
import type { ClusterStatus, CopyStatus, MemberStatus } from './cluster-status.js';
import type { MindStatus } from './mind-status.js';
import { TopologyView } from './topology-view.js';

/** Nodes that were just started have to find each other first. */
const FOUND_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

export interface FirstPlan {
  readonly shards: number;
  readonly replicas: number;
  /** HOST:PORT of each node, or HOST:PORT@BUSPORT. */
  readonly addresses: readonly string[];
}

export class ClusterOrders {
  readonly #member: LiveMember;

  get busPort(): number {
    return this.#member.self.busPort;
  }

  constructor(member: LiveMember) {
    this.#member = member;
  }

  primaryOf(key: string): string | undefined {
    const { topology, self, deadNodes } = this.#member;
    if (topology === undefined) return undefined;
    const bytes = new Block(Buffer.from(key));
    const slot = keySlot(bytes, 0, bytes.bytes.length);
    const { primary } = new TopologyView(topology, self, deadNodes).homeOf(slot);
    return primary && addressOf(primary);
  }

  async status(): Promise<ClusterStatus> {
    const mind = await this.#member.mind.status();
    const { self } = this.#member;
    const copy = this.#copyStatus(mind);
    return {
      node: self.node,
      incarnation: self.incarnation,
      address: addressOf(self),
      nuthatch: NUTHATCH_VERSION,
      zone: self.zone,
      holdsData: self.holdsData,
      ...(mind.clusterId !== undefined && { clusterId: mind.clusterId }),
      wallMs: Date.now(),
      role: mind.role,
      term: mind.term,
      version: mind.committedVersion,
      acceptedVersion: mind.acceptedVersion,
      members: mind.members.map(
        (one): MemberStatus => ({
          node: one.node,
          incarnation: one.incarnation,
          address: addressOf(one),
          state: one.state,
        }),
      ),
      ...(copy !== undefined && { copy }),
      timeline: mind.timeline,
    };
  }

  /** Begins a cluster of these nodes, of which this one is a voter. Resolves with why not, if it is refused. */
  async begin({ shards, replicas, addresses }: FirstPlan): Promise<string | undefined> {
    const found = await this.#find(addresses);
    if (typeof found === 'string') return found;
    const first = firstTopology({
      clusterId: randomUUID(),
      nodes: found,
      shards,
      replicasPerShard: replicas,
      ...topologyDefaults,
    });
    if (isRefusal(first)) return first.refused;
    return (await this.#member.mind.begin(first))?.refused;
  }

  handOver(to?: NodeId): Promise<string | undefined> {
    return this.#member.handOver(to);
  }

  /** The nodes at these addresses, in their order; or which is missing. */
  async #find(addresses: readonly string[]): Promise<TopologyNode[] | string> {
    const { mind } = this.#member;
    for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
      const { members } = await mind.status();
      const alive = members.filter(({ state }) => state === 'alive');
      const found = addresses.map(
        (address) =>
          alive.find((one) => isAt(one, address)) ?? alive.find((one) => isAtByLoopback(one, address)),
      );
      const missing = addresses.filter((_, i) => found[i] === undefined);
      if (missing.length === 0) return found.flatMap((one) => (one === undefined ? [] : [topologyNode(one)]));
      if (waitedMs >= FOUND_WITHIN_MS) {
        const known = alive.map(addressOf).join(', ');
        return `this node has not heard of ${missing.join(', ')}, only of ${known}: start each node with --join, and name it as it announces itself`;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  #copyStatus({ lease }: MindStatus): CopyStatus | undefined {
    const member = this.#member;
    const { role, shard } = member;
    if (role === 'none' || shard === undefined) return undefined;
    return {
      shard: shard.id,
      epoch: shard.epoch,
      role,
      leaseLeftMs: member.holdsLease() ? (lease?.leftMs ?? 0) : 0,
      offset: member.offset,
      confirmed: Math.max(0, member.confirmed),
      // JSON has no Infinity.
      staleMs: Math.min(Number.MAX_SAFE_INTEGER, Math.round(member.staleMs())),
      followers: member.followers.map((one) => ({ ...one, node: one.node as NodeId })),
    };
  }
}

function topologyNode({
  node,
  incarnation,
  host,
  port,
  busPort,
  zone,
  holdsData,
}: TopologyNode): TopologyNode {
  return { node, incarnation, host, port, busPort, zone, holdsData };
}

function addressOf({ host, port }: TopologyNode): string {
  return addressText(host, port);
}

function isAt(node: TopologyNode, address: string): boolean {
  return isAtPorts(node, address) && hostOf(address) === node.host;
}

/** 'localhost' and 127.0.0.1 are one; but nodes may also be on several addresses of the loopback. */
function isAtByLoopback(node: TopologyNode, address: string): boolean {
  return isAtPorts(node, address) && isLoopback(hostOf(address)) && isLoopback(node.host);
}

function isAtPorts(node: TopologyNode, address: string): boolean {
  const [, port, busPort] = /:(\d+)(?:@(\d+))?$/.exec(address) ?? [];
  return Number(port) === node.port && (busPort === undefined || Number(busPort) === node.busPort);
}

function hostOf(address: string): string {
  return address.replace(/:\d+(@\d+)?$/, '').replace(/^\[(.*)\]$/, '$1');
}
