/**
 * One host of the world, and what is held for it.
 *
 *   down ──start──> up ──crash──> down            a new life with each start, with a new id if the disk is gone
 *                   up ──stop──> stopped ──> up   what comes meanwhile is held; so is what a step sends after the stop
 *
 * Faults may overlap: it is down or stopped while any of them wants it to be.
 */
import type { Random } from '../base/index.js';
import type { NodeId } from '../ring/index.js';
import type { SimClocks } from './clocks.js';
import type { SimDisk } from './disk.js';
import type { Effects, Life } from './program.js';

/** What came while the host was stopped. */
export type HeldInput<M> =
  | { readonly kind: 'message'; readonly from: NodeId; readonly message: M }
  | { readonly kind: 'persist'; readonly number: number; readonly isKept: boolean };

export interface LaterSend<M> {
  /** Of the persist it waits for. */
  readonly number: number;
  readonly to: NodeId;
  readonly message: M;
}

export class SimHost<M, D, F> {
  readonly index: number;
  /** The first of its ids. */
  readonly name: string;
  readonly isClient: boolean;
  readonly clocks: SimClocks;
  readonly disk: SimDisk<D>;
  readonly random: Random;
  readonly effects: Effects<M, D, F>;

  id: NodeId;
  /** How often its disk was replaced. */
  disks = 0;
  hasLostDisk = false;
  /** Starts with this disk. */
  starts = 0;
  /** Of the life that runs or ran last; counted over the whole world, 0: none yet. */
  lifeNumber = 0;
  isUp = false;
  life: Life<M, D, F> | undefined;
  isStepping = false;
  confirmedNumber = 0;
  laterSends: LaterSend<M>[] = [];

  /** Faults that keep it down, stop it, or make its ticks late. */
  downs = 0;
  stops = 0;
  lates = 0;
  isTickHeld = false;
  heldInputs: HeldInput<M>[] = [];
  heldSends: { readonly to: NodeId; readonly message: M }[] = [];

  constructor(
    index: number,
    name: string,
    isClient: boolean,
    parts: Pick<SimHost<M, D, F>, 'clocks' | 'disk' | 'random'>,
    effectsOf: (host: SimHost<M, D, F>) => Effects<M, D, F>,
  ) {
    this.index = index;
    this.name = name;
    this.id = name;
    this.isClient = isClient;
    this.clocks = parts.clocks;
    this.disk = parts.disk;
    this.random = parts.random;
    this.effects = effectsOf(this);
  }

  /** Nothing of the life is left but its disk. */
  forget(): void {
    this.isUp = false;
    this.life = undefined;
    this.stops = 0;
    this.isTickHeld = false;
    this.confirmedNumber = 0;
    this.laterSends = [];
    this.heldInputs = [];
    this.heldSends = [];
  }
}
