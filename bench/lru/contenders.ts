/** Who takes part, what a contender's process is asked, and what it answers. */
import type { ValueKind } from './options.js';

export const contenderNames = ['nuthatch/lru', 'lru-cache'] as const;
export type ContenderName = (typeof contenderNames)[number];

export interface Question {
  readonly contender: ContenderName;
  readonly values: ValueKind;
  readonly entries: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface Answer {
  readonly fillPerSecond: number;
  readonly tracePerSecond: number;
  readonly hitRatio: number;
  readonly getPerSecond: number;
  /** Share of the gets of the last phase that found a value. */
  readonly getHits: number;
  readonly entries: number;
  /** Keys and values that are in the cache at the end. */
  readonly payloadBytes: number;
  /** Above the process before it made the cache: at the end, and the most there was. */
  readonly residentBytes: number;
  readonly mostResidentBytes: number;
  readonly gcWorstMs: number;
  readonly gcTotalMs: number;
  readonly gcCount: number;
  readonly worstStallMs: number;
  /** How long the process had run when the measurement ended. */
  readonly measuredMs: number;
}
