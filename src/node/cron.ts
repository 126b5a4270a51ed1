/**
 * What has to be done from time to time: ten ticks a second, and slices in between while there is a backlog.
 *
 *   tick (100 ms)   coarse clock, waits and pauses that end, silence of clients, rates, one slice of upkeep
 *   upkeep          expired entries, and what FLUSH or a smaller maxmemory left to reclaim
 *                   a slice lasts SLICE_MS at most; if work is left the next one follows after GAP_MS
 *
 * So upkeep takes 2 % of a core in quiet times and at most a fifth of it under a backlog (Redis: a quarter),
 * and never blocks the loop for longer than a slice.
 */
import type { CacheNode } from './cache-node.js';

const TICK_MS = 100;
/** Longest time upkeep blocks the loop. */
const SLICE_MS = 2;
/** Time between slices while work is left. */
const GAP_MS = 8;
/** Silence is looked at in every so many ticks. */
const SILENCE_TICKS = 5;

export class Cron {
  readonly #node: CacheNode;
  #timer: NodeJS.Timeout | undefined;
  #backlogTimer: NodeJS.Timeout | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #ticks = 0;
  #sliceEndMs = 0;
  readonly #hasTime = (): boolean => this.#node.clock.monotonicMs() < this.#sliceEndMs;

  constructor(node: CacheNode) {
    this.#node = node;
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#backlogTimer);
    clearTimeout(this.#wakeTimer);
    this.#backlogTimer = undefined;
  }

  /** Something ends at this monotonic time: look then, not only at the next tick. */
  wakeAt(timeMs: number): void {
    if (timeMs >= this.#wakeAtMs) return;
    const delayMs = timeMs - this.#node.clock.monotonicMs();
    // The tick is soon enough for what is far, and timers of the platform reach no further than 24 days.
    if (delayMs > 10 * TICK_MS) return;
    clearTimeout(this.#wakeTimer);
    this.#wakeAtMs = timeMs;
    this.#wakeTimer = setTimeout(() => this.#wake(), Math.max(1, Math.ceil(delayMs)));
  }

  /** One tick. Tests with a clock of their own call it. */
  tick(): void {
    const node = this.#node;
    const nowMs = node.clock.monotonicMs();
    const lateMs = nowMs - node.tickMs - TICK_MS;
    if (this.#ticks > 0 && lateMs > 0) node.latency.add('event-loop', lateMs);
    node.tickMs = nowMs;
    this.#ticks++;
    node.beginEvent(undefined);
    node.pauses.check(nowMs);
    node.waits.check(nowMs);
    node.gate?.tick();
    node.leases.table.records.advance(nowMs);
    if (this.#ticks % SILENCE_TICKS === 0) node.limits.checkSilence();
    this.#upkeep();
    node.sampleRates(nowMs);
    node.endEvent();
  }

  #wake(): void {
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    const node = this.#node;
    const nowMs = node.clock.monotonicMs();
    node.beginEvent(undefined);
    node.pauses.check(nowMs);
    node.waits.check(nowMs);
    node.endEvent();
  }

  #upkeep(): void {
    const { store, stats, clock, latency, pauses } = this.#node;
    const startMs = clock.monotonicMs();
    this.#sliceEndMs = startMs + SLICE_MS;
    // While clients are paused nothing they might ask for goes away, as in Redis.
    if (!pauses.isActive) store.expireSome(this.#hasTime);
    const expireMs = clock.monotonicMs() - startMs;
    stats.expireCycleMs += expireMs;
    latency.add('expire-cycle', expireMs);
    let isLeft = !this.#hasTime();
    if (isLeft) stats.expireBudgetReached++;
    while (store.reclaim()) {
      if (this.#hasTime()) continue;
      isLeft = true;
      break;
    }
    if (isLeft && this.#timer !== undefined) this.#continueSoon();
  }

  #continueSoon(): void {
    if (this.#backlogTimer !== undefined) return;
    this.#backlogTimer = setTimeout(() => {
      this.#backlogTimer = undefined;
      this.#node.beginEvent(undefined);
      this.#upkeep();
      this.#node.endEvent();
    }, GAP_MS);
  }
}
