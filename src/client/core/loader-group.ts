/**
 * How many loads of one kind run at once, so that the database survives the death of its cache.
 *
 *   enter ---- room ----------------------------> running (at most `share`) ---- leave
 *     |                                             ^                              |
 *     +------- no room ------> queue (FIFO) --------+--- the next whose deadline has not passed
 *     |                          | cancel, or its deadline passes
 *     +-- the queue is full      v
 *     v                         gone
 *    shed
 *
 * The cap counts for the fleet, and the counter of a fleet would be the cache, which is what died. So each process
 * uses cap / processes, as the nodes last told it, and at least 1: with more processes than the cap there are as many
 * loads as processes. Who never heard uses the share it was configured with. A lower share interrupts no load; none
 * begins until as many have ended.
 *
 * A waiter that is shed is told at once, since an error now is worth more to its caller than a value too late. A
 * deadline is looked at when a load ends and in `expire`, which the owner calls at `nextDeadlineMs`.
 *
 * Invariant: where somebody waits, at least `share` loads run. Cost: O(1), but for `expire`, which looks at the whole
 * queue, and only if a deadline may have passed. Each waiter is one small object, and `maxQueued` bounds them.
 */
import { assert } from '../../base/index.js';

export interface LoaderGroupOptions<Task> {
  /** Loads at once in this process until `setShare` is called: at least 1. */
  readonly share: number;
  /** Waiters at once; the next one is shed. 0: nobody waits. */
  readonly maxQueued: number;
  /** A waiter's turn has come. Its load runs now; it may call the group. */
  readonly start: (task: Task) => void;
  /** A waiter's deadline has passed. It may call the group. */
  readonly expired: (task: Task) => void;
}

/** Waiters of a group: 1,000 at 20 ms a load and a share of 50 have waited 0.4 s; more of them come too late. */
export const MAX_QUEUED_LOADS = 1_000;

export type LoadAdmission = 'run' | 'queued' | 'shed';

export interface LoaderGroupStats {
  readonly share: number;
  readonly running: number;
  readonly queued: number;
  /** So many were turned away since the queue was full, or their deadline had passed when they came. */
  readonly shed: number;
  /** The deadline of so many passed in the queue. */
  readonly expired: number;
  readonly peakRunning: number;
  readonly peakQueued: number;
}

interface Waiter<Task> {
  readonly task: Task;
  readonly deadlineMs: number;
  before: Waiter<Task> | undefined;
  after: Waiter<Task> | undefined;
}

export class LoaderGroup<Task> {
  readonly #options: LoaderGroupOptions<Task>;
  readonly #waiters = new Map<Task, Waiter<Task>>();
  #first: Waiter<Task> | undefined;
  #last: Waiter<Task> | undefined;
  /** No deadline in the queue is earlier. */
  #earliestMs = Number.POSITIVE_INFINITY;
  #isFilling = false;
  #share: number;
  #running = 0;
  #shed = 0;
  #expired = 0;
  #peakRunning = 0;
  #peakQueued = 0;

  constructor(options: LoaderGroupOptions<Task>) {
    assert(options.share >= 1, `a share is at least 1, not ${options.share}`);
    this.#options = options;
    this.#share = Math.floor(options.share);
  }

  /**
   * Asks for a load. 'run': begin it now, and call `leave` when it has ended, whatever way. 'queued': `start` or
   * `expired` will be called with it, unless it is cancelled. 'shed': there is no room.
   */
  enter(task: Task, deadlineMs: number, nowMs: number): LoadAdmission {
    assert(!this.#waiters.has(task), 'a task waits once');
    if (deadlineMs > nowMs && this.#running < this.#share && this.#first === undefined) {
      this.#run();
      return 'run';
    }
    if (this.#waiters.size >= this.#options.maxQueued) this.expire(nowMs);
    if (deadlineMs <= nowMs || this.#waiters.size >= this.#options.maxQueued) {
      this.#shed++;
      return 'shed';
    }
    this.#append(task, deadlineMs);
    return 'queued';
  }

  /** A load has ended: the next ones begin. */
  leave(nowMs: number): void {
    assert(this.#running > 0, 'a load ends once');
    this.#running--;
    this.#fill(nowMs);
  }

  /** Takes a waiter out of the queue. False if it does not wait: then it runs, has ended, or has expired. */
  cancel(task: Task): boolean {
    const waiter = this.#waiters.get(task);
    if (waiter === undefined) return false;
    this.#remove(waiter);
    return true;
  }

  /** From the moment it is at the latest, `expire` has something to do; Infinity while nobody waits with a deadline. */
  get nextDeadlineMs(): number {
    return this.#earliestMs;
  }

  /** Takes out every waiter whose deadline has passed. */
  expire(nowMs: number): void {
    if (nowMs < this.#earliestMs) return;
    const expired: Task[] = [];
    let earliestMs = Number.POSITIVE_INFINITY;
    for (let waiter = this.#first; waiter !== undefined; waiter = waiter.after) {
      if (waiter.deadlineMs > nowMs) {
        earliestMs = Math.min(earliestMs, waiter.deadlineMs);
        continue;
      }
      this.#remove(waiter);
      expired.push(waiter.task);
    }
    this.#earliestMs = earliestMs;
    this.#expired += expired.length;
    for (const task of expired) this.#options.expired(task);
  }

  /** So many processes share the cap of the fleet, as a node said: this one uses its part of it from now on. */
  setShare(cap: number, processes: number, nowMs: number): void {
    assert(cap >= 1 && processes >= 1, `a cap of ${cap} among ${processes} processes`);
    this.#share = Math.max(1, Math.floor(cap / processes));
    this.#fill(nowMs);
  }

  stats(): LoaderGroupStats {
    return {
      share: this.#share,
      running: this.#running,
      queued: this.#waiters.size,
      shed: this.#shed,
      expired: this.#expired,
      peakRunning: this.#peakRunning,
      peakQueued: this.#peakQueued,
    };
  }

  /**
   * Starts waiters while there is room. A load that ends within `start` comes here again: the loop below goes on with
   * its room, so that a thousand loads which end at once need no deep stack.
   */
  #fill(nowMs: number): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      while (this.#running < this.#share && this.#first !== undefined) {
        const { task, deadlineMs } = this.#first;
        this.#remove(this.#first);
        if (deadlineMs <= nowMs) {
          this.#expired++;
          this.#options.expired(task);
        } else {
          this.#run();
          this.#options.start(task);
        }
      }
    } finally {
      this.#isFilling = false;
    }
  }

  #run(): void {
    this.#running++;
    this.#peakRunning = Math.max(this.#peakRunning, this.#running);
  }

  #append(task: Task, deadlineMs: number): void {
    const waiter: Waiter<Task> = { task, deadlineMs, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.after = waiter;
    this.#last = waiter;
    this.#waiters.set(task, waiter);
    this.#earliestMs = Math.min(this.#earliestMs, deadlineMs);
    this.#peakQueued = Math.max(this.#peakQueued, this.#waiters.size);
  }

  #remove(waiter: Waiter<Task>): void {
    if (waiter.before === undefined) this.#first = waiter.after;
    else waiter.before.after = waiter.after;
    if (waiter.after === undefined) this.#last = waiter.before;
    else waiter.after.before = waiter.before;
    this.#waiters.delete(waiter.task);
    if (this.#first === undefined) this.#earliestMs = Number.POSITIVE_INFINITY;
  }
}
