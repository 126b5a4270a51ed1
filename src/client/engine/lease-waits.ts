/**
 * How one is told that a lease which others hold has ended.
 *
 *   an answer `wait` or `stale` ──begin──> waited for ──────> woken(key), once
 *                                             │                 ^
 *                                             └── a push of the server (pushed-waits.ts),
 *                                                 a poll that finds nobody (polled-waits.ts),
 *                                                 the end of the lease, by a timer of our own
 *
 * A wake says no more than: ask again. The lease may have been renewed, the value be there or not.
 */
export interface LeaseWaits {
  /** The key was read, and somebody holds its lease for so many ms more. Called at the answer's place in the stream. */
  begin(key: string, leaseMs: number): void;
  /** The server says that the key has changed; undefined: that any may have. */
  changed(key: string | undefined): void;
  /** Nobody is woken any more. */
  close(): void;
}

/** Ms left of the leases of a key, 0 if there are none: asks the server. */
export type Watch = (key: string) => Promise<number>;
