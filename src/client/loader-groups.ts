/**
 * The loader groups of a cache: each bounds how many of its loads run at once, and how many may wait for their turn.
 * What a group decides is in core/loader-group.ts; here are its promises and its timers.
 */
import { LoaderGroup, type LoaderGroupStats, MAX_QUEUED_LOADS } from './core/index.js';
import { LoadShed } from './errors.js';
import type { Timer, TimeSource } from './time.js';

export interface LoaderGroupOptions {
  /** Most loads at once, of all processes of the fleet together. Default 100. */
  readonly cap?: number;
  /** Most loads of this process that wait for their turn; more are turned away. Default 1,000. */
  readonly maxQueued?: number;
  /** So many processes of the fleet share the cap, until their server has told. Default 1. */
  readonly processes?: number;
  /** How long one waits for its turn at most, in ms; then it is turned away. Default 1,000. */
  readonly maxQueuedMs?: number;
}

export const groupDefaults: Required<LoaderGroupOptions> = Object.freeze({
  cap: 100,
  maxQueued: MAX_QUEUED_LOADS,
  processes: 1,
  maxQueuedMs: 1_000,
});

/** A load that waits for its turn. */
interface Turn {
  readonly begin: () => void;
  readonly turnAway: (why: string) => void;
}

export class Group {
  readonly name: string;
  readonly #options: Required<LoaderGroupOptions>;
  readonly #time: TimeSource;
  readonly #group: LoaderGroup<Turn>;
  #timer: Timer | undefined;

  constructor(name: string, options: Required<LoaderGroupOptions>, time: TimeSource) {
    this.name = name;
    this.#options = options;
    this.#time = time;
    this.#group = new LoaderGroup<Turn>({
      share: Math.max(1, Math.floor(options.cap / options.processes)),
      maxQueued: options.maxQueued,
      start: (turn) => turn.begin(),
      expired: (turn) => turn.turnAway(`it waited ${options.maxQueuedMs} ms for its turn`),
    });
  }

  /** So many processes share the cap, as long as nobody says otherwise. */
  get processes(): number {
    return this.#options.processes;
  }

  /** Resolves when a load may begin; call `leave` when it has ended. Rejects with a LoadShed. */
  enter(): Promise<void> {
    return new Promise((resolve, reject) => {
      const turnAway = (why: string): void => reject(new LoadShed(this.name, why));
      const turn: Turn = { begin: resolve, turnAway };
      const now = this.#time.now();
      const admission = this.#group.enter(turn, now + this.#options.maxQueuedMs, now);
      if (admission === 'run') resolve();
      else if (admission === 'shed') turnAway(`${this.#options.maxQueued} loads wait already`);
      else this.#schedule();
    });
  }

  leave(): void {
    this.#group.leave(this.#time.now());
  }

  /** So many processes of the fleet use this group. */
  setProcesses(processes: number): void {
    this.#group.setShare(this.#options.cap, Math.max(1, processes), this.#time.now());
  }

  stats(): LoaderGroupStats {
    return this.#group.stats();
  }

  #schedule(): void {
    const dueMs = this.#group.nextDeadlineMs;
    if (this.#timer !== undefined || dueMs === Number.POSITIVE_INFINITY) return;
    const expire = (): void => {
      this.#timer = undefined;
      this.#group.expire(this.#time.now());
      this.#schedule();
    };
    this.#timer = this.#time.later(expire, Math.max(1, dueMs - this.#time.now()), true);
  }
}
