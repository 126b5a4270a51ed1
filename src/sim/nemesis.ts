/**
 * Begins and ends the faults of a run: those of the plan at their times, those aimed at marks when they are made. When the world
 * is to heal it ends all that are under way and begins no more.
 *
 * A fault is left out if there are enough of them under way, if too many disks would be lost, or if the run names those that
 * may happen (`chosen`) and it is not among them.
 */

import { assert, type Random } from '../base/index.js';
import type { Aiming } from './aim.js';
import { type Cast, describeFault, type Fault, type HostFaultEvent, isLinkFault } from './faults.js';
import type { SimHost } from './host.js';
import type { Observers } from './observers.js';
import type { World, WorldEvents } from './world.js';

/** Hosts that restart together do so within the time for which they were down, and no more than that. */
const MAX_RESTART_SPREAD_MS = 2000;

export interface NemesisLimits {
  readonly maxActive: number;
  readonly maxLostDisks: number;
  /** The ids of the faults that may happen; undefined: all. */
  readonly chosen: ReadonlySet<string> | undefined;
}

/** A fault that has begun, and the lives it has stopped: another life is not stopped by it. */
interface Active {
  readonly fault: Fault;
  readonly lives: readonly number[];
}

export class Nemesis<M, D, F> implements WorldEvents {
  /** Those that began, in order. */
  readonly begun: Fault[] = [];
  readonly #cast: Cast;
  readonly #aim: Aiming;
  readonly #limits: NemesisLimits;
  readonly #observers: Observers<F>;
  readonly #random: Random;
  readonly #active = new Set<Active>();
  #world: World<M, D, F> | undefined;
  #lostDisks = 0;
  #isOver = false;

  constructor(cast: Cast, aim: Aiming, limits: NemesisLimits, observers: Observers<F>, random: Random) {
    this.#cast = cast;
    this.#aim = aim;
    this.#limits = limits;
    this.#observers = observers;
    this.#random = random;
  }

  /** Takes hold of a world, before it runs. */
  begin(world: World<M, D, F>, plan: readonly Fault[]): void {
    this.#world = world;
    for (const fault of plan) world.later(fault.atMs * 1000, () => this.#strike(fault));
  }

  marked(name: string, count: number, host: number, peer: number | undefined): void {
    const world = this.#world;
    if (this.#isOver || world === undefined) return;
    const nowMs = world.nowUs / 1000;
    for (const fault of this.#aim.at(name, count, host, peer, nowMs, this.#cast)) {
      if (fault.atMs <= nowMs) this.#strike(fault);
      else world.later(Math.round(fault.atMs * 1000), () => this.#strike(fault));
    }
  }

  heal(): void {
    this.#isOver = true;
    this.#active.clear();
    this.#observers.trace(this.#worldOf().nowUs, '-', 'heal', 'all faults end');
    this.#worldOf().heal();
  }

  #worldOf(): World<M, D, F> {
    assert(this.#world !== undefined, 'the nemesis has no world yet');
    return this.#world;
  }

  #strike(fault: Fault): void {
    const { chosen, maxActive } = this.#limits;
    if (this.#isOver || (chosen === undefined ? this.#active.size >= maxActive : !chosen.has(fault.id)))
      return;
    if (!isLinkFault(fault) && !this.#mayStrike(fault)) return;
    const world = this.#worldOf();
    this.begun.push(fault);
    this.#observers.count(`fault/${fault.kind}`);
    if (this.#observers.isTraced) {
      this.#observers.trace(world.nowUs, '-', 'fault', `${fault.id}: ${describeFault(fault, this.#cast)}`);
    }
    const hosts = isLinkFault(fault) ? [] : fault.hosts.map((index) => world.hosts[index]);
    const active = { fault, lives: hosts.map(({ lifeNumber }) => lifeNumber) };
    this.#active.add(active);
    if (isLinkFault(fault)) world.network.begin(fault.kind, fault.links);
    else for (const host of hosts) this.#strikeHost(world, fault, host);
    world.later(world.nowUs + fault.durationMs * 1000, () => this.#end(active));
  }

  #mayStrike({ kind, hosts }: HostFaultEvent): boolean {
    if (hosts.some((host) => host >= this.#cast.nodes)) return false;
    if (kind === 'wipe' || kind === 'flip') return this.#lostDisks < this.#limits.maxLostDisks;
    if (kind === 'pause' || kind === 'suspend')
      return hosts.every((host) => this.#worldOf().hosts[host].isUp);
    return true;
  }

  #strikeHost(world: World<M, D, F>, fault: HostFaultEvent, host: SimHost<M, D, F>): void {
    switch (fault.kind) {
      case 'wipe':
      case 'flip':
        this.#lostDisks++;
        host.downs++;
        world.crash(host);
        if (fault.kind === 'wipe') host.hasLostDisk = true;
        else host.disk.flip();
        break;
      case 'crash':
      case 'restart-many':
        host.downs++;
        world.crash(host);
        break;
      case 'pause':
      case 'suspend':
        world.stop(host, fault.kind === 'suspend');
        break;
      case 'late':
        host.lates++;
        break;
      case 'jump':
        host.clocks.jump(world.nowUs, fault.byMs);
        break;
      case 'rate':
        host.clocks.changeRates(world.nowUs);
        break;
      case 'disk-slow':
        host.disk.slow(1);
        break;
      case 'disk-full':
        host.disk.full(1);
        break;
      case 'disk-error':
        host.disk.error();
        break;
    }
  }

  #end(active: Active): void {
    if (!this.#active.delete(active)) return;
    const world = this.#worldOf();
    const { fault, lives } = active;
    if (this.#observers.isTraced) {
      this.#observers.trace(world.nowUs, '-', 'fault', `${fault.id}: ${fault.kind} is over`);
    }
    if (isLinkFault(fault)) {
      world.network.end(fault.kind, fault.links);
      if (fault.kind === 'clog') world.release(fault.links);
      return;
    }
    for (const [at, index] of fault.hosts.entries())
      this.#endHost(world, fault, world.hosts[index], lives[at]);
  }

  #endHost(world: World<M, D, F>, fault: HostFaultEvent, host: SimHost<M, D, F>, life: number): void {
    switch (fault.kind) {
      case 'wipe':
      case 'flip':
      case 'crash':
        host.downs--;
        world.startAt(host, world.nowUs);
        break;
      case 'restart-many': {
        const spreadMs = Math.min(fault.durationMs, MAX_RESTART_SPREAD_MS);
        host.downs--;
        world.startAt(host, world.nowUs + this.#random.below(spreadMs * 1000 + 1));
        break;
      }
      case 'pause':
      case 'suspend':
        if (host.isUp && host.lifeNumber === life) world.goOn(host);
        break;
      case 'late':
        host.lates--;
        break;
      case 'disk-slow':
        host.disk.slow(-1);
        break;
      case 'disk-full':
        host.disk.full(-1);
        break;
      // These three are done when they begin.
      case 'jump':
      case 'rate':
      case 'disk-error':
        break;
    }
  }
}
