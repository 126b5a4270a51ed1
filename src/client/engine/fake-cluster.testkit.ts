/**
 * Nodes of a cluster that say what a test tells them: a topology, and to each command about a key whatever the test wants.
 *
 *   const cluster = await FakeCluster.start(2);
 *   cluster.agree(topology);                         all nodes tell of it
 *   cluster.nodes[0].answer = (words) => reply       RESP; undefined: the node does not answer
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Block } from '../../base/index.js';
import { bulkText, READY, type Reply, ReplyReader } from '../../resp/index.js';
import {
  encodeTopology,
  firstTopology,
  isRefusal,
  type Shard,
  type Topology,
  topologyDefaults,
} from '../../ring/index.js';

const OK = '+OK\r\n';
const PONG = '+PONG\r\n';

export const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
export const array = (...items: readonly (string | number | null)[]): string =>
  `*${items.length}\r\n${items.map((item) => (typeof item === 'string' ? bulk(item) : item === null ? '_\r\n' : `:${item}\r\n`)).join('')}`;

export class FakeNode {
  readonly port: number;
  /** Commands about keys that have come. */
  readonly asked: string[] = [];
  answer: (words: readonly string[]) => string | undefined = () => array('miss');
  /** What LEASE.PUSHES is answered. */
  pushes: number | null = 0;
  mode: 'cluster' | 'standalone' = 'cluster';
  topology: Topology | undefined;
  /** Set, PING is answered only by `answerPings`. */
  holdsPings = false;
  /** How often it was asked for its topology. */
  topologyReads = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscribed = new Set<Socket>();
  #pinged: Socket[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (socket: Socket) => this.#serve(socket));
  }

  static async start(): Promise<FakeNode> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
    return new FakeNode(server, address.port);
  }

  /** Tells all who asked for it that it has learnt of its topology. */
  pushTopology(): void {
    for (const socket of this.#subscribed)
      socket.write(`>2\r\n${bulk('topology')}:${this.topology?.version ?? 0}\r\n`);
  }

  get heldPings(): number {
    return this.#pinged.length;
  }

  answerPings(): void {
    for (const socket of this.#pinged.splice(0)) socket.write(PONG);
  }

  /** All its connections end, and no new ones can be made. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#subscribed.delete(socket);
    });
    const reader = ReplyReader.of(bulkText);
    socket.on('data', (chunk: Buffer) => {
      reader.feed(new Block(chunk), 0, chunk.length);
      while (reader.next() === READY) {
        const words = (reader.reply as Reply<string>[]).map(String);
        if (words[2] === 'PUSH') this.#subscribed.add(socket);
        const isHeld = words[0] === 'PING' && this.holdsPings;
        if (isHeld) this.#pinged.push(socket);
        const reply = isHeld ? undefined : this.#reply(words);
        if (reply !== undefined) socket.write(reply);
      }
    });
  }

  #reply(words: readonly string[]): string | undefined {
    switch (words[0]) {
      case 'HELLO':
        return `%4\r\n${bulk('version')}${bulk('7.4.0')}${bulk('proto')}:3\r\n${bulk('mode')}${bulk(this.mode)}${bulk('role')}${bulk('master')}`;
      case 'CLIENT':
      case 'READONLY':
        return OK;
      case 'PING':
        return PONG;
      case 'INFO':
        return bulk(
          `redis_version:7.4.0\r\nnuthatch_version:0.1.0\r\n${this.topology === undefined ? '' : `nuthatch_cluster_id:${this.topology.clusterId}\r\n`}`,
        );
      case 'SUBSCRIBE':
        return `>3\r\n${bulk('subscribe')}${bulk(words[1])}:1\r\n`;
      case 'PUBLISH':
        return ':1\r\n';
      case 'PUBSUB':
        return array(words[2], 1);
      case 'LEASE.PUSHES':
        return this.pushes === null ? '_\r\n' : `:${this.pushes}\r\n`;
      case 'CLUSTER':
        if (words[2] === 'PUSH') return `:${this.topology?.version ?? 0}\r\n`;
        return words[1] === 'INFO' ? this.#info() : this.#topology();
      default:
        this.asked.push(words.join(' '));
        return this.answer(words);
    }
  }

  #info(): string {
    const { topology } = this;
    return bulk(topology === undefined ? '' : `cluster_topology_version:${topology.version}\r\n`);
  }

  #topology(): string {
    const { topology } = this;
    this.topologyReads++;
    if (topology === undefined) return '_\r\n';
    return `%2\r\n${bulk('version')}:${topology.version}\r\n${bulk('topology')}${bulk(encodeTopology(topology))}`;
  }
}

export class FakeCluster {
  readonly nodes: readonly FakeNode[];

  private constructor(nodes: readonly FakeNode[]) {
    this.nodes = nodes;
  }

  static async start(count: number): Promise<FakeCluster> {
    return new FakeCluster(await Promise.all(Array.from({ length: count }, () => FakeNode.start())));
  }

  /** One shard: the first node is its primary, the others its replicas. */
  first(clusterId = 'fake'): Topology {
    const nodes = this.nodes.map(({ port }, i) => ({
      node: `n-${i}`,
      incarnation: '1-a',
      host: '127.0.0.1',
      port,
      busPort: i + 1,
      zone: '',
      holdsData: true,
    }));
    const replicasPerShard = nodes.length - 1;
    const made = firstTopology({
      clusterId,
      nodes,
      shards: 1,
      replicasPerShard,
      ...topologyDefaults,
    });
    if (isRefusal(made)) throw new Error(made.refused);
    return made;
  }

  agree(topology: Topology): void {
    for (const node of this.nodes) node.topology = topology;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/** The next version, in which the node with this number is primary and the others follow. */
export function withPrimary(topology: Topology, primary: number): Topology {
  const shards = topology.shards.map((shard): Shard => {
    const lives = topology.nodes.map(({ node, incarnation }) => ({ node, incarnation }));
    const replicas = lives.filter((_, i) => i !== primary).map((life) => ({ ...life, isInSync: true }));
    return { ...shard, epoch: shard.epoch + 1, primary: lives[primary], replicas };
  });
  return { ...topology, version: topology.version + 1, shards };
}
