/** What a scene is: a few parameters, what it plays for one way, and the facts that come of it. */
import type { Outcome } from './application.js';
import type { Stage, StageOptions } from './stage.js';

export interface Scene {
  readonly title: string;
  /** What happens, in two or three lines. */
  readonly story: string;
  readonly stage: StageOptions;
  /** What is done before the time begins. */
  prepare?(stage: Stage): Promise<void>;
  play(stage: Stage): Promise<Facts>;
}

/** By their names, in order. Numbers are counts or milliseconds (of names that end in "ms"). */
export type Facts = Readonly<Record<string, number>>;

export function errorsOf({ errors }: Outcome): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
