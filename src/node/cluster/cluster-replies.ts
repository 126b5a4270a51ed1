/**
 * What CLUSTER answers on a node of a cluster, laid out once for each topology: after a failover every client asks at once.
 *
 * SLOTS and SHARDS are the same bytes on all nodes, range by range, since some clients ask several nodes and believe what
 * most of them say. NODES differs in the word `myself`, LINKS in who is not in it. Offsets are 0 and times of pings too: they are never the same on
 * two nodes; INFO and ROLE tell the own ones.
 *
 * Before a node has heard of a topology it lists itself alone, without slots.
 */
import { Block } from '../../base/index.js';
import { freshBlocks, ReplyWriter } from '../../resp/index.js';
import { encodeTopology, type TopologyNode, topologyHash } from '../../ring/index.js';
import { type Home, nodeIdOf, shardIdOf, type TopologyView } from './topology-view.js';

/** A reply, whole. */
type Bytes = Block;

/** First size of a reply that is laid out. */
const INITIAL_BYTES = 16 * 1024;

export class ClusterReplies {
  readonly #view: TopologyView | undefined;
  readonly #self: TopologyNode;
  readonly #laidOut = new Map<string, Bytes>();

  constructor(self: TopologyNode, view: TopologyView | undefined) {
    this.#self = self;
    this.#view = view;
  }

  slots(out: ReplyWriter): void {
    this.#write(out, 'slots', (reply) => {
      const ranges = (this.#view?.homes ?? []).flatMap((home) =>
        home.ranges.map((range) => ({ home, range })),
      );
      // In the order of the slots, as Redis does.
      ranges.sort((a, b) => a.range[0] - b.range[0]);
      reply.array(ranges.length);
      for (const { home, range } of ranges) {
        // Whoever is taken for dead serves no reads.
        const replicas = home.replicas.filter(({ node }) => !this.#isDead(node));
        reply.array(3 + replicas.length);
        reply.integer(range[0]);
        reply.integer(range[1]);
        for (const node of [home.listed, ...replicas]) {
          reply.array(4);
          reply.bulkText(node.host);
          reply.integer(node.port);
          reply.bulkText(nodeIdOf(node.node));
          reply.map(0);
        }
      }
    });
  }

  shards(out: ReplyWriter): void {
    this.#write(out, 'shards', (reply) => {
      const homes = this.#view?.homes ?? [];
      reply.array(homes.length);
      for (const home of homes) this.#shard(reply, home);
    });
  }

  nodes(out: ReplyWriter): void {
    this.#write(out, 'nodes', (reply) => reply.verbatim('txt', `${this.#lines().join('\n')}\n`));
  }

  /** The replicas of a node, a line each; undefined: there is no such node. */
  replicasOf(id: string): readonly string[] | undefined {
    const nodes = this.#view?.topology.nodes ?? [this.#self];
    const node = nodes.find((one) => nodeIdOf(one.node) === id);
    if (node === undefined) return undefined;
    const homes = this.#view?.homes.filter(({ listed }) => listed === node) ?? [];
    return homes.flatMap((home) => home.replicas.map((replica) => this.#line(replica)));
  }

  links(out: ReplyWriter): void {
    this.#write(out, 'links', (reply) => {
      const others =
        this.#view?.topology.nodes.filter(({ node }) => node !== this.#self.node && !this.#isDead(node)) ??
        [];
      reply.array(others.length);
      for (const { node } of others) {
        reply.map(6);
        text(reply, 'direction', 'to');
        text(reply, 'node', nodeIdOf(node));
        number(reply, 'create-time', 0);
        text(reply, 'events', 'rw');
        number(reply, 'send-buffer-allocated', 0);
        number(reply, 'send-buffer-used', 0);
      }
    });
  }

  /** Our own: the whole topology, for our client and tools. Nil before one is known. */
  topology(out: ReplyWriter): void {
    this.#write(out, 'topology', (reply) => {
      const topology = this.#view?.topology;
      if (topology === undefined) {
        reply.nil();
        return;
      }
      reply.map(3);
      number(reply, 'version', topology.version);
      text(reply, 'hash', topologyHash(topology));
      text(reply, 'topology', encodeTopology(topology));
    });
  }

  #write(out: ReplyWriter, name: string, layOut: (reply: ReplyWriter) => void): void {
    const key = `${name} ${out.protocol}`;
    let bytes = this.#laidOut.get(key);
    if (bytes === undefined) {
      const reply = new ReplyWriter(freshBlocks, INITIAL_BYTES);
      reply.protocol = out.protocol;
      layOut(reply);
      bytes = new Block(reply.written().slice());
      this.#laidOut.set(key, bytes);
    }
    out.raw(bytes, 0, bytes.bytes.length);
  }

  #shard(reply: ReplyWriter, home: Home): void {
    reply.map(2);
    reply.bulkText('slots');
    reply.array(2 * home.ranges.length);
    for (const range of home.ranges) for (const slot of range) reply.integer(slot);
    reply.bulkText('nodes');
    const nodes = [home.listed, ...home.replicas];
    reply.array(nodes.length);
    for (const node of nodes) {
      reply.map(7);
      text(reply, 'id', nodeIdOf(node.node));
      number(reply, 'port', node.port);
      text(reply, 'ip', node.host);
      text(reply, 'endpoint', node.host);
      text(reply, 'role', node === home.listed ? 'master' : 'replica');
      number(reply, 'replication-offset', 0);
      text(reply, 'health', this.#isDead(node.node) ? 'fail' : 'online');
    }
  }

  #lines(): string[] {
    return (this.#view?.topology.nodes ?? [this.#self]).map((node) => this.#line(node));
  }

  /** `id host:port@busPort flags primary ping pong epoch link ranges` */
  #line(node: TopologyNode): string {
    const homes = this.#view?.homes ?? [];
    const listing = homes.filter(({ listed }) => listed.node === node.node);
    const followed = homes.find(({ replicas }) => replicas.some((replica) => replica.node === node.node));
    const isDead = this.#isDead(node.node);
    const isReplica = listing.length === 0 && followed !== undefined;
    const flags = [
      ...(node.node === this.#self.node ? ['myself'] : []),
      isReplica ? 'slave' : 'master',
      ...(isDead ? ['fail'] : []),
    ];
    const primary = isReplica ? nodeIdOf(followed.listed.node) : '-';
    const epoch = (listing[0] ?? followed)?.shard.epoch ?? 0;
    const ranges = listing.flatMap((home) => home.ranges);
    return [
      nodeIdOf(node.node),
      `${node.host}:${node.port}@${node.busPort}`,
      flags.join(),
      primary,
      '0 0',
      epoch,
      isDead ? 'disconnected' : 'connected',
      ...ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)),
    ].join(' ');
  }

  #isDead(node: string): boolean {
    return this.#view?.deadNodes.has(node) === true;
  }
}

/** Of this node's shard; of a node without one, its own. */
export function ownShardId(self: TopologyNode, view: TopologyView | undefined): string {
  return view?.own === undefined
    ? nodeIdOf(self.node)
    : shardIdOf(view.topology.clusterId, view.own.shard.id);
}

function text(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name);
  reply.bulkText(value);
}

function number(reply: ReplyWriter, name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(value);
}
