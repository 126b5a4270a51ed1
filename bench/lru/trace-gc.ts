/**
 * Pauses as `node --trace-gc` prints them, one line for each collection:
 *
 *   [77:0x5f] 812 ms: Mark-Compact 95.1 (98.0) -> 60.2 (99.0) MB, 4.21 / 0.00 ms  (+ 30.1 ms in 80 steps since start
 *   of marking, biggest step 2.5 ms, walltime since start of marking 120 ms) (average mu = ...)
 */

const UPTIME = /\] +(\d+) ms: /;
const PAUSE = /-> [\d.]+ \([\d.]+\) MB, ([\d.]+) \/ /;
const BIGGEST_STEP = /biggest step ([\d.]+) ms/;

/** The longest pause in the output, up to some ms after the start of the process; 0 when there was none. */
export function worstTracedMs(output: string, untilMs: number): number {
  let worst = 0;
  for (const line of output.split('\n')) {
    if (!(Number(UPTIME.exec(line)?.[1]) <= untilMs)) continue;
    for (const pattern of [PAUSE, BIGGEST_STEP])
      worst = Math.max(worst, Number(pattern.exec(line)?.[1] ?? 0));
  }
  return worst;
}
