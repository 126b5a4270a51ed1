/**
 * A node in a cluster whose rest is told by the test: what is agreed, who holds the lease, what the replicas have.
 *
 *   p (this node, unless the test says otherwise)   shard 1, slots 0 to 8191    replica r
 *   q                                               shard 2, slots 8192 to 16383
 *
 * Its offset is the number of commands executed that may change something. Keys: `foo` and `{foo}...` are q's, `bar` and `{bar}...` p's.
 */
import { byteString } from '../../base/index.js';
import { type Shard, type Topology, type TopologyNode, topologyDefaults } from '../../ring/index.js';
import type { CacheNode } from '../cache-node.js';
import { Trait } from '../command.js';
import type { NodeOptions } from '../options.js';
import { type TestNode, withNode } from '../test-client.testkit.js';
import type { ClusterMember, Follower, MemberListener } from './member.js';
import type { Publication } from './publication-codec.js';

export function clusterNode(node: string, port: number): TopologyNode {
  return {
    node,
    incarnation: '1-a',
    host: '127.0.0.1',
    port,
    busPort: port + 10_000,
    zone: '',
    holdsData: true,
  };
}

export const p = clusterNode('n-p', 7001);
export const q = clusterNode('n-q', 7002);
export const r = clusterNode('n-r', 7003);

/** Two shards, of which the first is copied once. */
export function twoShards(
  first: Partial<Shard> = {},
  version = 1,
  [primary, other, copy]: readonly [TopologyNode, TopologyNode, TopologyNode] = [p, q, r],
): Topology {
  const shard = (id: number, { node, incarnation }: TopologyNode): Shard => ({
    id,
    weight: 1,
    epoch: 1,
    beganEpoch: 1,
    syncVersion: 1,
    primary: { node, incarnation },
    replicas: [],
    vnodes: [id],
  });
  const replica = { node: copy.node, incarnation: copy.incarnation, isInSync: true };
  return {
    clusterId: 'test',
    version,
    ...topologyDefaults,
    replicasPerShard: 1,
    voters: [p.node],
    previousVoters: [p.node],
    voterVersion: 1,
    nodes: [primary, other, copy],
    shards: [{ ...shard(1, primary), replicas: [replica], ...first }, shard(2, other)],
    slots: [
      { first: 0, last: 8191, shard: 1 },
      { first: 8192, last: 16383, shard: 2 },
    ],
  };
}

export class ToldMember implements ClusterMember {
  readonly self: TopologyNode;
  topology: Topology | undefined;
  role: ClusterMember['role'] = 'primary';
  shard: ClusterMember['shard'] = { id: 1, epoch: 1 };
  deadNodes: ReadonlySet<string> = new Set();
  hasLease = true;
  hasSilentReplicas = false;
  isStaleForMs = 0;
  /** Undefined: whatever is written is confirmed at once. */
  confirmedUpTo: number | undefined;
  followers: Follower[] = [];
  listener: MemberListener = { confirmed() {}, changed() {} };
  /** Channels and messages that went to the other nodes. */
  readonly forwarded: [channel: string, message: string][] = [];
  /** How often it was asked for the lease. */
  leaseQuestions = 0;
  /** And how stale its reads are. */
  staleQuestions = 0;
  readonly #node: CacheNode;

  constructor(node: CacheNode, self: TopologyNode, topology: Topology | undefined) {
    this.#node = node;
    this.self = self;
    this.topology = topology;
  }

  holdsLease(): boolean {
    this.leaseQuestions++;
    return this.role === 'primary' && this.hasLease;
  }

  writeProblem(): 'lease' | 'replicas' | undefined {
    if (!this.holdsLease()) return 'lease';
    return this.hasSilentReplicas ? 'replicas' : undefined;
  }

  staleMs(): number {
    this.staleQuestions++;
    return this.isStaleForMs;
  }

  get offset(): number {
    let count = 0;
    for (const command of this.#node.commands.list) {
      if ((command.flags & (Trait.CHANGES | Trait.MAY_TAKE_AWAY)) !== 0) count += command.calls;
    }
    return count;
  }

  get confirmed(): number {
    return this.confirmedUpTo ?? this.offset;
  }

  // -- what a test lets happen

  hurry(): void {}

  forward({ block, channelAt, channelLength, messageAt, messageLength }: Publication): void {
    this.forwarded.push([
      byteString(block, channelAt, channelLength),
      byteString(block, messageAt, messageLength),
    ]);
  }

  /** All copies have what was written so far, or up to an offset. */
  confirm(offset = this.offset): void {
    this.confirmedUpTo = offset;
    this.listener.confirmed();
  }

  loseLease(): void {
    this.hasLease = false;
    this.isStaleForMs = 1;
    this.listener.changed();
  }

  become(role: ClusterMember['role'], epoch: number, topology: Topology | undefined = this.topology): void {
    this.role = role;
    this.shard = role === 'none' ? undefined : { id: 1, epoch };
    this.topology = topology;
    this.listener.changed();
  }
}

export interface MemberNode extends TestNode {
  readonly member: ToldMember;
}

/** Runs a test's body with a node of that cluster. */
export async function withMember(
  options: NodeOptions & {
    self?: TopologyNode;
    topology?: Topology | undefined;
    role?: ClusterMember['role'];
  },
  body: (node: MemberNode) => Promise<void>,
): Promise<void> {
  const { self = p, role = self.node === r.node ? 'replica' : 'primary', ...others } = options;
  const topology = 'topology' in options ? options.topology : twoShards();
  const { topology: _, ...nodeOptions } = others;
  let member: ToldMember | undefined;
  const prepare = (inside: CacheNode): void => {
    member = new ToldMember(inside, self, topology);
    member.role = role;
    inside.enterCluster(member);
  };
  await withNode(nodeOptions, (node) => body({ ...node, member: member as ToldMember }), prepare);
}
