/**
 * A cluster that is only said: a topology, what each of its nodes would say of itself, and small servers that say it.
 * What a node says can be changed at any time; who is `away` does not answer.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Block } from '../../base/index.js';
import type { ClusterStatus, TimelineEntry } from '../../node/index.js';
import { NEED_MORE, READY, ReplyReader } from '../../resp/index.js';
import {
  encodeTopology,
  firstTopology,
  isRefusal,
  isSameLife,
  type Topology,
  type TopologyNode,
  topologyDefaults,
} from '../../ring/index.js';
import type { ClusterView, NodeReport } from './cluster-view.js';

export interface FakeShape {
  readonly shards: number;
  readonly replicas: number;
  readonly nodes: readonly TopologyNode[];
}

export function nodeNamed(i: number, more: Partial<TopologyNode> = {}): TopologyNode {
  return {
    node: `n-${String(i).padStart(12, '0')}`,
    incarnation: '1-a',
    host: `10.0.0.${i}`,
    port: 6379,
    busPort: 16_379,
    zone: '',
    holdsData: true,
    ...more,
  };
}

export function nodesNamed(count: number): TopologyNode[] {
  return Array.from({ length: count }, (_, i) => nodeNamed(i + 1));
}

export function topologyOf({ shards, replicas, nodes }: FakeShape): Topology {
  const topology = firstTopology({
    clusterId: 'c-1',
    nodes,
    shards,
    replicasPerShard: replicas,
    ...topologyDefaults,
  });
  if (isRefusal(topology)) throw new Error(topology.refused);
  return topology;
}

/** As a node says it when all is well; the first voter leads. */
export function wellStatus(node: TopologyNode, topology: Topology | undefined): ClusterStatus {
  const shard = topology?.shards.find(
    ({ primary, replicas }) =>
      primary?.node === node.node || replicas.some((replica) => replica.node === node.node),
  );
  const isPrimary = isSameLife(shard?.primary, node);
  const version = topology?.version ?? 0;
  return {
    node: node.node,
    incarnation: node.incarnation,
    address: `${node.host}:${node.port}`,
    nuthatch: '0.1.0',
    zone: node.zone,
    holdsData: node.holdsData,
    ...(topology && { clusterId: topology.clusterId }),
    wallMs: Date.now(),
    role: topology?.voters[0] === node.node ? 'leader' : 'follower',
    term: topology === undefined ? 0 : 3,
    version,
    acceptedVersion: version,
    members: (topology?.nodes ?? [node]).map((one) => ({
      node: one.node,
      incarnation: one.incarnation,
      address: `${one.host}:${one.port}`,
      state: 'alive',
    })),
    ...(shard && {
      copy: {
        shard: shard.id,
        epoch: shard.epoch,
        role: isPrimary ? 'primary' : 'replica',
        leaseLeftMs: isPrimary ? 1200 : 0,
        offset: 500,
        confirmed: isPrimary ? 500 : 0,
        staleMs: 0,
        followers: isPrimary
          ? shard.replicas.map((one) => ({ node: one.node, offset: 500, lagMs: 12, isInSync: one.isInSync }))
          : [],
      },
    }),
    timeline: [],
  };
}

export interface ViewChanges {
  readonly away?: readonly number[];
  /** By the number of the node. */
  readonly says?: Readonly<Record<number, Partial<ClusterStatus>>>;
  readonly skewMs?: Readonly<Record<number, number>>;
  readonly timelines?: Readonly<Record<number, readonly TimelineEntry[]>>;
}

/** What is seen of such a cluster; nodes are numbered from 1, in the order of the topology. */
export function viewOf(
  topology: Topology | undefined,
  nodes: readonly TopologyNode[],
  changes: ViewChanges = {},
): ClusterView {
  return {
    topology,
    nodes: nodes.map((node, at): NodeReport => {
      const i = at + 1;
      const plain = {
        node: node.node,
        address: `${node.host}:${node.port}`,
        skewMs: changes.skewMs?.[i] ?? 0,
        skewErrorMs: 1,
        asked: 1,
      };
      if (changes.away?.includes(i)) return { ...plain, status: undefined, problem: 'nothing listens there' };
      const timeline = changes.timelines?.[i] ?? [];
      return { ...plain, status: { ...wellStatus(node, topology), timeline, ...changes.says?.[i] } };
    }),
  };
}

/** Servers on free ports of this machine, one for each node. */
export class FakeCluster {
  topology: Topology | undefined;
  readonly nodes: TopologyNode[] = [];
  /** What was asked of nodes but how they are, with the number of the node. */
  readonly commands: string[] = [];
  /** Called with each such command; what it returns is the reply: '+OK', '-ERR ...'. */
  onCommand: (node: number, words: readonly string[]) => string = () => '+OK';
  /** Numbers of nodes that do not take connections. */
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  static async start(count: number): Promise<FakeCluster> {
    const cluster = new FakeCluster();
    for (let i = 1; i <= count; i++) await cluster.#add(i);
    return cluster;
  }

  /** The node is gone for who asks it. */
  stop(i: number): void {
    this.#servers[i - 1].close();
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #add(i: number): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      const reader = ReplyReader.ofBytes();
      socket.on('data', (chunk: Buffer) => {
        reader.feed(new Block(chunk), 0, chunk.length);
        let result = reader.next();
        for (; result === READY; result = reader.next()) {
          const words = (reader.reply as Uint8Array[]).map((word) => Buffer.from(word).toString());
          socket.write(this.#answer(i, words));
        }
        if (result !== NEED_MORE) socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    this.#servers.push(server);
    this.nodes.push(nodeNamed(i, { host: '127.0.0.1', port, busPort: i }));
  }

  #answer(i: number, words: readonly string[]): string {
    const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
    const name = words.join(' ').toUpperCase();
    if (name === 'CLUSTER STATUS') return bulk(JSON.stringify(wellStatus(this.nodes[i - 1], this.topology)));
    if (name === 'CLUSTER TOPOLOGY') {
      const text = this.topology && encodeTopology(this.topology);
      return text === undefined
        ? '$-1\r\n'
        : `*4\r\n${bulk('version')}:1\r\n${bulk('topology')}${bulk(text)}`;
    }
    if (name === 'CLUSTER INFO') return bulk(`cluster_state:${this.topology ? 'ok' : 'fail'}\r\n`);
    this.commands.push(`${i}: ${words.join(' ')}`);
    return `${this.onCommand(i, words)}\r\n`;
  }
}
