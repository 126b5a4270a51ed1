/**
 * The other end of the stream: a replica that does what its primary did, in the same order.
 *
 *   detached ──attach, again and again──> primary
 *       ^  <──batch 0── attached: batches in their order, each done and told
 *       └── one is missing, or none comes for SILENT_MS
 *
 * - What it holds (`held`) is undefined from the beginning of a full sync to its end: a part of a store is no copy.
 * - Each attach begins another session and ends the one before. Where the way there and back takes longer than the time between two of
 *   them, answers end the very sessions that it has just begun, so it waits for longer than the last answer took.
 * - What it holds is as old as the question that it answers: a batch may have waited on its way, or here, for as long as this process stood
 *   still. So each message of a replica carries its clock, and each batch says which of them the primary had heard.
 * - It follows one primary in one epoch, and takes nothing of another. When the topology names another, its owner makes
 *   another of these with the same store, backlog and `held`.
 */
import { isSameLife, type NodeLife } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import type { Backlog } from './backlog.js';
import type { History } from './history.js';
import type { ReplicationMessage } from './messages.js';
import type { ReplicatedStore } from './store.js';

const RETRY_MS = 250;
/** Round trips that take longer are no network for this. */
const MAX_RETRY_MS = 2_000;
/** A primary sends each 100 ms. */
const SILENT_MS = 1_000;
const DONE_MS = 100;

export interface ReplicaStreamOptions<W> {
  readonly shard: number;
  readonly epoch: number;
  readonly primary: NodeLife;
  readonly store: ReplicatedStore<W>;
  readonly backlog: Backlog<W>;
  /** What the store holds. */
  readonly held: History | undefined;
  readonly mutants?: ReadonlySet<string>;
}

type Batch<W> = Extract<ReplicationMessage<W>, { kind: 'replication/batch' }>;

export class ReplicaStream<W> {
  readonly #options: ReplicaStreamOptions<W>;
  #held: History | undefined;
  #attempts = 0;
  #session: number | undefined;
  /** Batches done of this session. */
  #batches = 0;
  #offset = 0;
  #clockMs = -1;
  #attachAtMs = 0;
  #retryMs = RETRY_MS;
  /** When it first asked for the session that it waits for. */
  #askedMs: number | undefined;
  #doneAtMs = 0;
  #heardMs: number;
  /** It had everything that was written up to then, by the clock that misses no pause. */
  #currentMs: number | undefined;

  constructor(options: ReplicaStreamOptions<W>, clocks: Clocks) {
    this.#options = options;
    this.#held = options.held;
    this.#heardMs = clocks.monotonicMs;
  }

  /** What the store holds; undefined while a full sync is under way, and before one. */
  get held(): History | undefined {
    return this.#held;
  }

  /** For how long it may have been without what its primary wrote, in ms, by its own clock; Infinity: it never had it. */
  staleMs({ holderMs }: Clocks): number {
    return this.#currentMs === undefined ? Number.POSITIVE_INFINITY : holderMs - this.#currentMs;
  }

  tick(clocks: Clocks, outbox: Outbox<ReplicationMessage<W>>): void {
    const { monotonicMs, holderMs } = clocks;
    if (this.#session !== undefined && monotonicMs - this.#heardMs >= SILENT_MS) this.#session = undefined;
    if (this.#session === undefined) {
      if (monotonicMs < this.#attachAtMs) return;
      const { shard, epoch, primary } = this.#options;
      this.#attachAtMs = monotonicMs + this.#retryMs;
      this.#askedMs ??= monotonicMs;
      const attempt = ++this.#attempts;
      const [held, replicaMs] = [this.#held, holderMs];
      outbox.send(primary.node, { kind: 'replication/attach', shard, epoch, held, attempt, replicaMs });
    } else if (monotonicMs >= this.#doneAtMs) {
      this.#tellDone(clocks, outbox);
    }
  }

  receive(
    from: NodeLife,
    message: ReplicationMessage<W>,
    clocks: Clocks,
    outbox: Outbox<ReplicationMessage<W>>,
  ): void {
    const { shard, epoch, primary, mutants } = this.#options;
    const { monotonicMs, holderMs } = clocks;
    if (message.kind !== 'replication/batch' || message.shard !== shard) return;
    if (message.epoch !== epoch || !isSameLife(from, primary)) return;
    if (message.session !== this.#session && !this.#begin(message, monotonicMs)) return;
    if (message.number !== this.#batches || message.offset !== this.#offset) {
      // One was lost, or its sender is confused; what comes after it is of no use. One that comes twice is left out.
      if (message.number < this.#batches) return;
      if (mutants?.has('apply-over-gap') !== true) {
        this.#session = undefined;
        return;
      }
    }
    this.#heardMs = monotonicMs;
    this.#do(message);
    if (message.clockMs >= 0 && this.#held !== undefined) {
      this.#clockMs = message.clockMs;
      this.#currentMs = mutants?.has('current-when-received') === true ? holderMs : message.heardMs;
    }
    this.#tellDone(clocks, outbox);
  }

  /**
   * A part of a message of that node has come. One that is large takes longer on its way than a primary is silent otherwise; who attached
   * anew meanwhile would be sent it anew, for ever.
   */
  arriving(from: NodeLife, { monotonicMs }: Clocks): void {
    if (!isSameLife(from, this.#options.primary)) return;
    this.#heardMs = monotonicMs;
    this.#attachAtMs = Math.max(this.#attachAtMs, monotonicMs + this.#retryMs);
  }

  /** How long an answer takes: this may be one. */
  #measure(nowMs: number): void {
    if (this.#askedMs === undefined) return;
    const tookMs = nowMs - this.#askedMs;
    this.#askedMs = undefined;
    if (this.#options.mutants?.has('attach-chases')) return;
    this.#retryMs = Math.min(MAX_RETRY_MS, Math.max(RETRY_MS, 1.5 * tookMs));
  }

  /** The first batch of a session that we asked for. */
  #begin({ number, session, isFull, offset }: Batch<W>, nowMs: number): boolean {
    if (number !== 0 || (this.#lastSession !== undefined && session <= this.#lastSession)) return false;
    this.#measure(nowMs);
    const { store, backlog, epoch, mutants } = this.#options;
    if (isFull) {
      if (mutants?.has('keep-before-full-sync') !== true) store.clear();
      backlog.restart(offset);
      this.#held = undefined;
    } else {
      if (this.#held?.offset !== offset) {
        // It answers what we asked before we went on in the session that we are in, which the primary has ended by it.
        this.#session = undefined;
        return false;
      }
      this.#held = { epoch, offset };
    }
    this.#session = session;
    this.#lastSession = session;
    this.#batches = 0;
    this.#offset = offset;
    return true;
  }

  #lastSession: number | undefined;

  #do({ number, offset, writes, slice, isComplete }: Batch<W>): void {
    const { store, backlog, epoch } = this.#options;
    for (const write of writes) {
      store.apply(write);
      backlog.add(write);
    }
    for (const write of slice) store.apply(write);
    this.#offset = offset + writes.length;
    this.#batches = number + 1;
    if (isComplete) this.#held = { epoch, offset: this.#offset };
  }

  #tellDone({ monotonicMs, holderMs }: Clocks, outbox: Outbox<ReplicationMessage<W>>): void {
    const { shard, epoch, primary } = this.#options;
    this.#doneAtMs = monotonicMs + DONE_MS;
    outbox.send(primary.node, {
      kind: 'replication/done',
      shard,
      epoch,
      session: this.#session ?? 0,
      batches: this.#batches,
      offset: this.#offset,
      isComplete: this.#held !== undefined,
      clockMs: this.#clockMs,
      replicaMs: holderMs,
    });
  }
}
