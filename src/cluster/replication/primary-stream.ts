/**
 * The stream of a primary to its replicas: every write to each of them, in one order, and to a new one first all that there is.
 *
 *   append ──> backlog ──writes behind what was sent──> batch 0, 1, 2 ... ──> replica
 *   walk over the store ──slices, when all writes are sent──┘
 *                                                   <── done: up to here ──
 *
 *   attach: holds what is within our history, and the backlog reaches it   ──> goes on from there
 *           else                                                           ──> full sync, from an empty store
 *
 * - A slice is cut only when every write done before it has been sent, and travels with those that follow in one stream. So
 *   a slice never brings back what a write behind it has removed, and no versions are needed.
 * - A full sync empties the replica. A member of the in-sync set is promised to hold all that was acknowledged, so it is taken out
 *   of the set first; until that is agreed it keeps what it has. `wantsOut` says so.
 * - `confirmed` is what every member of the in-sync set has done: what is acknowledged by it can be lost only with all of them.
 *   A replica counts from the moment its joining is proposed, and one that is to leave until that is agreed.
 * - Each batch that leaves nothing unsent carries the time; the newest that a replica has done says how far it is behind.
 *
 * Bounds: so many bytes under way to a replica as its window has, of a full sync fewer; behind the backlog a replica begins anew.
 */
import { assert } from '../../base/index.js';
import { isSameLife, type NodeId, type NodeLife } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import type { Backlog } from './backlog.js';
import { type History, isWithin, type Takeover } from './history.js';
import type { ReplicationMessage } from './messages.js';
import type { ReplicatedStore, StoreWalk } from './store.js';

const WINDOW_BYTES = 1024 * 1024;
const BATCH_BYTES = 64 * 1024;
/** Most bytes under way behind which another slice is cut, so that neither end is busy with a full sync for long at once. */
const SLICES_WINDOW_BYTES = 256 * 1024;
/** Most slices under way: to look for entries takes time, also where there are none to send. */
const MAX_SLICES = 8;
/** A replica hears at least so often, in ms. */
const BEAT_MS = 100;

/** Rules that can be left out, to see whether a test misses them. */
export const REPLICATION_MUTANTS = [
  'continue-beyond-takeover',
  'full-sync-in-set',
  'apply-over-gap',
  'keep-before-full-sync',
  'ack-of-one',
  'stale-copy-promoted',
  'join-before-counted',
  'any-life-attaches',
  'attach-chases',
  'current-when-received',
] as const;

export interface PrimaryStreamOptions<W> {
  readonly shard: number;
  readonly takeover: Takeover;
  readonly store: ReplicatedStore<W>;
  /** Ends at the offset that the primary held when it took over. */
  readonly backlog: Backlog<W>;
  readonly sizeOf: (write: W) => number;
  /** Most bytes under way to a replica. Default 1 MiB: some milliseconds of a fast network. */
  readonly windowBytes?: number;
  readonly mutants?: ReadonlySet<string>;
}

/** One replica, attached. */
interface Attached<W> {
  readonly life: NodeLife;
  readonly session: number;
  readonly isFull: boolean;
  /** Batches sent. */
  batches: number;
  sentOffset: number;
  walk: StoreWalk<W> | undefined;
  /** Bytes of each batch under way, oldest first, and of all. */
  readonly underWay: number[];
  underWayBytes: number;
  sentAtMs: number;
  /** The newest clock that it told. */
  heardMs: number;
}

/** What a replica has done, also when it is not attached any more. */
interface Done {
  readonly life: NodeLife;
  attempt: number;
  offset: number;
  isComplete: boolean;
  clockMs: number;
}

/** Nothing is known to be done. */
const NOTHING = -1;

export class PrimaryStream<W> {
  readonly #options: PrimaryStreamOptions<W>;
  readonly #attached = new Map<NodeId, Attached<W>>();
  readonly #done = new Map<NodeId, Done>();
  /** Members of the in-sync set that cannot go on from what they hold. */
  readonly #wantsOut = new Map<NodeId, NodeLife>();
  readonly #startMs: number;
  #sessions = 0;

  constructor(options: PrimaryStreamOptions<W>, clocks: Clocks) {
    assert(options.backlog.last === options.takeover.from.offset, 'a takeover ends where its backlog ends');
    this.#options = options;
    this.#startMs = clocks.monotonicMs;
  }

  get offset(): number {
    return this.#options.backlog.last;
  }

  get history(): History {
    return { epoch: this.#options.takeover.epoch, offset: this.offset };
  }

  /** Members of the in-sync set that must be taken out of it before they can be synced. */
  get wantsOut(): Iterable<NodeLife> {
    return this.#wantsOut.values();
  }

  /** A write was done here. It travels with the next step. Returns its offset. */
  append(write: W): number {
    return this.#options.backlog.add(write);
  }

  /** The offset up to which every one of these has done everything. */
  confirmed(members: readonly NodeLife[]): number {
    return members.reduce((least, life) => Math.min(least, this.#doneOffset(life)), this.offset);
  }

  /** For how long this replica may have been without what was written here, in ms. */
  lagMs(life: NodeLife, { monotonicMs }: Clocks): number {
    const done = this.#doneOf(life);
    const sinceMs = done?.isComplete === true ? done.clockMs : NOTHING;
    return monotonicMs - Math.max(sinceMs, this.#startMs);
  }

  /** What this primary held when it took over: of that, what was acknowledged in earlier epochs. */
  get takeoverOffset(): number {
    return this.#options.takeover.from.offset;
  }

  /** Whether it is attached, with a whole copy that has everything up to this offset. */
  isCaughtUp(life: NodeLife, offset: number): boolean {
    return this.#attached.has(life.node) && this.#doneOffset(life) >= offset;
  }

  /** Takes a message of a replica. `members`: the in-sync set, with who is about to join it. */
  receive(
    from: NodeLife,
    message: ReplicationMessage<W>,
    members: readonly NodeLife[],
    clocks: Clocks,
    outbox: Outbox<ReplicationMessage<W>>,
  ): void {
    const { shard, takeover } = this.#options;
    if (message.shard !== shard || message.epoch !== takeover.epoch) return;
    if (message.kind === 'replication/attach') this.#attach(from, message, members, clocks, outbox);
    else if (message.kind === 'replication/done') this.#takeDone(from, message, clocks, outbox);
  }

  /** Sends what there is to send. `replicas`: those of the topology; others are let go. */
  tick(replicas: readonly NodeLife[], clocks: Clocks, outbox: Outbox<ReplicationMessage<W>>): void {
    for (const [node, { life }] of this.#attached) {
      if (!replicas.some((replica) => isSameLife(replica, life))) this.#detach(node);
    }
    for (const [node, life] of this.#wantsOut) {
      if (!replicas.some((replica) => isSameLife(replica, life))) this.#wantsOut.delete(node);
    }
    for (const attached of this.#attached.values()) this.#pump(attached, clocks, outbox);
  }

  #attach(
    from: NodeLife,
    { held, attempt, replicaMs }: Extract<ReplicationMessage<W>, { kind: 'replication/attach' }>,
    members: readonly NodeLife[],
    clocks: Clocks,
    outbox: Outbox<ReplicationMessage<W>>,
  ): void {
    const { takeover, backlog, store, mutants } = this.#options;
    let done = this.#doneOf(from);
    if (done !== undefined && attempt <= done.attempt) return;
    if (done === undefined) {
      done = { life: from, attempt, offset: NOTHING, isComplete: false, clockMs: NOTHING };
      this.#done.set(from.node, done);
    }
    done.attempt = attempt;
    const isWithinHistory =
      held !== undefined && (isWithin(held, takeover) || mutants?.has('continue-beyond-takeover') === true);
    const goesOn = isWithinHistory && backlog.reaches(held.offset);
    const isMember = members.some((member) => isSameLife(member, from));
    if (!goesOn && isMember && mutants?.has('full-sync-in-set') !== true) {
      if (!this.#wantsOut.has(from.node)) {
        outbox.note(
          `${from.node} cannot go on from what it holds: it is to leave the in-sync set of shard ${this.#options.shard} and begin anew`,
        );
      }
      this.#wantsOut.set(from.node, from);
      return;
    }
    this.#wantsOut.delete(from.node);
    outbox.note(
      `${from.node} ${goesOn ? `goes on in shard ${this.#options.shard} behind ${held.offset}` : `begins shard ${this.#options.shard} anew`}`,
    );
    done.offset = goesOn ? held.offset : NOTHING;
    done.isComplete = goesOn;
    const attached: Attached<W> = {
      life: from,
      session: ++this.#sessions,
      isFull: !goesOn,
      batches: 0,
      sentOffset: goesOn ? held.offset : this.offset,
      walk: goesOn ? undefined : store.walk(),
      underWay: [],
      underWayBytes: 0,
      sentAtMs: Number.NEGATIVE_INFINITY,
      heardMs: replicaMs,
    };
    this.#detach(from.node);
    this.#attached.set(from.node, attached);
    this.#pump(attached, clocks, outbox);
  }

  #takeDone(
    from: NodeLife,
    {
      session,
      batches,
      offset,
      isComplete,
      clockMs,
      replicaMs,
    }: Extract<ReplicationMessage<W>, { kind: 'replication/done' }>,
    clocks: Clocks,
    outbox: Outbox<ReplicationMessage<W>>,
  ): void {
    const attached = this.#attached.get(from.node);
    const done = this.#doneOf(from);
    if (attached === undefined || done === undefined || attached.session !== session) return;
    attached.heardMs = Math.max(attached.heardMs, replicaMs);
    const { underWay } = attached;
    for (let left = underWay.length - (attached.batches - batches); left > 0; left--) {
      attached.underWayBytes -= underWay.shift() ?? 0;
    }
    if (isComplete) {
      done.offset = Math.max(done.offset, offset);
      done.isComplete = true;
      // It attached once more before it heard that it was attached, and stays.
      this.#wantsOut.delete(from.node);
    }
    done.clockMs = Math.max(done.clockMs, clockMs);
    this.#pump(attached, clocks, outbox);
  }

  /** Sends a replica what its window has room for. */
  #pump(attached: Attached<W>, { monotonicMs }: Clocks, outbox: Outbox<ReplicationMessage<W>>): void {
    const { backlog, windowBytes = WINDOW_BYTES } = this.#options;
    while (
      attached.underWayBytes < (attached.sentOffset === this.offset ? this.#slicesWindowBytes : windowBytes)
    ) {
      if (!backlog.reaches(attached.sentOffset)) {
        // It is too slow: it attaches again when it hears nothing, and begins anew.
        this.#detach(attached.life.node);
        outbox.note(`${attached.life.node} is too far behind in shard ${this.#options.shard}`);
        return;
      }
      const isBeat = attached.batches === 0 || monotonicMs - attached.sentAtMs >= BEAT_MS;
      if (attached.sentOffset === this.offset && attached.walk === undefined && !isBeat) return;
      this.#sendBatch(attached, monotonicMs, outbox);
    }
  }

  #sendBatch(attached: Attached<W>, nowMs: number, outbox: Outbox<ReplicationMessage<W>>): void {
    const { shard, takeover, backlog, sizeOf } = this.#options;
    const offset = attached.sentOffset;
    const writes: W[] = [];
    let bytes = 1;
    for (; attached.sentOffset < backlog.last && bytes < BATCH_BYTES; attached.sentOffset++) {
      const write = backlog.at(attached.sentOffset + 1);
      writes.push(write);
      bytes += sizeOf(write);
    }
    const isAllSent = attached.sentOffset === backlog.last;
    const slice = isAllSent ? attached.walk?.next() : [];
    if (slice === undefined) attached.walk = undefined;
    else if (isAllSent)
      bytes += Math.max(
        slice.reduce((sum, write) => sum + sizeOf(write), 0),
        this.#slicesWindowBytes / MAX_SLICES,
      );
    outbox.send(attached.life.node, {
      kind: 'replication/batch',
      shard,
      epoch: takeover.epoch,
      session: attached.session,
      number: attached.batches++,
      isFull: attached.isFull,
      offset,
      writes,
      slice: slice ?? [],
      isComplete: attached.walk === undefined,
      clockMs: isAllSent ? nowMs : NOTHING,
      heardMs: attached.heardMs,
    });
    attached.underWay.push(bytes);
    attached.underWayBytes += bytes;
    attached.sentAtMs = nowMs;
  }

  get #slicesWindowBytes(): number {
    return Math.min(this.#options.windowBytes ?? WINDOW_BYTES, SLICES_WINDOW_BYTES);
  }

  #detach(node: NodeId): void {
    this.#attached.get(node)?.walk?.end();
    this.#attached.delete(node);
  }

  #doneOf(life: NodeLife): Done | undefined {
    const done = this.#done.get(life.node);
    return isSameLife(done?.life, life) ? done : undefined;
  }

  #doneOffset(life: NodeLife): number {
    const done = this.#doneOf(life);
    return done?.isComplete === true ? done.offset : NOTHING;
  }
}
