/**
 * An empty process that only looks at the clock: the longest time it was away is the machine's own noise (other
 * guests, other processes, the kernel), and no server on the same core can do better.
 */
import { answerAsChild, askChild } from '../processes.js';

export interface SpinResult {
  readonly seconds: number;
  readonly worstGapMs: number;
  readonly gapsOverMs: number;
}

export function runSpin(core: number, seconds: number): Promise<SpinResult> {
  return askChild(core, new URL(import.meta.url), { seconds });
}

function spin(seconds: number): SpinResult {
  const endMs = performance.now() + seconds * 1000;
  let worstGapMs = 0;
  let gapsOverMs = 0;
  let lastMs = performance.now();
  while (lastMs < endMs) {
    const nowMs = performance.now();
    const gapMs = nowMs - lastMs;
    if (gapMs > worstGapMs) worstGapMs = gapMs;
    if (gapMs > 1) gapsOverMs++;
    lastMs = nowMs;
  }
  return { seconds, worstGapMs, gapsOverMs };
}

answerAsChild(import.meta.url, ({ seconds }: { seconds: number }) => spin(seconds));
