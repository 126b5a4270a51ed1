/**
 * The streams of a node for one kind of messages (stream-form.ts): one to each node that it sends to, one from each that sends to it, for messages
 * go one way.
 *
 *   send(n2, m)        ─> sender ─> stream of the bus ─> n2: message({n2's sender, its life}, m)
 *   a stream opened    ─> receiver: first who sends, then messages
 *
 * A newer stream from a node takes the place of its older one. What comes is handed on at once while there is room behind; a node
 * that floods this one beyond what its form allows loses its stream.
 */
import type { Duplex } from 'node:stream';
import { Backoff, type BackoffShape, type RandomSource } from '../../base/index.js';
import type { Incarnation, NodeId, NodeLife } from '../../ring/index.js';
import { BusTrouble } from '../bus/trouble.js';
import type { Log } from '../options.js';
import { MessageReader, readHello, writeHello } from './message-frames.js';
import { MessageSender } from './message-sender.js';
import type { StreamStatus } from './mind-status.js';
import type { StreamForm } from './stream-form.js';
import { Turns } from './turns.js';

/** Who was told of in the log, so that it is told once. */
const MAX_TOLD = 1_024;
const REOPEN: BackoffShape = { firstMs: 100, maxMs: 1_000, jitter: 'equal' };

export interface StreamsOptions {
  readonly form: StreamForm;
  readonly life: Incarnation;
  readonly cluster: () => string | undefined;
  readonly open: (to: NodeId) => Promise<Duplex>;
  readonly random: RandomSource;
  readonly log: Log;
  /** Takes a message, which is given away; false: there is no room. */
  readonly take: (from: NodeLife, message: Uint8Array<ArrayBuffer>) => boolean;
  /** Since the last tick more has come of a message that is not whole yet. */
  readonly arriving: (from: NodeLife) => void;
  /** Of a message that was given away: one of its ways needs it no more, since it is sent, or dropped. */
  readonly settled: (message: Uint8Array, isSent: boolean) => void;
}

interface Receiver {
  readonly stream: Duplex;
  readonly reader: MessageReader;
  /** Undefined until it has said. */
  life: NodeLife | undefined;
  /** Something has come since the last tick. */
  isArriving: boolean;
}

export class MessageStreams {
  readonly #options: StreamsOptions;
  readonly #senders = new Map<NodeId, MessageSender>();
  readonly #receivers = new Map<NodeId, Receiver>();
  readonly #told = new Map<NodeId, string>();
  readonly #turns: Turns;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#turns = new Turns(options.form.turnBytes);
  }

  /** The message is given away. It may be lost. */
  send(to: NodeId, message: Uint8Array): void {
    const sender = message.length > this.#options.form.maxMessageBytes ? undefined : this.#senderTo(to);
    if (sender === undefined) this.#options.settled(message, false);
    else sender.send(message);
  }

  /** A node has opened a stream to this one. */
  accept(from: NodeId, stream: Duplex): void {
    const { maxStreams, maxMessageBytes } = this.#options.form;
    this.#forget(from, this.#receivers.get(from));
    const [oldest] = this.#receivers;
    if (this.#receivers.size >= maxStreams && oldest !== undefined) this.#forget(...oldest);
    const reader = new MessageReader(maxMessageBytes);
    const receiver: Receiver = { stream, reader, life: undefined, isArriving: false };
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

  #senderTo(to: NodeId): MessageSender | undefined {
    const { form, open, life, cluster, random, settled } = this.#options;
    const clusterId = cluster();
    if (clusterId === undefined) return undefined;
    const known = this.#senders.get(to);
    if (known !== undefined || this.#senders.size >= form.maxStreams) return known;
    const sender = new MessageSender({
      to,
      open: () => open(to),
      hello: () => writeHello({ life, cluster: clusterId }),
      backoff: new Backoff(REOPEN, random),
      maxQueuedBytes: form.maxQueuedBytes,
      turns: this.#turns,
      settled,
    });
    this.#senders.set(to, sender);
    return sender;
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
      if (this.#gatheredBytes > this.#options.form.maxGatheredBytes)
        throw new BusTrouble('full', 'of large messages');
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
    const { log, form } = this.#options;
    if (this.#told.get(from) === why.code) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(from, why.code);
    log.warn(`a stream of ${form.name} from ${from} is ended, to begin anew: ${why.message}`);
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
