/**
 * LATENCY: moments at which the node was slow, by kind of event, when `latency-monitor-threshold` is set.
 *
 *   command         one command took long
 *   expire-cycle    one slice of active expiry
 *   event-loop      the loop came back late to its ten ticks a second: anything, garbage collection included
 */
export type LatencyEvent = 'command' | 'expire-cycle' | 'event-loop';

export interface LatencySample {
  /** Seconds since 1970. */
  readonly atSeconds: number;
  readonly ms: number;
}

/** Samples kept per event, as in Redis. */
const MAX_SAMPLES = 160;

interface History {
  samples: LatencySample[];
  maxMs: number;
}

export class Latency {
  /** 0 = off. */
  thresholdMs: number;
  readonly #wallMs: () => number;
  readonly #histories = new Map<LatencyEvent, History>();

  constructor(thresholdMs: number, wallMs: () => number) {
    this.thresholdMs = thresholdMs;
    this.#wallMs = wallMs;
  }

  add(event: LatencyEvent, ms: number): void {
    if (this.thresholdMs === 0 || ms < this.thresholdMs) return;
    let history = this.#histories.get(event);
    if (history === undefined) {
      history = { samples: [], maxMs: 0 };
      this.#histories.set(event, history);
    }
    const sample = { atSeconds: Math.floor(this.#wallMs() / 1000), ms: Math.round(ms) };
    history.maxMs = Math.max(history.maxMs, sample.ms);
    const last = history.samples.at(-1);
    // Of one second only the worst is kept.
    if (last !== undefined && last.atSeconds === sample.atSeconds) {
      if (sample.ms > last.ms) history.samples[history.samples.length - 1] = sample;
      return;
    }
    history.samples.push(sample);
    if (history.samples.length > MAX_SAMPLES) history.samples.shift();
  }

  events(): readonly { event: LatencyEvent; latest: LatencySample; maxMs: number }[] {
    return [...this.#histories].map(([event, { samples, maxMs }]) => ({
      event,
      latest: samples[samples.length - 1],
      maxMs,
    }));
  }

  history(event: string): readonly LatencySample[] {
    return this.#histories.get(event as LatencyEvent)?.samples ?? [];
  }

  /** Forgets some events, or all. Returns how many there were. */
  reset(events: readonly string[]): number {
    if (events.length > 0)
      return events.filter((event) => this.#histories.delete(event as LatencyEvent)).length;
    const count = this.#histories.size;
    this.#histories.clear();
    return count;
  }
}
