/**
 * The simulated world: hosts that run a program, their disks and clocks, and the network between them, on virtual time.
 *
 *   soonest event ──> tick | message | write over | fault ──> a step of one host ──> effects ──> more events
 *
 * Invariants
 * - One thread, one order of events (time, then the order in which they were added), all randomness from the seed: the same seed
 *   and options give the same run, to the letter.
 * - Time passes only between events; a step takes none.
 * - A host learns of the world through its inputs and clocks alone.
 *
 * Faults are begun and ended by the nemesis, which has the verbs of this class: crash, start, stop, goOn.
 *
 * Cost: an event is no object; a step costs what the program does, and an object for its clocks.
 */
import { assert } from '../base/index.js';
import type { NodeId } from '../ring/index.js';
import type { Moment } from './checker.js';
import { SimClocks } from './clocks.js';
import { deepFreeze } from './deep-freeze.js';
import { SimDisk } from './disk.js';
import { chance, mixed, stream } from './draws.js';
import { EventHeap } from './event-heap.js';
import { type HeldInput, SimHost } from './host.js';
import { Network } from './network.js';
import type { Observers } from './observers.js';
import { DELIVER, type Parcel, Post } from './post.js';
import type { DiskContents, Effects, Program } from './program.js';
import type { Settings } from './settings.js';
import { describeData } from './trace.js';

const TICK = 1;
const PERSIST = 3;
const START = 4;
/** The payload is to be called. */
const LATER = 5;

/** Ticks come up to so much after their time, as timers do. */
const TICK_JITTER_US = 2000;
/** Messages held for a stopped host; more are lost, as buffers have an end. */
const MAX_HELD = 20_000;

export interface WorldOptions {
  readonly seed: number;
  readonly settings: Settings;
  readonly tickMs: number;
  readonly isStrict: boolean;
}

export interface WorldEvents {
  /** A program has made a mark; the nemesis may strike. */
  marked(name: string, count: number, host: number, peer: number | undefined): void;
}

export class World<M, D, F> {
  readonly hosts: readonly SimHost<M, D, F>[];
  readonly network: Network;
  nowUs = 0;
  events = 0;
  /** Of all events so far; equal runs have equal ones. */
  fingerprint = 0;

  readonly #program: Program<M, D, F>;
  readonly #observers: Observers<F>;
  readonly #options: WorldOptions;
  readonly #listener: WorldEvents;
  readonly #heap = new EventHeap();
  readonly #random;
  readonly #post: Post<M, F>;
  #lives = 0;
  #isHealed = false;

  constructor(
    program: Program<M, D, F>,
    names: { readonly nodes: readonly NodeId[]; readonly clients: readonly NodeId[] },
    observers: Observers<F>,
    listener: WorldEvents,
    options: WorldOptions,
  ) {
    const { seed, settings } = options;
    this.#program = program;
    this.#observers = observers;
    this.#listener = listener;
    this.#options = options;
    this.#random = stream(seed, 'world');
    const all = [...names.nodes, ...names.clients];
    this.network = new Network(stream(seed, 'network'), all.length, settings);
    this.#post = new Post(all.length, this.network, this.#heap, observers, options.isStrict);
    this.hosts = all.map((name, index) => {
      const parts = {
        clocks: new SimClocks(stream(seed, `clocks ${name}`), settings.driftPermille / 1000),
        disk: new SimDisk<D>(stream(seed, `disk ${name}`), settings.diskUs),
        random: stream(seed, `program ${name}`),
      };
      this.#post.register(name, index);
      return new SimHost(index, name, index >= names.nodes.length, parts, (host) => this.#effectsOf(host));
    });
  }

  /** Runs until that time, or until something throws. */
  runUntil(untilUs: number): void {
    const heap = this.#heap;
    while (heap.pop()) {
      if (heap.timeUs > untilUs) {
        heap.push(heap.timeUs, heap.kind, heap.host, heap.first, heap.second, heap.payload);
        break;
      }
      this.nowUs = heap.timeUs;
      this.events++;
      this.fingerprint = mixed(this.fingerprint ^ (heap.kind + (heap.host << 3)), heap.timeUs);
      this.#happen(heap.kind, this.hosts[heap.host], heap.first, heap.second, heap.payload);
    }
    this.nowUs = untilUs;
  }

  /** Calls back at that time. For the nemesis. */
  later(atUs: number, call: () => void): void {
    this.#heap.push(Math.max(atUs, this.nowUs), LATER, 0, 0, 0, call);
  }

  /** The life begins at that time, if the host is down then and no fault keeps it there. */
  startAt(host: SimHost<M, D, F>, atUs: number): void {
    this.#heap.push(atUs, START, host.index, 0, 0, undefined);
  }

  /** The life of the host ends, at once, in the middle of a step if need be. */
  crash(host: SimHost<M, D, F>): void {
    if (!host.isUp) return;
    const fate = host.disk.crash(this.nowUs);
    if (fate !== 'none') this.#observers.count(`disk/${fate}`);
    this.#observers.trace(
      this.nowUs,
      host.id,
      'crash',
      fate === 'none' ? '' : `the write under way was ${fate}`,
    );
    host.forget();
    host.clocks.resume(this.nowUs);
    this.#observers.crashed(this.#momentOf(host));
  }

  /** The process no longer runs, and knows nothing of it; suspended: nor does its monotonic clock. */
  stop(host: SimHost<M, D, F>, isSuspend: boolean): void {
    host.stops++;
    if (isSuspend) host.clocks.suspend(this.nowUs);
  }

  goOn(host: SimHost<M, D, F>): void {
    assert(host.stops > 0, `${host.id} was not stopped`);
    host.stops--;
    if (host.stops > 0) return;
    host.clocks.resume(this.nowUs);
    const sends = host.heldSends;
    host.heldSends = [];
    for (const { to, message } of sends) this.#transmit(host, to, message);
    if (chance(this.#random, 0.5)) this.#heldTick(host);
    const life = host.lifeNumber;
    const inputs = host.heldInputs;
    host.heldInputs = [];
    for (const [at, input] of inputs.entries()) {
      if (!host.isUp || host.lifeNumber !== life) return;
      if (host.stops > 0) {
        host.heldInputs.push(...inputs.slice(at));
        return;
      }
      this.#take(host, input);
    }
    this.#heldTick(host);
  }

  /** What clogs hold back on these links, unless another one still does. */
  release(links: readonly number[]): void {
    this.#post.release(this.nowUs, links);
  }

  /** All is well from now on; hosts that are down start within a second. */
  heal(): void {
    this.#isHealed = true;
    this.network.heal();
    this.#post.release(this.nowUs);
    for (const host of this.hosts) {
      host.lates = 0;
      host.downs = 0;
      host.disk.heal();
      if (host.stops > 0) {
        host.stops = 1;
        this.goOn(host);
      }
      if (!host.isUp) this.startAt(host, this.nowUs + this.#random.below(1_000_000));
    }
  }

  #happen(kind: number, host: SimHost<M, D, F>, first: number, second: number, payload: unknown): void {
    switch (kind) {
      case TICK:
        if (host.lifeNumber === first && host.isUp) this.#tick(host);
        break;
      case DELIVER:
        this.#deliver(host, first, payload as Parcel<M>);
        break;
      case PERSIST:
        if (host.lifeNumber === first && host.isUp) this.#persistIsOver(host, second);
        break;
      case START:
        if (!host.isUp && host.downs === 0) this.#start(host);
        break;
      default:
        (payload as () => void)();
    }
  }

  #start(host: SimHost<M, D, F>): void {
    const contents = this.#findDisk(host);
    host.starts++;
    host.lifeNumber = ++this.#lives;
    host.isUp = true;
    host.clocks.begin(this.nowUs, chance(host.random, 0.5));
    const incarnation = `${host.starts}-${host.random.uint32().toString(16).padStart(8, '0')}`;
    if (contents.kind !== 'damaged' && contents.hasTornWrite) this.#observers.count('disk/torn-seen');
    if (this.#observers.isTraced) {
      this.#observers.trace(this.nowUs, host.id, 'start', `life ${incarnation}, disk ${contents.kind}`);
    }
    this.#observers.started(this.#momentOf(host));
    const clocks = host.clocks.read(this.nowUs);
    const { id, isClient, random, lifeNumber } = host;
    host.isStepping = true;
    const life = this.#program.start(
      { id, incarnation, isClient, disk: contents, clocks, random },
      host.effects,
    );
    host.isStepping = false;
    if (!host.isUp) return;
    host.life = life;
    const firstTickUs = this.nowUs + this.#random.below(this.#options.tickMs * 1000);
    this.#heap.push(firstTickUs, TICK, host.index, lifeNumber, 0, undefined);
  }

  /** Without what was on its disk a host is another one. */
  #findDisk(host: SimHost<M, D, F>): DiskContents<D> {
    if (host.hasLostDisk) host.disk.wipe();
    const contents = host.disk.contents();
    if (!host.hasLostDisk && contents.kind !== 'damaged') return contents;
    host.disk.wipe();
    host.hasLostDisk = false;
    host.disks++;
    host.starts = 0;
    host.id = `${host.name}-${host.disks + 1}`;
    this.#post.register(host.id, host.index);
    return contents;
  }

  #tick(host: SimHost<M, D, F>): void {
    if (host.stops > 0) {
      host.isTickHeld = true;
      return;
    }
    if (this.#observers.isTraced) this.#observers.trace(this.nowUs, host.id, 'tick');
    const { lifeNumber } = host;
    host.isStepping = true;
    host.life?.tick(host.clocks.read(this.nowUs), host.effects);
    host.isStepping = false;
    if (host.isUp) this.#heap.push(this.#nextTickUs(host), TICK, host.index, lifeNumber, 0, undefined);
  }

  #heldTick(host: SimHost<M, D, F>): void {
    if (!host.isTickHeld || !host.isUp || host.stops > 0) return;
    host.isTickHeld = false;
    this.#tick(host);
  }

  #nextTickUs(host: SimHost<M, D, F>): number {
    const { tickMs, settings } = this.#options;
    const { latePermille, lateMs } = settings;
    let atUs = this.nowUs + tickMs * 1000 + this.#random.below(TICK_JITTER_US);
    const isLate = !this.#isHealed && latePermille > 0 && this.#random.below(1000) < latePermille;
    if (host.lates > 0 || isLate) atUs += this.#random.below(lateMs * 1000);
    return atUs;
  }

  #deliver(host: SimHost<M, D, F>, link: number, parcel: Parcel<M>): void {
    const isCut = this.#options.settings.cutsInFlight && this.network.has('cut', link);
    if (!host.isUp || host.id !== parcel.to || isCut || host.heldInputs.length >= MAX_HELD) {
      const why = isCut ? 'cut under way' : 'nobody is there';
      if (this.#observers.isTraced) this.#post.trace('lost', parcel, why, this.nowUs);
      return;
    }
    const input = { kind: 'message', from: parcel.from, message: parcel.message } as const;
    if (host.stops > 0) host.heldInputs.push(input);
    else this.#take(host, input);
  }

  #persistIsOver(host: SimHost<M, D, F>, number: number): void {
    const input = { kind: 'persist', number, isKept: host.disk.complete(number) } as const;
    if (host.stops > 0) host.heldInputs.push(input);
    else this.#take(host, input);
  }

  #take(host: SimHost<M, D, F>, input: HeldInput<M>): void {
    const { life, effects } = host;
    assert(life !== undefined, `${host.id} has no life to take an input`);
    const clocks = host.clocks.read(this.nowUs);
    host.isStepping = true;
    if (input.kind === 'message') {
      if (this.#observers.isTraced) {
        this.#observers.trace(
          this.nowUs,
          host.id,
          'receive',
          `from ${input.from}: ${describeData(input.message)}`,
        );
      }
      life.receive(input.from, input.message, clocks, effects);
    } else {
      this.#observers.trace(this.nowUs, host.id, input.isKept ? 'kept' : 'failed', `persist ${input.number}`);
      this.#sendLater(host, input.number, input.isKept);
      if (input.isKept) life.persisted(input.number, clocks, effects);
      else life.persistFailed(input.number, clocks, effects);
    }
    host.isStepping = false;
  }

  /** What waited for that write goes out, or, if it failed, never does. */
  #sendLater(host: SimHost<M, D, F>, number: number, isKept: boolean): void {
    host.confirmedNumber = number;
    if (host.laterSends.length === 0) return;
    const due = host.laterSends.filter((one) => one.number <= number);
    host.laterSends = host.laterSends.filter((one) => one.number > number);
    if (isKept) for (const { to, message } of due) this.#transmit(host, to, message);
  }

  #transmit(host: SimHost<M, D, F>, to: NodeId, message: M): void {
    this.#post.send(host.index, host.id, to, message, this.nowUs);
  }

  #momentOf(host: SimHost<M, D, F>): Moment {
    return { nowMs: this.nowUs / 1000, node: host.id, life: host.lifeNumber };
  }

  #effectsOf(host: SimHost<M, D, F>): Effects<M, D, F> {
    // False after a crash in the middle of the step.
    const goesOn = (): boolean => {
      assert(host.isStepping, `${host.name} acts outside of a step`);
      return host.isUp;
    };
    return {
      send: (to, message) => {
        if (!goesOn()) return;
        if (host.stops > 0) host.heldSends.push({ to, message });
        else this.#transmit(host, to, message);
      },
      persist: (state, number) => {
        if (!goesOn()) return;
        if (this.#options.isStrict) deepFreeze(state);
        if (this.#observers.isTraced) {
          this.#observers.trace(this.nowUs, host.id, 'persist', `${number}: ${describeData(state)}`);
        }
        const dueUs = host.disk.begin(state, number, this.nowUs);
        this.#heap.push(dueUs, PERSIST, host.index, host.lifeNumber, number, undefined);
      },
      sendAfterPersist: (number, to, message) => {
        if (!goesOn()) return;
        assert(number > host.confirmedNumber, `${host.id} waits for persist ${number}, which is over`);
        host.laterSends.push({ number, to, message });
      },
      note: (what) => {
        if (goesOn()) this.#observers.trace(this.nowUs, host.id, 'note', what);
      },
      mark: (name, peer) => {
        if (!goesOn()) return;
        const count = this.#observers.mark(name, peer, this.#momentOf(host));
        this.#listener.marked(
          name,
          count,
          host.index,
          peer === undefined ? undefined : this.#post.hostOf(peer),
        );
      },
      report: (fact) => {
        if (goesOn()) this.#observers.fact(fact, this.#momentOf(host));
      },
    };
  }
}
