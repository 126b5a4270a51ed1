/**
 * The mind of a node as the main thread has it: a worker thread with bus, meta folder, membership, register, promises and write lease,
 * which a busy main thread does not stop, and the handle on it.
 *
 *   start ──> MindThread ──close──> left the cluster, bus and folder closed
 *     └ rejects: folder refused, port taken, no secret      └ the worker dies: `onDeath`, and no lease any more
 *
 *   MAIN                                             WORKER
 *     sendReplication(to, bytes)   ── given away ──>   a stream of the bus to that node
 *     onReplication(from, bytes)   <─ given away ───   a stream of the bus from that node
 *     sendPublications, onPublications                 the same, to and from all
 *     lease.mayWrite(shard, epoch) <─ shared memory ─  each grant and each loss
 *     alive()                      ── shared memory ─> who says nothing for 1 s renews no lease
 *     onTopology, onDeadNodes      <─ messages ──────  each newer one that is committed; who is taken for dead
 *
 * Replication may lose messages, also without an end of a connection, never changes or reorders those of one sender's life: its protocol
 * numbers them and attaches again.
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../../base/index.js';
import type { Outcome } from '../../cluster/index.js';
import type { NodeId, NodeLife, Refusal, Topology, TopologyChange, TopologyNode } from '../../ring/index.js';
import type { Log } from '../options.js';
import { hostClocks } from './host-clocks.js';
import { LeaseView } from './lease-view.js';
import type { MindStatus } from './mind-status.js';
import { newSharedMemory, SharedCell } from './shared-cell.js';
import { PUBLICATIONS, REPLICATION } from './stream-form.js';
import type {
  FromWorker,
  MindPlace,
  QuestionKind,
  Questions,
  ToWorker,
  WorkerData,
} from './thread-messages.js';
import { TurnQueue } from './turn-queue.js';
import { UntakenBytes } from './untaken-bytes.js';

/** A worker that has not ended so long after it was told to is ended, in ms: its disk hangs, say. */
const CLOSE_MS = 10_000;
/** For so long in a turn of the loop what other nodes sent is worked on, and until the message at hand is done. */
const TURN_MS = 4;

type Sent = Extract<FromWorker, { kind: 'replication' | 'publications' }>;

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (why: Error) => void;
}

export class MindThread {
  readonly lease: LeaseView;
  /** Called with each newer committed topology, after `topology` is that. */
  onTopology: (topology: Topology) => void = () => {};
  /** Called when other nodes than before are taken for dead, after `deadNodes` is those. */
  onDeadNodes: (nodes: ReadonlySet<NodeId>) => void = () => {};
  /** One message, whole, of a life of a node of this cluster. */
  onReplication: (from: NodeLife, message: Uint8Array<ArrayBuffer>) => void = () => {};
  /** A part of a message of replication has come that is large; told again while more of it comes. */
  onArriving: (from: NodeLife) => void = () => {};
  /** A batch of another node of this cluster (publication-codec.ts). */
  onPublications: (from: NodeId, batch: Uint8Array<ArrayBuffer>) => void = () => {};
  /** So many more publications were dropped, each counted for each node that does not get it. */
  onPublicationsDropped: (count: number) => void = () => {};
  /** The worker has died. This node holds no lease any more and can get none: it is to end with this error. */
  onDeath: (error: Error) => void = (error) => {
    throw error;
  };
  readonly #worker: Worker;
  readonly #cell: SharedCell;
  readonly #untaken: UntakenBytes;
  readonly #untakenPublications: UntakenBytes;
  readonly #log: Log;
  readonly #started: Promise<void>;
  readonly #ended: Promise<void>;
  #onStarted: () => void = () => {};
  #onRefused: (error: Error) => void = () => {};
  #self: TopologyNode | undefined;
  #topology: Topology | undefined;
  #deadNodes: ReadonlySet<NodeId> = new Set();
  readonly #questions = new Map<number, Waiting>();
  readonly #sent = new TurnQueue<Sent>(TURN_MS, (message) => this.#take(message));
  #lastNumber = 0;
  #isClosing = false;
  #hasEnded = false;

  /** Rejects with the worker's reason, which says what to do about it. */
  static async start(place: MindPlace, log: Log): Promise<MindThread> {
    const memory = newSharedMemory();
    const cell = new SharedCell(memory);
    // It makes its first reading of the clocks before there is a worker.
    const lease = new LeaseView(cell, hostClocks);
    const workerData: WorkerData = { place, memory };
    // What the program that embeds this node was started with (--import, --input-type) is not for the worker.
    const worker = new Worker(new URL('./mind-worker.js', import.meta.url), { workerData, execArgv: [] });
    const thread = new MindThread(worker, cell, lease, log);
    await thread.#started;
    return thread;
  }

  private constructor(worker: Worker, cell: SharedCell, lease: LeaseView, log: Log) {
    this.#worker = worker;
    this.#cell = cell;
    this.#untaken = new UntakenBytes(REPLICATION.maxUntakenBytes, () => cell.takenByWorker);
    this.#untakenPublications = new UntakenBytes(
      PUBLICATIONS.maxUntakenBytes,
      () => cell.publicationsTakenByWorker,
    );
    this.lease = lease;
    this.#log = log;
    this.#started = new Promise((resolve, reject) => {
      this.#onStarted = resolve;
      this.#onRefused = reject;
    });
    worker.on('message', (message: FromWorker) => this.#receive(message));
    let cause: Error | undefined;
    worker.on('error', (error) => {
      cause = error;
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#end(cause, code);
        resolve();
      });
    });
  }

  /** This node, in this life. */
  get self(): TopologyNode {
    assert(this.#self !== undefined, 'the thread of the mind has started');
    return this.#self;
  }

  /** The newest committed topology that this thread has heard of. */
  get topology(): Topology | undefined {
    return this.#topology;
  }

  /** Nodes that the membership takes for dead, or that have left. Another set each time it changes. */
  get deadNodes(): ReadonlySet<NodeId> {
    return this.#deadNodes;
  }

  /** The main thread is alive: to be called at least each 100 ms or so. Who says nothing for 1 s renews no lease. */
  alive(): void {
    // So that the clocks are compared often, whoever writes.
    this.lease.look();
    this.#cell.beat();
  }

  /** The message is given away: nothing is to be done with its bytes afterwards. It may be lost. */
  sendReplication(to: NodeId, message: Uint8Array): void {
    const buffer = ownBuffer(message);
    if (this.#untaken.give(message.length)) this.#post({ kind: 'replication', to, bytes: message }, [buffer]);
  }

  /** The batch is given away; it may be lost on its way to each of them. False: it is dropped, since the worker has not taken what it was given. */
  sendPublications(to: readonly NodeId[], batch: Uint8Array): boolean {
    const buffer = ownBuffer(batch);
    if (!this.#untakenPublications.give(batch.length)) return false;
    this.#post({ kind: 'publications', to, bytes: batch }, [buffer]);
    return true;
  }

  /** Begins a cluster, on one of the voters of its first topology. Resolves with why not, if it is refused. */
  begin(first: Topology): Promise<Refusal | undefined> {
    return this.#ask('begin', first);
  }

  /** Asks for changes, all or none; resolves with what became of them. Never rejects. */
  async propose(changes: readonly TopologyChange[]): Promise<Outcome> {
    try {
      return await this.#ask('propose', changes);
    } catch (error) {
      return { kind: 'unknown', why: (error as Error).message };
    }
  }

  /** From here on nothing is written at this epoch. Resolves when the voters are being told. */
  async release(): Promise<void> {
    // The voters may hear of it before the cell says so.
    this.lease.hold(true);
    await this.#ask('release', undefined);
    if (!this.#isClosing) this.lease.hold(false);
  }

  status(): Promise<MindStatus> {
    return this.#ask('status', undefined);
  }

  /** Leaves the cluster, hands over nothing, and resolves when bus and folder are closed and the thread has ended. */
  close(): Promise<void> {
    return this.#close(true);
  }

  /** The same as a crash does it: nobody is told. */
  kill(): Promise<void> {
    return this.#close(false);
  }

  async #close(leaves: boolean): Promise<void> {
    this.lease.hold(true);
    if (!this.#isClosing) {
      this.#isClosing = true;
      // What fails then has been told to the log.
      this.#ask('close', { leaves }).catch(() => {});
    }
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #ask<K extends QuestionKind>(kind: K, asked: Questions[K]['asked']): Promise<Questions[K]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) {
        reject(new Error('the thread of the mind has ended'));
        return;
      }
      const number = ++this.#lastNumber;
      this.#questions.set(number, { resolve, reject });
      this.#post({ kind, number, asked } as ToWorker);
    });
  }

  /** There is no worker any more. */
  #end(cause: Error | undefined, code: number): void {
    this.#hasEnded = true;
    this.lease.hold(true);
    this.#sent.clear();
    const why = new Error(`the thread of the mind has ended: ${cause?.message ?? `code ${code}`}`, { cause });
    for (const { reject } of this.#questions.values()) reject(why);
    this.#questions.clear();
    if (this.#self === undefined) this.#onRefused(why);
    else if (!this.#isClosing) this.onDeath(why);
    else if (cause !== undefined) this.#log.error(why.message);
  }

  #post(message: ToWorker, transferred: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transferred);
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'started':
        this.#self = message.self;
        this.#onStarted();
        break;
      case 'refused':
        this.#onRefused(Object.assign(new Error(message.message), { code: message.code }));
        break;
      case 'topology':
        this.#topology = message.topology;
        this.onTopology(message.topology);
        break;
      case 'deadNodes':
        this.#deadNodes = new Set(message.nodes);
        this.onDeadNodes(this.#deadNodes);
        break;
      case 'replication':
      case 'publications':
        this.#sent.push(message);
        break;
      case 'arriving':
        this.onArriving(message.from);
        break;
      case 'publicationsDropped':
        this.onPublicationsDropped(message.count);
        break;
      case 'answer': {
        const question = this.#questions.get(message.number);
        this.#questions.delete(message.number);
        question?.resolve(message.answer as never);
        break;
      }
      case 'log':
        this.#log[message.level](message.message);
        break;
    }
  }

  #take(message: Sent): void {
    const cell = this.#cell;
    const { byteLength } = message.bytes;
    if (message.kind === 'replication') {
      cell.takenByMain = (cell.takenByMain + byteLength) | 0;
      this.onReplication(message.from, message.bytes);
    } else {
      cell.publicationsTakenByMain = (cell.publicationsTakenByMain + byteLength) | 0;
      this.onPublications(message.from, message.bytes);
    }
  }
}

/** To be given away. */
function ownBuffer({ byteLength, buffer }: Uint8Array): ArrayBuffer {
  assert(
    buffer instanceof ArrayBuffer && byteLength === buffer.byteLength,
    'a message has a buffer of its own, which it fills',
  );
  return buffer;
}
