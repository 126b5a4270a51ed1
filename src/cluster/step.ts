/**
 * What goes into a machine of the cluster and what comes out. Machines are pure: they have no clock, no randomness, no
 * socket and no disk; a step is a call that gets what happened and says what is to be done, as data.
 *
 *   tick | message | persisted | proposal  ──step──>  sends | persists | sends after a persist | news
 *
 * A message may be lost, come late, twice or in another order. A persist is over when its `persisted` comes; whatever must not
 * be said before is a send after it. Persists are done in order, and a node that starts again finds the last one that
 * was over, or a later one that was begun, never half of one.
 */
import type { NodeId } from '../ring/index.js';

/** The clocks of the host, read once for a step. They go on while the process or the machine is stopped, or they jump. */
export interface Clocks {
  /** Never goes back; may stand still while the machine is suspended. What voters reckon with. In ms. */
  readonly monotonicMs: number;
  /** The largest of all clocks since the start, so that no pause is missed. What holders of a lease reckon with. In ms. */
  readonly holderMs: number;
}

/** Takes what a machine wants to be done. M: its messages, D: what it keeps on disk. */
export interface Outbox<M, D = never> {
  send(to: NodeId, message: M): void;
  /** Keep this instead of what was kept before. Answered by `persisted` with the same number, raised with each. */
  persist(state: D, number: number): void;
  /** Send when that persist is over. */
  sendAfterPersist(number: number, to: NodeId, message: M): void;
  /** For people, and for checkers: what was decided and why. */
  note(what: string): void;
}
