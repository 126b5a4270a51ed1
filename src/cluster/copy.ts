/**
 * The copy of a shard that this node holds, in the role that the topology gives it.
 *
 *            the topology names it                              another is primary
 *     none ─────────────────────────> replica ─── promoted ───> primary ──────────────> replica
 *       <──────── no longer ───────────┘ └── re-homed: emptied ──> ^ └─ a new epoch: goes on
 *
 * What a copy holds is a point of the history of its shard (history.ts). Who is promoted goes on from what it holds; a copy of an
 * earlier history than the shard's own (`beganEpoch`) is void, and emptied.
 *
 * A primary asks the register
 * - to count a replica as in sync. First it counts here: nothing more is acknowledged without it. It is asked for when the replica has what
 *   was acknowledged until then, so that no pause of the writes is needed for it. It goes on counting, whether or not that is agreed,
 *   until the shard's `syncVersion` says that the wish was decided or is void;
 * - to count one out, when it was not heard for half of `maxUnreplicatedMs`, or must begin anew. Until that is agreed it counts.
 *
 * At all of `maxUnreplicatedMs` a primary takes no writes until it is agreed.
 */
import { assert } from '../base/index.js';
import {
  isSameLife,
  type NodeId,
  type NodeLife,
  type Replica,
  type Shard,
  type Topology,
  type TopologyChange,
} from '../ring/index.js';
import { Backlog } from './replication/backlog.js';
import type { History } from './replication/history.js';
import type { ReplicationMessage } from './replication/messages.js';
import { PrimaryStream } from './replication/primary-stream.js';
import { ReplicaStream } from './replication/replica-stream.js';
import type { ReplicatedStore } from './replication/store.js';
import type { Clocks, Outbox } from './step.js';

/** What is not agreed yet is asked for again after so long, in ms. */
const ASK_AGAIN_MS = 500;
/** An empty store holds the beginning of every history. */
const NOTHING: History = { epoch: 0, offset: 0 };

export interface CopyOptions<W> {
  readonly self: NodeLife;
  readonly store: ReplicatedStore<W>;
  /** What a write takes on its way. */
  readonly sizeOf: (write: W) => number;
  /** What it takes while it is in the backlog, always the same. */
  readonly memoryOf: (write: W) => number;
  readonly backlogBytes: number;
  readonly windowBytes?: number;
  readonly mutants?: ReadonlySet<string>;
}

export interface CopyFollower {
  readonly node: NodeId;
  readonly isInSync: boolean;
  /** Up to here it has everything; -1: it has no whole copy. */
  readonly offset: number;
  readonly lagMs: number;
}

interface AsPrimary<W> {
  readonly kind: 'primary';
  shard: Shard;
  maxUnreplicatedMs: number;
  readonly stream: PrimaryStream<W>;
  /** Who counts as in sync here, and is not agreed to be. */
  readonly joining: Map<NodeId, Joining>;
  /** Up to this offset the in-sync set had everything, so that it may have been acknowledged. */
  confirmed: number;
  /** When what was asked for last, by its name. */
  readonly askedMs: Map<string, number>;
}

interface Joining {
  readonly life: NodeLife;
  /** What may have been acknowledged before it counted. */
  readonly fromOffset: number;
  /** The syncVersion of the wish; undefined: it was not asked for, and may be let go. */
  syncVersion: number | undefined;
}

interface AsReplica<W> {
  readonly kind: 'replica';
  shard: Shard;
  readonly stream: ReplicaStream<W>;
}

type Role<W> = { readonly kind: 'none' } | AsPrimary<W> | AsReplica<W>;

export class Copy<W> {
  readonly #options: CopyOptions<W>;
  readonly #backlog: Backlog<W>;
  #role: Role<W> = { kind: 'none' };
  #version = 0;
  /** Of which shard the store holds something; 0: of none. */
  #shardId = 0;
  #held: History | undefined = NOTHING;

  constructor(options: CopyOptions<W>) {
    this.#options = options;
    this.#backlog = new Backlog(0, options.backlogBytes, options.memoryOf);
  }

  get role(): 'none' | 'primary' | 'replica' {
    return this.#role.kind;
  }

  /** The shard whose copy this is, and its epoch. */
  get shard(): Shard | undefined {
    return this.#role.kind === 'none' ? undefined : this.#role.shard;
  }

  /** What the store holds; undefined while it is filled anew. */
  get held(): History | undefined {
    const role = this.#role;
    if (role.kind === 'primary') return role.stream.history;
    return role.kind === 'replica' ? role.stream.held : this.#held;
  }

  /** For how long a replica may have been without what its primary wrote, in ms; 0 for a primary. */
  staleMs(clocks: Clocks): number {
    return this.#role.kind === 'replica' ? this.#role.stream.staleMs(clocks) : 0;
  }

  /** Whether the in-sync set lets a primary write: none of it has been silent for too long. */
  mayWrite(clocks: Clocks): boolean {
    const role = this.#role;
    if (role.kind !== 'primary') return false;
    for (const replica of role.shard.replicas) {
      if (this.#isMember(role, replica) && role.stream.lagMs(replica, clocks) >= role.maxUnreplicatedMs)
        return false;
    }
    return true;
  }

  /** The writes that are kept for replicas which were away for a moment. */
  get backlog(): { readonly last: number; readonly count: number; readonly bytes: number; maxBytes: number } {
    return this.#backlog;
  }

  /** A write was done here, by the primary. Returns its offset. */
  append(write: W): number {
    assert(this.#role.kind === 'primary', 'a primary writes');
    return this.#role.stream.append(write);
  }

  /** Everything up to this offset is held by the whole in-sync set. Grows during an epoch. */
  get confirmed(): number {
    return this.#role.kind === 'primary' ? this.#confirm(this.#role) : -1;
  }

  /** Of a primary: its replicas, what they have done, and for how long each may have been without what was written. */
  followers(clocks: Clocks): CopyFollower[] {
    const role = this.#role;
    if (role.kind !== 'primary') return [];
    return role.shard.replicas.map((replica) => ({
      node: replica.node,
      isInSync: replica.isInSync,
      offset: role.stream.confirmed([replica]),
      lagMs: role.stream.lagMs(replica, clocks),
    }));
  }

  /** This topology is committed. */
  learn(topology: Topology, clocks: Clocks): void {
    if (topology.version <= this.#version) return;
    this.#version = topology.version;
    const { self } = this.#options;
    const mine = topology.shards.find(({ primary, replicas }) =>
      [primary, ...replicas].some((life) => isSameLife(life, self)),
    );
    const role = this.#role;
    if (mine === undefined) {
      this.#held = this.held;
      this.#role = { kind: 'none' };
      return;
    }
    if (mine.id !== this.#shardId) this.#empty(mine.id);
    if (isSameLife(mine.primary, self)) {
      if (role.kind === 'primary' && role.shard.epoch === mine.epoch) this.#agreed(role, mine, topology);
      else this.#role = this.#asPrimary(mine, topology, clocks);
    } else if (
      role.kind !== 'replica' ||
      role.shard.epoch !== mine.epoch ||
      !isSameLife(role.shard.primary, mine.primary)
    ) {
      this.#role = this.#asReplica(mine, clocks);
    } else {
      role.shard = mine;
    }
  }

  receive(
    from: NodeLife,
    message: ReplicationMessage<W>,
    clocks: Clocks,
    outbox: Outbox<ReplicationMessage<W>>,
  ): void {
    const role = this.#role;
    // What a replica sent in an earlier life is not to begin a full sync of what it is now:
    //   life 1 attaches, late ── life 2 is in sync ── attach comes: "begin anew" ──> life 2 is emptied ── primary dies
    const isReplica = this.shard?.replicas.some((replica) => isSameLife(replica, from)) === true;
    if (role.kind === 'primary' && (isReplica || this.#options.mutants?.has('any-life-attaches')))
      role.stream.receive(from, message, this.#members(role), clocks, outbox);
    else if (role.kind === 'replica') role.stream.receive(from, message, clocks, outbox);
  }

  /** A part of a message of that node has come, which is large and takes its time. */
  arriving(from: NodeLife, clocks: Clocks): void {
    if (this.#role.kind === 'replica') this.#role.stream.arriving(from, clocks);
  }

  /** Goes on. Returns what the register is to be asked for. */
  tick(clocks: Clocks, outbox: Outbox<ReplicationMessage<W>>): TopologyChange[] {
    const role = this.#role;
    if (role.kind === 'replica') role.stream.tick(clocks, outbox);
    if (role.kind !== 'primary') return [];
    role.stream.tick(role.shard.replicas, clocks, outbox);
    this.#count(role, clocks);
    return [...this.#wishesOut(role, clocks), ...this.#wishesIn(role, clocks)];
  }

  #wishesOut(role: AsPrimary<W>, clocks: Clocks): TopologyChange[] {
    const { stream, shard, maxUnreplicatedMs } = role;
    const { id, epoch } = shard;
    const wishes: TopologyChange[] = [];
    const out = (life: NodeLife, reason: string): void => {
      if (this.#isTimeToAsk(role, `out ${life.node}`, clocks)) {
        wishes.push({ kind: 'replica-out-of-sync', shard: id, epoch, replica: lifeOf(life), reason });
      }
    };
    const members = this.#members(role);
    for (const life of stream.wantsOut) {
      if (members.some((member) => isSameLife(member, life)))
        out(life, `${life.node} cannot go on from what it holds of shard ${id}`);
    }
    for (const life of members) {
      const lagMs = stream.lagMs(life, clocks);
      if (lagMs >= maxUnreplicatedMs / 2)
        out(life, `${life.node} has not had all of shard ${id} for ${Math.round(lagMs)} ms`);
    }
    return wishes;
  }

  #wishesIn(role: AsPrimary<W>, clocks: Clocks): TopologyChange[] {
    const { stream, shard, joining } = role;
    const { id, epoch, syncVersion } = shard;
    const wishes: TopologyChange[] = [];
    for (const { node, isInSync } of shard.replicas) {
      const one = joining.get(node);
      if (isInSync || one === undefined || !stream.isCaughtUp(one.life, one.fromOffset)) continue;
      if (!this.#isSoon(role, one.life, clocks) || !this.#isTimeToAsk(role, `in ${node}`, clocks)) continue;
      one.syncVersion = syncVersion;
      const reason = `${node} has everything of shard ${id}`;
      wishes.push({
        kind: 'replica-in-sync',
        shard: id,
        epoch,
        replica: lifeOf(one.life),
        syncVersion,
        reason,
      });
    }
    return wishes;
  }

  /** Counts whoever has a whole copy and follows closely, and lets go who did and was not asked for. */
  #count(role: AsPrimary<W>, clocks: Clocks): void {
    const { stream, shard, joining } = role;
    for (const [node, { life, syncVersion }] of joining) {
      const isReplica = shard.replicas.some((replica) => isSameLife(replica, life));
      if (!isReplica || (syncVersion === undefined && !this.#isSoon(role, life, clocks)))
        joining.delete(node);
    }
    for (const replica of shard.replicas) {
      if (replica.isInSync || joining.has(replica.node) || !this.#isSoon(role, replica, clocks)) continue;
      const fromOffset = Math.max(stream.takeoverOffset, this.#confirm(role));
      joining.set(replica.node, { life: lifeOf(replica), fromOffset, syncVersion: undefined });
    }
  }

  /** Whether a replica that is not in sync has a whole copy, and has been behind for a moment only. */
  #isSoon({ stream, maxUnreplicatedMs }: AsPrimary<W>, life: NodeLife, clocks: Clocks): boolean {
    return stream.isCaughtUp(life, 0) && stream.lagMs(life, clocks) < maxUnreplicatedMs / 2;
  }

  #confirm(role: AsPrimary<W>): number {
    const members = this.#members(role);
    const counted = this.#options.mutants?.has('ack-of-one') ? members.slice(0, 1) : members;
    role.confirmed = Math.max(role.confirmed, role.stream.confirmed(counted));
    return role.confirmed;
  }

  /** The in-sync set without this node, with those who are about to join it. */
  #members(role: AsPrimary<W>): NodeLife[] {
    return role.shard.replicas.filter((replica) => this.#isMember(role, replica));
  }

  #isMember({ joining }: AsPrimary<W>, replica: Replica): boolean {
    if (replica.isInSync) return true;
    const counts = isSameLife(joining.get(replica.node)?.life, replica);
    return counts && this.#options.mutants?.has('join-before-counted') !== true;
  }

  #isTimeToAsk({ askedMs }: AsPrimary<W>, what: string, { monotonicMs }: Clocks): boolean {
    if (monotonicMs - (askedMs.get(what) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN_MS) return false;
    askedMs.set(what, monotonicMs);
    return true;
  }

  #agreed(role: AsPrimary<W>, shard: Shard, { maxUnreplicatedMs }: Topology): void {
    role.shard = shard;
    role.maxUnreplicatedMs = maxUnreplicatedMs;
    for (const [node, { syncVersion }] of role.joining) {
      if (syncVersion !== undefined && shard.syncVersion > syncVersion) role.joining.delete(node);
    }
  }

  #asPrimary(shard: Shard, { maxUnreplicatedMs }: Topology, clocks: Clocks): AsPrimary<W> {
    const { store, sizeOf, windowBytes, mutants = new Set() } = this.#options;
    let from = this.held;
    const isOfThisHistory = from !== undefined && from.epoch >= shard.beganEpoch;
    assert(
      isOfThisHistory || shard.beganEpoch === shard.epoch || from?.offset === 0,
      'who is promoted holds a whole copy of this history',
    );
    if (!isOfThisHistory && !mutants.has('stale-copy-promoted')) {
      // Re-homed, or the first epoch of all.
      store.clear();
      from = NOTHING;
    }
    from ??= NOTHING;
    if (this.#backlog.last !== from.offset) this.#backlog.restart(from.offset);
    const stream = new PrimaryStream<W>(
      {
        shard: shard.id,
        takeover: { epoch: shard.epoch, from },
        store,
        backlog: this.#backlog,
        sizeOf,
        ...(windowBytes !== undefined && { windowBytes }),
        mutants,
      },
      clocks,
    );
    const [joining, askedMs] = [new Map(), new Map()];
    return { kind: 'primary', shard, maxUnreplicatedMs, stream, joining, confirmed: -1, askedMs };
  }

  #asReplica(shard: Shard, clocks: Clocks): Role<W> {
    const held = this.held;
    const { store, mutants = new Set() } = this.#options;
    const { id, epoch, primary } = shard;
    this.#held = held;
    if (primary === undefined) return { kind: 'none' };
    const stream = new ReplicaStream<W>(
      { shard: id, epoch, primary, store, backlog: this.#backlog, held, mutants },
      clocks,
    );
    return { kind: 'replica', shard, stream };
  }

  #empty(shardId: number): void {
    this.#options.store.clear();
    this.#backlog.restart(0);
    this.#held = NOTHING;
    this.#role = { kind: 'none' };
    this.#shardId = shardId;
  }
}

function lifeOf({ node, incarnation }: NodeLife): NodeLife {
  return { node, incarnation };
}
