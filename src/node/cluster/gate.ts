/**
 * Who may be served what, on a node of a cluster.
 *
 *   command ── its keys in one slot? ──no──> -CROSSSLOT
 *                    │ the slot's shard here?
 *                    ├──no, or the copy is a replica's and the client has not said READONLY──> -MOVED slot host:port
 *                    ├──nobody has it──> -CLUSTERDOWN
 *                    └──yes: write ──no lease, or the replicas are silent──> -CLUSTERDOWN, nothing was done
 *                            read  ──stale for more than maxStaleMs──> -CLUSTERDOWN
 *                            executed ──> held-replies.ts
 *
 * Commands without keys are executed wherever they come, but those that write need a primary. What a command does to the data is
 * said in the command table (`change`). Order and texts of what Redis Cluster knows too are its own.
 *
 * The lease is asked for at the first write of an event, then again after CHECKED_WRITES of them or after any command that may have taken long
 * (its work grows, it or its reply is large, it changed a large value), and before the replies leave. In between nothing waits: these writes are
 * some 100 us, the lease has a slack of 20 ms. A read asks once in an event, and again after such a command. EXEC is one write: see write-lease.md.
 *
 * When shard, epoch or role change, all who hang on what is gone are told: held replies, waiters, watchers, who tracks keys, subscribers of
 * shard channels. Cost of a command: its slot and one look-up.
 */
import { type Block, keySlot } from '../../base/index.js';
import { CommandKeys, type Request } from '../../resp/index.js';
import type { TopologyNode } from '../../ring/index.js';
import type { CacheNode } from '../cache-node.js';
import { type Command, Trait } from '../command.js';
import { storesInAnyCase, tokenArgument } from '../commands/leases.js';
import type { BlockedCommand, Session } from '../session.js';
import { ClusterReplies } from './cluster-replies.js';
import { HeldReplies } from './held-replies.js';
import type { ClusterMember, Follower, MemberListener } from './member.js';
import { TopologySubscribers } from './topology-subscribers.js';
import { TopologyView } from './topology-view.js';

/** Writes of one event for which the lease is asked once. */
const CHECKED_WRITES = 64;

const NO_SLOT = -1;
const CROSS_SLOT = -2;

export const refusals = {
  crossSlot: "CROSSSLOT Keys in request don't hash to the same slot",
  notServed: 'CLUSTERDOWN Hash slot not served',
  noTopology: 'CLUSTERDOWN this node has not heard of a cluster that it belongs to yet: try again',
  noShard: 'CLUSTERDOWN this node holds no shard at present: try another one',
  noLease:
    'CLUSTERDOWN this node has lost its write lease, so nothing was written: try again, soon a node that has one will be found',
  silentReplicas:
    'CLUSTERDOWN the replicas of this shard are silent, or it is being handed over, so nothing was written: try again',
  /** Of what only adds. It is another word, as it is not worth trying again: whoever waits can do without. */
  cutOff:
    'CUTOFF this node may not write at present, so nothing was stored: use what you have, and keep it for a second at most',
  stale: 'CLUSTERDOWN what this node holds may be older than max-stale allows: try again',
  readOnlyReplica: "READONLY You can't write against a read only replica.",
  roleChanged: 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
} as const;

export class Gate implements MemberListener {
  readonly member: ClusterMember;
  readonly held: HeldReplies;
  readonly subscribers: TopologySubscribers;
  replies: ClusterReplies;
  view: TopologyView | undefined;
  readonly #node: CacheNode;
  readonly #keys = new CommandKeys();
  /** The shard whose copy is here, as of the last change, and in which role. */
  #role: ClusterMember['role'] = 'none';
  #shard: ClusterMember['shard'];
  #turn = 0;
  /** Writes of this event that need no question. */
  #checkedWrites = 0;
  /** Of this event: for how long reads are stale; undefined: not asked yet. */
  #staleMs: number | undefined;
  /** Of this event: who follows; undefined: not asked yet. */
  #followers: readonly Follower[] | undefined;
  /** At the last tick. */
  #couldReadHere = true;
  /** Sessions in WAIT. */
  readonly #waiting = new Set<Session>();
  /** What the EXEC at work, or the last one, has executed. */
  #inExec = { changes: false, waits: false };

  constructor(node: CacheNode, member: ClusterMember) {
    this.#node = node;
    this.member = member;
    this.held = new HeldReplies(member, node);
    this.subscribers = new TopologySubscribers(node);
    this.replies = new ClusterReplies(member.self, undefined);
    member.listener = this;
  }

  get isReplica(): boolean {
    return this.#role === 'replica';
  }

  /** Whether reads of this node, if it has any slots, are not too stale. */
  get mayReadHere(): boolean {
    return this.#role === 'none' || this.#readProblem() === '';
  }

  /** Another one for each shard, epoch and role. */
  get turn(): number {
    return this.#turn;
  }

  /** Of a replica: whether it has lately had all that its primary wrote. */
  get hearsPrimary(): boolean {
    return this.member.staleMs() <= (this.view?.topology.maxUnreplicatedMs ?? 0);
  }

  /** Who follows this primary, with addresses. */
  followers(): (Follower & Pick<TopologyNode, 'host' | 'port'>)[] {
    const nodes = this.view?.own?.replicas ?? [];
    return this.member.followers.flatMap((follower) => {
      const node = nodes.find((one) => one.node === follower.node);
      return node === undefined ? [] : [{ ...follower, host: node.host, port: node.port }];
    });
  }

  beginEvent(): void {
    this.#checkedWrites = 0;
    this.#staleMs = undefined;
    this.#followers = undefined;
  }

  /** A command took its time, or may have: what was known of the lease before is not known any more. */
  tookLong(): void {
    this.#checkedWrites = 0;
    this.#staleMs = undefined;
  }

  // -- before a command

  /** Where this command is to go instead, or why it cannot be served now: an error text. '' = here. */
  redirection(session: Session, command: Command, request: Request): string {
    const { flags, keyAt } = command;
    if (keyAt === 0 || (flags & Trait.MAY_TAKE_AWAY) !== 0)
      return this.#redirectionOf(session, command, request);
    const slot = keySlot(request.block, request.starts[keyAt], request.lengths[keyAt]);
    const changes = (flags & Trait.CHANGES) !== 0;
    return this.#judge(session, slot, flags, changes);
  }

  #redirectionOf(session: Session, command: Command, request: Request): string {
    const { flags } = command;
    if ((flags & Trait.EXECUTES) !== 0) return this.#transactionRedirection(session);
    return this.#judge(session, this.#slotOf(command, request), flags, changesData(command, request));
  }

  /** A replica executes no write, also none without keys. */
  writeRefusal(session: Session, command: Command, request: Request): string {
    if (this.#role !== 'replica') return '';
    const { transaction } = session;
    const writes =
      (command.flags & Trait.EXECUTES) !== 0
        ? transaction?.commands.some((one, i) => changesData(one, transaction.requests[i]))
        : changesData(command, request);
    return writes === true ? refusals.readOnlyReplica : '';
  }

  #transactionRedirection(session: Session): string {
    const { transaction } = session;
    this.#inExec = { changes: false, waits: false };
    if (transaction === undefined) return '';
    let slot = NO_SLOT;
    let changes = false;
    let onlyReads = true;
    for (let i = 0; i < transaction.commands.length; i++) {
      const command = transaction.commands[i];
      const request = transaction.requests[i];
      const own = this.#slotOf(command, request);
      if (own !== NO_SLOT) slot = slot === NO_SLOT || slot === own ? own : CROSS_SLOT;
      const changesToo = changesData(command, request);
      changes ||= changesToo;
      onlyReads &&= readsOnly(command.flags, changesToo);
    }
    return this.#judge(session, slot, Trait.MEASURED, changes, onlyReads);
  }

  #slotOf(command: Command, request: Request): number {
    if (command.spec.keys === undefined) return NO_SLOT;
    const count = this.#keys.locate(command.spec, request, true);
    let slot = NO_SLOT;
    for (let k = 0; k < count; k++) {
      const i = this.#keys.arguments[k];
      const own = keySlot(request.block, request.starts[i], request.lengths[i]);
      if (slot !== NO_SLOT && slot !== own) return CROSS_SLOT;
      slot = own;
    }
    return slot;
  }

  #judge(session: Session, slot: number, flags: number, changes: boolean, onlyReads?: boolean): string {
    if (slot < 0) {
      if (slot === CROSS_SLOT) return refusals.crossSlot;
      return changes && this.#role !== 'replica' ? this.#writeProblem(flags) : '';
    }
    const { view } = this;
    if (view === undefined) return refusals.noTopology;
    const home = view.homeOf(slot);
    if (home === view.own) {
      if (this.#role === 'primary') return changes ? this.#writeProblem(flags) : this.#readProblem();
      const canBeHere = onlyReads ?? readsOnly(flags, changes);
      if (this.#role === 'replica' && session.readOnly && canBeHere) return this.#readProblem();
    }
    const { primary } = home;
    // A former life of this node cannot be moved to.
    if (primary === undefined || primary.node === view.self.node) return refusals.notServed;
    return `MOVED ${slot} ${primary.host}:${primary.port}`;
  }

  #writeProblem(flags: number): string {
    if (this.#checkedWrites > 0) {
      this.#checkedWrites--;
      return '';
    }
    if (this.#role !== 'primary') return this.view === undefined ? refusals.noTopology : refusals.noShard;
    const problem = this.member.writeProblem();
    if (problem !== undefined) {
      if ((flags & Trait.ADDS) !== 0) return refusals.cutOff;
      return problem === 'lease' ? refusals.noLease : refusals.silentReplicas;
    }
    this.#checkedWrites = (flags & Trait.MEASURED) === 0 ? CHECKED_WRITES - 1 : 0;
    return '';
  }

  /** A fill is refused, and with it its load is over: whoever waits for that need not wait until the lease ends. */
  endLoad(session: Session, request: Request): void {
    const { block, starts, lengths, count } = request;
    if (count < 3) return;
    const { leases, clock } = this.#node;
    leases.table.fail(
      session.db,
      block,
      starts[1],
      lengths[1],
      tokenArgument(request, 2),
      '',
      0,
      clock.monotonicMs(),
    );
  }

  #readProblem(): string {
    this.#staleMs ??= this.member.staleMs();
    return this.#staleMs <= this.#node.config.maxStaleMs ? '' : refusals.stale;
  }

  /** For how long what is read now may be stale, in whole ms; undefined: it is read from a primary under its lease. */
  unleasedMs(): number | undefined {
    this.#staleMs ??= this.member.staleMs();
    if (this.#staleMs === 0 && this.#role === 'primary') return undefined;
    return Number.isFinite(this.#staleMs) ? Math.ceil(this.#staleMs) : Number.MAX_SAFE_INTEGER;
  }

  // -- after a command

  /** It was executed, and what it replied stands in the output from `from` on. */
  executed(session: Session, command: Command, request: Request, from: number): void {
    const { flags } = command;
    if ((flags & Trait.EXECUTES) !== 0) {
      const { changes, waits } = this.#inExec;
      if (changes) this.held.mark(session, from, waits);
      return;
    }
    if (!changesData(command, request)) return;
    const waits = this.#waits(command, request);
    if (!session.inExec) {
      this.held.mark(session, from, waits);
      return;
    }
    this.#inExec.changes = true;
    this.#inExec.waits ||= waits;
  }

  /** Whether all copies must have what this write did before it is answered. */
  #waits(command: Command, request: Request): boolean {
    const { flags } = command;
    if ((flags & Trait.TAKES_AWAY) !== 0 || takesAwayByWord(command, request)) return true;
    // What our clients store after their database has it takes the place of an older value, wherever that is read.
    if ((flags & Trait.ADDS) !== 0) return storesInAnyCase(request);
    return this.#node.config.ackWrites === 'replica';
  }

  // -- WAIT

  /** Followers that have everything up to this offset. */
  followersAt(offset: number): number {
    this.#followers ??= this.member.followers;
    return this.#followers.filter((follower) => follower.offset >= offset).length;
  }

  /** A session waits for followers: it asks again whenever they have more. */
  waitForFollowers(session: Session, command: BlockedCommand): void {
    this.#waiting.add(session);
    this.member.hurry();
    this.#node.waits.block(session, command);
  }

  #askWaiting(): void {
    for (const session of [...this.#waiting]) {
      this.#node.waits.askAgain(session);
      if (session.blocked === undefined) this.#waiting.delete(session);
    }
  }

  // -- what the member tells

  confirmed(): void {
    const node = this.#node;
    node.beginEvent(undefined);
    this.held.release();
    this.#askWaiting();
    node.endEvent();
  }

  changed(): void {
    const node = this.#node;
    const { role, shard, topology, self, deadNodes } = this.member;
    const before = this.view;
    node.beginEvent(undefined);
    if (topology !== undefined && (topology !== before?.topology || deadNodes !== before.deadNodes)) {
      this.view = new TopologyView(topology, self, deadNodes);
      this.replies = new ClusterReplies(self, this.view);
      if (topology !== before?.topology) this.subscribers.tell(topology.version);
    }
    const isOther =
      role !== this.#role || shard?.id !== this.#shard?.id || shard?.epoch !== this.#shard?.epoch;
    this.#role = role;
    this.#shard = shard === undefined ? undefined : { id: shard.id, epoch: shard.epoch };
    if (isOther) this.#becomeOther();
    if (isOther || (before !== undefined && this.view !== undefined && before.losesSlotsTo(this.view)))
      this.#sendAway();
    // Last: sessions that waited for it go on at once, and everything is to be as it will be.
    if (isOther) this.held.fail();
    else this.held.check();
    node.endEvent();
  }

  /** From time to time: nothing waits for a lease that is over, and when reads end here, so do those from what clients have kept of them. */
  tick(): void {
    this.held.check();
    const { mayReadHere } = this;
    if (this.#couldReadHere && !mayReadHere) this.#node.tracking.flushed();
    this.#couldReadHere = mayReadHere;
  }

  /** The session is closed, or begins anew: it waits for nothing. */
  forget(session: Session): void {
    this.subscribers.forget(session);
    this.#waiting.delete(session);
  }

  #becomeOther(): void {
    this.#turn++;
    this.#node.leases.moved(this.#shard?.id ?? 0, this.#shard?.epoch ?? 0);
    this.#askWaiting();
  }

  /** Tells all who hang on keys that are not, or no longer surely, as they were here. */
  #sendAway(): void {
    const { tracking, watches, pubsub } = this.#node;
    tracking.flushed();
    watches.breakAll();
    pubsub.leaveShardChannels((channel) => this.#hasChannel(channel));
  }

  #hasChannel(channel: Block): boolean {
    const home = this.view?.homeOf(keySlot(channel, 0, channel.bytes.length));
    return this.#role === 'primary' && home !== undefined && home === this.view?.own;
  }
}

/** Whether the command, called so, changes the data. */
function changesData(command: Command, request: Request): boolean {
  return (command.flags & Trait.CHANGES) !== 0 || takesAwayByWord(command, request);
}

function takesAwayByWord(command: Command, request: Request): boolean {
  return (command.flags & Trait.MAY_TAKE_AWAY) !== 0 && hasOneOf(command.spec.takesAwayWith ?? [], request);
}

function hasOneOf(words: readonly string[], request: Request): boolean {
  for (let i = 2; i < request.count; i++) {
    for (const word of words) if (request.is(i, word)) return true;
  }
  return false;
}

/** Whether a replica can do it. Of shard channels nobody but the primary hears. */
function readsOnly(flags: number, changes: boolean): boolean {
  if (changes || (flags & Trait.SHARD_CHANNEL) !== 0) return false;
  return (flags & Trait.WRITE) === 0 || (flags & Trait.READS_KEYS) !== 0;
}
