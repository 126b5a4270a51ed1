/**
 * The streams of replication of a node: one to each node that it sends to, one from each that sends to it, for messages go one way.
 *
 *   send(n2, m)        ─> sender ─> stream of the bus ─> n2: message({n2's sender, its life}, m)
 *   a stream opened    ─> receiver: first who sends, then messages
 *
 * A newer stream from a node takes the place of its older one. What comes is handed on at once while there is room behind; a node
 * that floods this one beyond what any window allows loses its stream.
 */
import type { Duplex } from 'node:stream';
import { Backoff, type BackoffShape, type RandomSource } from '../../base/index.js';
import type { Incarnation, NodeId, NodeLife } from '../../ring/index.js';
import { BusTrouble } from '../bus/trouble.js';
import type { Log } from '../options.js';
import type { StreamStatus } from './mind-status.js';
import { MAX_REPLICATION_BYTES, MessageReader, readHello, writeHello } from './replication-frames.js';
import { ReplicationSender } from './replication-sender.js';

/** A node has a primary or some replicas; after changes of roles some more for a while. */
const MAX_STREAMS = 64;
/** Who was told of in the log, so that it is told once. */
const MAX_TOLD = 1_024;
const REOPEN: BackoffShape = { firstMs: 100, maxMs: 1_000, jitter: 'equal' };

export interface StreamsOptions {
  readonly life: Incarnation;
  readonly cluster: () => string | undefined;
  readonly open: (to: NodeId) => Promise<Duplex>;
  readonly random: RandomSource;
  readonly log: Log;
  /** Takes a message, which is given away; false: there is no room. */
  readonly take: (from: NodeLife, message: Uint8Array<ArrayBuffer>) => boolean;
  /** Since the last tick more has come of a message that is not whole yet. */
  readonly arriving: (from: NodeLife) => void;
}

interface Receiver {
  readonly stream: Duplex;
  readonly reader: MessageReader;
  /** Undefined until it has said. */
  life: NodeLife | undefined;
  /** Something has come since the last tick. */
  isArriving: boolean;
}

export class ReplicationStreams {
  readonly #options: StreamsOptions;
  readonly #senders = new Map<NodeId, ReplicationSender>();
  readonly #receivers = new Map<NodeId, Receiver>();
  readonly #told = new Map<NodeId, string>();

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** The message is given away. It may be lost. */
  send(to: NodeId, message: Uint8Array): void {
    const { open, life, cluster, random } = this.#options;
    const clusterId = cluster();
    if (clusterId === undefined || message.length > MAX_REPLICATION_BYTES) return;
    let sender = this.#senders.get(to);
    if (sender === undefined) {
      if (this.#senders.size >= MAX_STREAMS) return;
      const hello = (): Uint8Array => writeHello({ life, cluster: clusterId });
      sender = new ReplicationSender(to, () => open(to), hello, new Backoff(REOPEN, random));
      this.#senders.set(to, sender);
    }
    sender.send(message);
  }

  /** A node has opened a stream to this one. */
  accept(from: NodeId, stream: Duplex): void {
    this.#forget(from, this.#receivers.get(from));
    const [oldest] = this.#receivers;
    if (this.#receivers.size >= MAX_STREAMS && oldest !== undefined) this.#forget(...oldest);
    const receiver: Receiver = { stream, reader: new MessageReader(), life: undefined, isArriving: false };
    this.#receivers.set(from, receiver);
    stream.on('data', (chunk: Buffer) => this.#receive(from, receiver, chunk));
    stream.on('end', () => this.#forget(from, receiver));
    stream.on('close', () => this.#forget(from, receiver));
  }

  tick(nowMs: number): void {
    for (const [to, sender] of this.#senders) {
      sender.tick(nowMs);
      if (!sender.isIdle(nowMs)) continue;
      sender.close();
      this.#senders.delete(to);
    }
    for (const receiver of this.#receivers.values()) {
      const { life, isArriving, reader } = receiver;
      receiver.isArriving = false;
      if (life !== undefined && isArriving && reader.gatheredBytes > 0) this.#options.arriving(life);
    }
  }

  close(): void {
    for (const sender of this.#senders.values()) sender.close();
    this.#senders.clear();
    for (const [from, receiver] of this.#receivers) this.#forget(from, receiver);
  }

  get statuses(): readonly StreamStatus[] {
    const to = [...this.#senders.values()].map(
      ({ to: node, isOpen, queuedBytes }): StreamStatus => ({ node, direction: 'to', isOpen, queuedBytes }),
    );
    const from = [...this.#receivers].map(([node, { reader, life }]): StreamStatus => {
      return { node, direction: 'from', isOpen: life !== undefined, queuedBytes: reader.gatheredBytes };
    });
    return [...to, ...from];
  }

  #receive(from: NodeId, receiver: Receiver, chunk: Buffer): void {
    if (this.#receivers.get(from) !== receiver) return;
    try {
      receiver.isArriving = true;
      receiver.reader.push(chunk);
      for (;;) {
        const message = receiver.reader.next();
        if (message === undefined) break;
        if (receiver.life === undefined) receiver.life = this.#lifeOf(from, message);
        else if (!this.#options.take(receiver.life, message))
          throw new BusTrouble('full', 'it sends more than is taken here');
      }
      // One whole message of somebody fits; all together may wait for no more than that.
      if (this.#gatheredBytes > MAX_REPLICATION_BYTES) throw new BusTrouble('full', 'of large messages');
    } catch (error) {
      if (!(error instanceof BusTrouble)) throw error;
      this.#tell(from, error);
      this.#forget(from, receiver);
    }
  }

  #lifeOf(node: NodeId, message: Uint8Array): NodeLife {
    const { life, cluster } = readHello(message);
    const own = this.#options.cluster();
    // Who belongs to none yet will hear of it soon; then it comes again.
    if (own !== cluster) throw new BusTrouble('cluster');
    return { node, incarnation: life };
  }

  /** Once for each node and reason. */
  #tell(from: NodeId, why: BusTrouble): void {
    const { log } = this.#options;
    if (this.#told.get(from) === why.code) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(from, why.code);
    log.warn(`a stream of replication from ${from} is ended, to begin anew: ${why.message}`);
  }

  get #gatheredBytes(): number {
    let bytes = 0;
    for (const { reader } of this.#receivers.values()) bytes += reader.gatheredBytes;
    return bytes;
  }

  #forget(from: NodeId, receiver: Receiver | undefined): void {
    if (receiver === undefined || this.#receivers.get(from) !== receiver) return;
    this.#receivers.delete(from);
    receiver.stream.destroy();
  }
}
