/**
 * What is known of a node, and which of two claims about it is the newer.
 *
 *              suspected               nobody refuted it in time
 *     alive ─────────────> suspect ─────────────────────────────> dead
 *       ^  <───────────────  │                                      │
 *       │      refuted       │          refuted, with a higher      │
 *       └────────────────────┴────────── assertion ─────────────────┘
 *     any ── says so itself ──> left        any ── a later life ──> alive
 *
 * Each life of a node counts its assertions: it raises the count to refute that it is suspected. Of two claims the one about
 * the later life is newer, then the one with the higher assertion, then the worse one (alive < suspect < dead < left). So claims
 * have one order, and whoever has heard the same claims believes the same, whatever the order in which they came.
 *
 * Source: A. Das et al., SWIM (2002), section 4.2; lives are ours.
 */
import type { Incarnation, NodeId, TopologyNode } from '../../ring/index.js';

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** A claim about a node, as it travels. */
export interface Claim extends TopologyNode {
  readonly state: MemberState;
  /** Of this life, from 0 on: raised only by the node itself. */
  readonly assertion: number;
  /** Of a suspicion: who suspects. Several who do so by themselves make it certain sooner. */
  readonly by?: NodeId;
}

const badness: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

/** Whether a claim is newer than what is believed. */
export function isNewer(claim: Claim, believed: Claim): boolean {
  const lives = compareLives(claim.incarnation, believed.incarnation);
  if (lives !== 0) return lives > 0;
  if (believed.state === 'left') return false;
  if (claim.assertion !== believed.assertion) return claim.assertion > believed.assertion;
  return badness[claim.state] > badness[believed.state];
}

/** Below 0: a is an earlier life than b. Two lives with one counter are of a folder that was copied; one of them wins. */
export function compareLives(a: Incarnation, b: Incarnation): number {
  if (a === b) return 0;
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}
