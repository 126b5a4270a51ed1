/**
 * The bus: how nodes speak to each other. It promises nothing about a message but that it is whole, from whom it says, and after those
 * that this node sent before it on the same connection; it may be lost. (What the machines of src/cluster expect of a network.)
 *
 *   send(n2, m)          ─> link to n2 ─> queue ─> connection that we dialed ─────> n2: message(n1, m)
 *   send(@h:p, m)        ─> link to @h:p ─> greeted: it is n2 ─> from now on the link to n2
 *   message(n2, m)       <─────────────────────── connection that n2 dialed
 *   openStream(n2, what) ─> a connection of its own ─> n2: stream(n1, bytes, what)
 *
 * One connection for each direction, dialed by who speaks on it: two nodes that dial at once are no special case, a queue, a backoff
 * and a connection have one owner, and that both can be reached is found out at once. It costs a second socket for each pair.
 *
 * Without a secret it listens on the loopback alone. Time comes with `tick`, every 50 ms or so.
 */
import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Backoff, type BackoffShape, type RandomSource } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import { addressText, isLoopback } from '../addresses.js';
import type { Log } from '../options.js';
import { ByteStream } from './byte-stream.js';
import { Channel, type ChannelEvents } from './channel.js';
import type { ClusterSecret } from './cluster-secret.js';
import { type Frame, FrameType, MAX_MESSAGE_BYTES } from './frame.js';
import { Handshake, type Introduction, type Purpose, type StreamPurpose } from './handshake.js';
import { Link } from './link.js';
import type { SharedBytes } from './outgoing-queue.js';
import { BusTrouble } from './trouble.js';

/** The largest cluster has 1,000 nodes, each at its id and perhaps at an address. */
const MAX_LINKS = 2_048;
/** Of all nodes their messages and publications, and of some replication. */
const MAX_INCOMING = 4_096;
/** Connections of nobody yet; beyond them the oldest goes, since an honest greeting takes milliseconds. */
const MAX_GREETING = 128;
/** Who was told of in the log, so that it is told once. */
const MAX_TOLD = 1_024;
/** So few addresses does a node have. */
const MAX_OWN_ADDRESSES = 64;

const REDIAL: BackoffShape = { firstMs: 100, maxMs: 3_000, jitter: 'equal' };

export interface BusEvents {
  /** A JSON object of that node, of whatever form. */
  message(from: NodeId, message: object): void;
  stream(from: NodeId, stream: ByteStream, purpose: StreamPurpose): void;
}

export interface BusOptions {
  readonly node: NodeId;
  readonly secret: ClusterSecret;
  readonly random: RandomSource;
  readonly log: Log;
  /** The cluster that this node belongs to, once it does. */
  readonly cluster: () => string | undefined;
  /** HOST:PORT of a node's bus, if it is known. */
  readonly addressOf: (node: NodeId) => string | undefined;
  readonly events: BusEvents;
}

export interface BusAddress {
  /** Where it listens. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** The host by which others reach it. */
  readonly announced: string;
}

export class Bus {
  readonly #options: BusOptions;
  readonly #instance = randomBytes(8).toString('hex');
  readonly #server: Server;
  readonly #links = new Map<string, Link>();
  readonly #shared: SharedBytes = { bytes: 0 };
  readonly #greeting = new Set<Channel>();
  /** Connections that others dialed, and streams. */
  readonly #channels = new Set<Channel>();
  /** Of each node the connection on which it speaks, and where it says it is. */
  readonly #speakers = new Map<NodeId, { readonly channel: Channel; readonly address: string }>();
  readonly #ownAddresses = new Set<string>();
  readonly #told = new Map<string, string>();
  #address = '';
  #isClosed = false;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Resolves with the port. Rejects with the system's error, or if strangers could reach a bus without a secret. */
  async listen({ host, port, announced }: BusAddress): Promise<number> {
    if (!this.#options.secret.isGiven && !isLoopback(host)) {
      throw new Error(
        `the bus does not listen on ${host} without a cluster secret, since anybody who reaches it could take over the cluster: ` +
          'give all nodes the same secret (openssl rand -hex 32), or listen on 127.0.0.1',
      );
    }
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => resolve(void server.off('error', reject)));
    });
    server.on('error', (error) => this.#options.log.error(`accepting a node failed: ${error.message}`));
    const bound = server.address();
    const actual = bound !== null && typeof bound === 'object' ? bound.port : port;
    this.#address = addressText(announced, actual);
    return actual;
  }

  /** What waits in memory for all peers together. */
  get queuedBytes(): number {
    return this.#shared.bytes;
  }

  /** The ways of messages to others, each once. */
  get links(): readonly Link[] {
    return [...new Set(this.#links.values())];
  }

  /** To a node, or to whoever is at '@HOST:PORT'. What cannot be sent is dropped. */
  send(to: NodeId, message: object): void {
    if (this.#isClosed || to === this.#options.node || this.#ownAddresses.has(to)) return;
    const body = Buffer.from(JSON.stringify(message));
    if (body.length > MAX_MESSAGE_BYTES) {
      this.#options.log.error(
        `a message of ${body.length} bytes to ${to} is dropped: it has at most ${MAX_MESSAGE_BYTES}`,
      );
      return;
    }
    this.#linkTo(to)?.send(body);
  }

  /** A stream to that node; rejects with BusTrouble if it is not reached. */
  openStream(to: NodeId, purpose: StreamPurpose): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      let stream: ByteStream | undefined;
      const channel = this.#dial(to, purpose, {
        opened: () => {
          stream = new ByteStream(channel as Channel);
          resolve(stream);
        },
        frame: (frame) => stream?.frame(frame),
        drained: () => stream?.drained(),
        closed: (why) => {
          if (channel !== undefined) this.#channels.delete(channel);
          stream?.lost(why);
          reject(why);
        },
      });
      if (channel === undefined) reject(new BusTrouble('lost', `nobody knows where ${to} is`));
      else this.#channels.add(channel);
    });
  }

  tick(nowMs: number): void {
    for (const link of this.links) {
      link.tick(nowMs);
      if (link.isIdle) this.#forget(link);
    }
    for (const channel of [...this.#greeting, ...this.#channels]) channel.tick(nowMs);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const why = new BusTrouble('lost', 'the node ends');
    for (const link of this.#links.values()) link.close(why);
    for (const channel of [...this.#greeting, ...this.#channels]) channel.close(why);
    await closed;
  }

  // -- who we speak to

  #linkTo(target: string): Link | undefined {
    const known = this.#links.get(target);
    if (known !== undefined || this.#links.size >= MAX_LINKS) return known;
    const link = new Link(target, this.#shared, new Backoff(REDIAL, this.#options.random), {
      dial: (dialing, events) => this.#dial(dialing.target, 'messages', events),
      opened: (dialed, { node }) => this.#learn(dialed, node),
      failed: (dialed, why) => this.#fail(dialed, why),
    });
    this.#links.set(target, link);
    return link;
  }

  #dial(target: string, purpose: Purpose, events: ChannelEvents): Channel | undefined {
    const address = target.startsWith('@') ? target.slice(1) : this.#addressOf(target);
    const place = address === undefined ? undefined : parseAddress(address);
    if (place === undefined || this.#isClosed) return undefined;
    const to = target.startsWith('@') ? undefined : target;
    const handshake = new Handshake('dialer', this.#options.secret, this.#introduction(purpose, to));
    return new Channel(connect(place), handshake, events);
  }

  #addressOf(node: NodeId): string | undefined {
    return this.#options.addressOf(node) ?? this.#speakers.get(node)?.address;
  }

  /** Who is at an address that was dialed: the link is his from now on. Of two the newer stays, as at the other end. */
  #learn(link: Link, node: NodeId): void {
    const address = link.target;
    this.#told.delete(address);
    if (address === node) return;
    const older = this.#links.get(node);
    link.target = node;
    link.aliases.add(address);
    if (older !== undefined) {
      link.take(older.queue);
      this.#forget(older);
      older.close(new BusTrouble('lost', 'it was dialed again'));
    }
    this.#links.set(node, link);
  }

  /** After a loss another node may be at its addresses. */
  #fail(link: Link, why: BusTrouble): void {
    for (const alias of link.aliases) this.#links.delete(alias);
    link.aliases.clear();
    if (why.code === 'self' && this.#ownAddresses.size < MAX_OWN_ADDRESSES)
      this.#ownAddresses.add(link.target);
    this.#tell(link.target, why);
  }

  #forget(link: Link): void {
    for (const name of [link.target, ...link.aliases]) {
      if (this.#links.get(name) === link) this.#links.delete(name);
    }
  }

  // -- who speaks to us

  #accept(socket: Socket): void {
    const from = `${socket.remoteAddress ?? 'somebody'}`;
    if (this.#channels.size >= MAX_INCOMING) {
      socket.destroy();
      this.#tell(from, new BusTrouble('full'));
      return;
    }
    const handshake = new Handshake(
      'acceptor',
      this.#options.secret,
      this.#introduction('messages', undefined),
    );
    let receive: ((frame: Frame) => void) | undefined;
    let stream: ByteStream | undefined;
    const channel: Channel = new Channel(socket, handshake, {
      opened: (peer) => {
        this.#greeting.delete(channel);
        this.#channels.add(channel);
        this.#told.delete(from);
        if (peer.purpose === 'messages') {
          this.#hear(peer, channel);
          receive = (frame) => this.#receive(peer.node, channel, frame);
        } else {
          stream = new ByteStream(channel);
          receive = (frame) => stream?.frame(frame);
          this.#options.events.stream(peer.node, stream, peer.purpose);
        }
      },
      frame: (frame) => receive?.(frame),
      drained: () => stream?.drained(),
      closed: (why) => {
        this.#greeting.delete(channel);
        this.#channels.delete(channel);
        for (const [node, one] of this.#speakers) if (one.channel === channel) this.#speakers.delete(node);
        stream?.lost(why);
        this.#tell(from, why);
      },
    });
    this.#greeting.add(channel);
    const [oldest] = this.#greeting;
    if (this.#greeting.size > MAX_GREETING) oldest?.close(new BusTrouble('full'));
  }

  /** A node speaks on one connection; that of its earlier life, or the half of one that broke, is over. */
  #hear({ node, address }: Introduction, channel: Channel): void {
    const older = this.#speakers.get(node);
    this.#speakers.set(node, { channel, address });
    older?.channel.close(new BusTrouble('lost', 'it has dialed again'));
  }

  #receive(from: NodeId, channel: Channel, { type, body }: Frame): void {
    const message = type === FrameType.MESSAGE ? parseObject(body) : undefined;
    if (message === undefined) {
      channel.close(new BusTrouble('garbage', `a frame of type ${type} that is no message, of ${from}`));
    } else this.#options.events.message(from, message);
  }

  #introduction(purpose: Purpose, to: NodeId | undefined): Introduction {
    const { node, cluster } = this.#options;
    return { node, instance: this.#instance, address: this.#address, cluster: cluster(), purpose, to };
  }

  /** Once for each peer and reason, until it is well again; that nodes come and go is told by the membership. */
  #tell(peer: string, why: BusTrouble): void {
    const { log } = this.#options;
    const isUsual = why.code === 'lost' || why.code === 'silent' || why.code === 'self';
    const text = `no connection with ${peer.replace(/^@/, '')}: ${why.message}`;
    if (isUsual) log.debug(text);
    if (isUsual || this.#told.get(peer) === why.code) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(peer, why.code);
    log.warn(text);
  }
}

/** 'host:6379', '[::1]:6379'. */
function parseAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  if (host === '' || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

function parseObject(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
