/**
 * What primaries and voters say to each other about the write lease. A primary speaks first; a voter only answers. Each message carries
 * the shard, its epoch and the incarnation of the primary, so that what comes late belongs to nobody else.
 *
 *   primary ── heartbeat ──> voter         each 250 ms; asks for a promise, or only for news
 *   primary <── answer ───── voter         granted or not, and the newest committed version that the voter knows
 *   primary ── release ────> voter         "I never write at this epoch again": the promise is over at once
 */

interface OfPrimary {
  readonly shard: number;
  readonly epoch: number;
  /** The life of the primary; its node is the sender of what it says, the receiver of what it is told. */
  readonly incarnation: string;
}

export interface LeaseHeartbeat extends OfPrimary {
  readonly kind: 'lease/heartbeat';
  /** Of the newest committed topology that the primary knows. Voters of another version are no majority of these. */
  readonly voterVersion: number;
  /** L: the primary counts a grant for so long from `sentAtMs`. */
  readonly leaseMs: number;
  /** On the primary's own clock; comes back in the answer, for nobody else to interpret. */
  readonly sentAtMs: number;
  /** False: the primary lost its lease and wants no promise, only an answer. */
  readonly asksPromise: boolean;
}

export interface LeaseAnswer extends OfPrimary {
  readonly kind: 'lease/answer';
  readonly voterVersion: number;
  readonly leaseMs: number;
  readonly sentAtMs: number;
  /** Whether the voter promised to depose nobody of this shard for a while. */
  readonly isGranted: boolean;
  /** The newest topology that the voter knows to be committed: its term and version; both 0 if it knows none. */
  readonly committedTerm: number;
  readonly committedVersion: number;
  /** The voter's monotonic clock. Only its advance means something to others. */
  readonly voterClockMs: number;
}

export interface LeaseRelease extends OfPrimary {
  readonly kind: 'lease/release';
}

export type LeaseMessage = LeaseHeartbeat | LeaseAnswer | LeaseRelease;
