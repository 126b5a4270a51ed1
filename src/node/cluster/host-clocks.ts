/**
 * The clocks of this machine, read one right after the other. The monotonic one is that of the machine, not of a thread
 * (`performance.now()` begins anew in each), so that a deadline means the same to all threads.
 *
 * On a busy machine a thread may lose its core between the two looks, for longer than clocks may be apart; that would look like a
 * suspend and cost a lease. So two clocks that are further apart than they were are read again. What happened to the machine shows again,
 * what happened to the thread does not.
 *
 * Cost: some 90 ns.
 */
import type { HostReading } from '../../cluster/index.js';

export type HostClocks = () => HostReading;

/** As much as the wall clock's whole milliseconds make, and a little, in ms. */
const NEAR_MS = 2;
const MAX_LOOKS = 5;

export const hostClocks = undisturbed(() => {
  const [seconds, nanoseconds] = process.hrtime();
  return { monotonicMs: seconds * 1000 + nanoseconds / 1e6, wallMs: Date.now() };
});

/** Readings of these clocks between whose two looks nothing came, unless that happens again and again. */
export function undisturbed(read: HostClocks): HostClocks {
  /** wall - monotonic at the last look. */
  let lastApartMs = Number.NaN;
  return () => {
    for (let look = 1; ; look++) {
      const reading = read();
      const apartMs = reading.wallMs - reading.monotonicMs;
      const isNear = Math.abs(apartMs - lastApartMs) <= NEAR_MS;
      lastApartMs = apartMs;
      if (isNear || look === MAX_LOOKS) return reading;
    }
  };
}
