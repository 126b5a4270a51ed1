/**
 * Three nodes that replicate one shard, in a network that loses, doubles and reorders, while some of them start anew and others
 * are promoted. Who is primary, and who is in sync, is agreed at once: that part is the register's.
 */
import assert from 'node:assert/strict';
import { Random } from '../../base/index.js';
import { isSameLife, type NodeId, type NodeLife } from '../../ring/index.js';
import { Backlog } from './backlog.js';
import type { History } from './history.js';
import type { ReplicationMessage } from './messages.js';
import { PrimaryStream } from './primary-stream.js';
import { ReplicaStream } from './replica-stream.js';
import type { ReplicatedStore } from './store.js';

export interface Write {
  readonly key: string;
  /** Undefined: deleted. */
  readonly value: number | undefined;
}

/** Keeps what is sent. */
export function newOutbox() {
  const sent: ReplicationMessage<Write>[] = [];
  const outbox = {
    send: (_to: string, message: ReplicationMessage<Write>) => void sent.push(message),
    persist() {},
    sendAfterPersist() {},
    note() {},
  };
  return { sent, outbox };
}

const KEYS = 40;
const BACKLOG_BYTES = 60;
/** So that the slices of a full sync go in several steps. */
const WINDOW_BYTES = 8;
const TICK_MS = 20;
const sizeOf = (): number => 1;

/** A map, and a walk over it in slices of three. */
export class MapStore implements ReplicatedStore<Write> {
  readonly entries = new Map<string, number>();
  readonly #isLate: boolean;

  /** `isLate`: slices come as they were one slice before, as if they travelled apart from the writes. */
  constructor(isLate = false) {
    this.#isLate = isLate;
  }

  apply({ key, value }: Write): void {
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, value);
  }

  clear(): void {
    this.entries.clear();
  }

  walk() {
    let place = 0;
    let last: Write[] | undefined = [];
    const next = (): Write[] | undefined => {
      if (place >= KEYS) return undefined;
      const slice: Write[] = [];
      for (const end = place + 3; place < end; place++) {
        const value = this.entries.get(`k${place}`);
        if (value !== undefined) slice.push({ key: `k${place}`, value });
      }
      return slice;
    };
    const late = (): Write[] | undefined => {
      const before = last;
      last = next();
      return before;
    };
    return { next: this.#isLate ? late : next, end: () => {} };
  }
}

interface Member {
  life: NodeLife;
  store: MapStore;
  backlog: Backlog<Write>;
  held: History | undefined;
  primary: PrimaryStream<Write> | undefined;
  replica: ReplicaStream<Write> | undefined;
}

interface Letter {
  readonly from: NodeLife;
  readonly to: NodeId;
  readonly message: ReplicationMessage<Write>;
}

/** What was written in an epoch, behind what its primary had taken over. */
interface Chapter {
  readonly from: History;
  readonly writes: Write[];
}

export class Group {
  readonly notes: string[] = [];
  promotions = 0;
  fullSyncs = 0;
  confirmedWrites = 0;
  readonly #random: Random;
  readonly #mutants: ReadonlySet<string>;
  readonly #members: Member[] = [];
  readonly #chapters = new Map<number, Chapter>();
  #letters: Letter[] = [];
  #epoch = 0;
  #primary = 0;
  #inSync: NodeLife[] = [];
  #lives = 0;
  #values = 0;
  #nowMs = 0;
  /** What was acknowledged: the last of each key. */
  #confirmed: History = { epoch: 0, offset: 0 };
  loss = 0.02;

  constructor(seed: number, mutants: ReadonlySet<string> = new Set()) {
    this.#random = new Random(seed);
    this.#mutants = mutants;
    for (let i = 0; i < 3; i++) this.#members.push(this.#newborn(`n${i}`));
    this.#members[0].held = { epoch: 0, offset: 0 };
    this.#promote(0);
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#step(this.#random.below(100));
      this.#check();
    }
  }

  /** Nothing goes wrong any more: all replicas hold what the primary holds. */
  heal(): void {
    this.loss = 0;
    for (let step = 0; step < 400; step++) {
      this.#tick();
      while (this.#letters.length > 0) this.#deliver(0);
      this.#check();
    }
    const { store } = this.#members[this.#primary];
    for (const member of this.#members) {
      assert.deepEqual(
        member.store.entries,
        new Map(store.entries),
        `${member.life.node} has come to hold the same`,
      );
    }
    assert.equal(this.#inSync.length, 3, 'all are in sync');
  }

  #step(die: number): void {
    const { primary } = this.#members[this.#primary];
    if (die < 15) this.#write(primary as PrimaryStream<Write>);
    else if (die < 30) this.#tick();
    else if (die < 97)
      this.#deliver(this.#random.below(20) === 0 ? this.#random.below(Math.max(1, this.#letters.length)) : 0);
    else if (die < 98) this.#restart(this.#random.below(3));
    else this.#failOver();
  }

  #write(primary: PrimaryStream<Write>): void {
    const key = `k${this.#random.below(KEYS)}`;
    const write = { key, value: this.#random.below(3) === 0 ? undefined : ++this.#values };
    this.#members[this.#primary].store.apply(write);
    primary.append(write);
    this.#chapters.get(this.#epoch)?.writes.push(write);
  }

  #tick(): void {
    this.#nowMs += TICK_MS;
    for (const member of this.#members) {
      const outbox = this.#outboxOf(member);
      member.primary?.tick(this.#replicas(), this.#clocks(), outbox);
      member.replica?.tick(this.#clocks(), outbox);
    }
    this.#agree();
  }

  /** What the primary asks of the register. */
  #agree(): void {
    const { primary, life } = this.#members[this.#primary];
    if (primary === undefined) return;
    for (const out of primary.wantsOut) this.#inSync = this.#inSync.filter((one) => !isSameLife(one, out));
    for (const replica of this.#replicas()) {
      const isIn = this.#inSync.some((one) => isSameLife(one, replica));
      const confirmed = primary.confirmed(this.#others(this.#inSync, life));
      if (!isIn && primary.isCaughtUp(replica, Math.max(primary.takeoverOffset, confirmed)))
        this.#inSync.push(replica);
    }
  }

  #deliver(place: number): void {
    const [letter] = this.#letters.splice(place, 1);
    if (letter === undefined || this.#random.below(100) < 100 * this.loss) return;
    if (this.loss > 0 && this.#random.below(50) === 0) this.#letters.push(letter);
    const member = this.#members.find(({ life }) => life.node === letter.to) as Member;
    const outbox = this.#outboxOf(member);
    const others = this.#others(this.#inSync, member.life);
    member.primary?.receive(letter.from, letter.message, others, this.#clocks(), outbox);
    member.replica?.receive(letter.from, letter.message, this.#clocks(), outbox);
    if (letter.message.kind === 'replication/attach') this.#agree();
  }

  /** A replica ends and comes back empty. */
  #restart(place: number): void {
    if (place === this.#primary) return;
    const { life } = this.#members[place];
    // The register hears of the new life, whose copy is not in sync.
    this.#inSync = this.#inSync.filter((one) => !isSameLife(one, life));
    this.#members[place] = this.#newborn(life.node);
    this.#follow(place);
  }

  #failOver(): void {
    const candidates = this.#members
      .map(({ life }, place) => ({ life, place }))
      .filter(
        ({ life, place }) => place !== this.#primary && this.#inSync.some((one) => isSameLife(one, life)),
      );
    if (candidates.length === 0) return;
    const old = this.#primary;
    const { place } = candidates[this.#random.below(candidates.length)];
    const member = this.#members[place];
    member.held = member.replica?.held;
    if (!this.#mutants.has('full-sync-in-set'))
      assert.ok(member.held, 'a member of the in-sync set holds a whole copy');
    member.held ??= { epoch: this.#epoch, offset: 0 };
    const isCrash = this.#random.below(2) === 0;
    const before = this.#members[old];
    before.held = before.primary?.history;
    this.#inSync = this.#inSync.filter((one) => !isSameLife(one, before.life));
    if (isCrash) this.#members[old] = this.#newborn(before.life.node);
    this.#promote(place);
  }

  #promote(place: number): void {
    const member = this.#members[place];
    const from = member.held as History;
    this.promotions++;
    this.#primary = place;
    this.#epoch++;
    const epoch = this.#epoch;
    this.#chapters.set(epoch, { from, writes: [] });
    this.#assertConfirmed(from);
    if (!this.#inSync.some((one) => isSameLife(one, member.life))) this.#inSync.push(member.life);
    const { store, backlog } = member;
    if (backlog.last !== from.offset) backlog.restart(from.offset);
    const options = {
      shard: 0,
      takeover: { epoch, from },
      store,
      backlog,
      sizeOf,
      windowBytes: WINDOW_BYTES,
      mutants: this.#mutants,
    };
    member.primary = new PrimaryStream(options, this.#clocks());
    member.replica = undefined;
    for (let other = 0; other < 3; other++) if (other !== place) this.#follow(other);
  }

  #follow(place: number): void {
    const member = this.#members[place];
    member.held = member.primary?.history ?? member.replica?.held ?? member.held;
    member.primary = undefined;
    const { store, backlog, held } = member;
    const primary = this.#members[this.#primary].life;
    const options = { shard: 0, epoch: this.#epoch, primary, store, backlog, held, mutants: this.#mutants };
    member.replica = new ReplicaStream<Write>(options, this.#clocks());
  }

  /** What was acknowledged is in the history that begins here. */
  #assertConfirmed(from: History): void {
    const { epoch, offset } = this.#firstNamed(this.#confirmed);
    let at = from;
    while (at.epoch > epoch) at = (this.#chapters.get(at.epoch) as Chapter).from;
    const message = `offset ${offset} of epoch ${epoch} was acknowledged, and is lost`;
    assert.ok(at.epoch === epoch && at.offset >= offset, message);
  }

  /** The same point in the epoch in which it was written: what a primary took over has a name in both. */
  #firstNamed({ epoch, offset }: History): History {
    const from = this.#chapters.get(epoch)?.from;
    return from === undefined || offset > from.offset
      ? { epoch, offset }
      : this.#firstNamed({ epoch: from.epoch, offset });
  }

  #check(): void {
    const { primary, life } = this.#members[this.#primary];
    const confirmed = (primary as PrimaryStream<Write>).confirmed(
      this.#mutants.has('ack-of-one')
        ? this.#others(this.#inSync, life).slice(0, 1)
        : this.#others(this.#inSync, life),
    );
    const before = this.#confirmed;
    if (
      confirmed > before.offset ||
      (confirmed >= 0 && before.epoch < this.#epoch && confirmed >= before.offset)
    ) {
      this.confirmedWrites += Math.max(0, confirmed - before.offset);
      this.#confirmed = { epoch: this.#epoch, offset: confirmed };
    }
    for (const { store, replica, life } of this.#members) this.#checkCopy(life, store, replica?.held);
  }

  /** A copy is a point of the history, whenever it says that it is one. */
  #checkCopy({ node, incarnation }: NodeLife, { entries }: MapStore, held: History | undefined): void {
    const point = held === undefined ? '' : `${incarnation}: ${held.epoch}/${held.offset}`;
    if (held === undefined || this.#checked.get(node) === point) return;
    this.#checked.set(node, point);
    const expected = this.#replay(held);
    const isSame =
      entries.size === expected.size && [...expected].every(([key, value]) => entries.get(key) === value);
    assert.ok(isSame, `${node} holds offset ${held.offset} of epoch ${held.epoch}`);
  }

  readonly #checked = new Map<NodeId, string>();
  readonly #replays = new Map<string, Map<string, number>>();

  /** What a store holds at this point of the history. */
  #replay({ epoch, offset }: History): Map<string, number> {
    const name = `${epoch}/${offset}`;
    const known = this.#replays.get(name);
    if (known !== undefined) return known;
    const store = new MapStore();
    const chapter = this.#chapters.get(epoch);
    if (chapter !== undefined) {
      const { from, writes } = chapter;
      for (const [key, value] of this.#replay(from)) store.entries.set(key, value);
      for (const write of writes.slice(0, offset - from.offset)) store.apply(write);
    }
    this.#replays.set(name, store.entries);
    return store.entries;
  }

  #newborn(node: NodeId): Member {
    const backlog = new Backlog<Write>(0, BACKLOG_BYTES, sizeOf);
    const life = { node, incarnation: `${++this.#lives}-a` };
    return {
      life,
      store: new MapStore(this.#mutants.has('late-slice')),
      backlog,
      held: undefined,
      primary: undefined,
      replica: undefined,
    };
  }

  #replicas(): NodeLife[] {
    return this.#members.filter((_, place) => place !== this.#primary).map(({ life }) => life);
  }

  #others(members: readonly NodeLife[], self: NodeLife): NodeLife[] {
    return members.filter((life) => !isSameLife(life, self));
  }

  #clocks() {
    return { monotonicMs: this.#nowMs, holderMs: this.#nowMs };
  }

  #outboxOf({ life }: Member) {
    return {
      send: (to: NodeId, message: ReplicationMessage<Write>) => {
        if (message.kind === 'replication/batch' && message.number === 0 && message.isFull) this.fullSyncs++;
        this.#letters.push({ from: life, to, message });
      },
      persist: () => {},
      sendAfterPersist: () => {},
      note: (what: string) => void this.notes.push(what),
    };
  }
}
