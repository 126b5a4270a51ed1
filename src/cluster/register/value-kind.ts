/**
 * What the register must know of the value that it agrees on, and what it asks of its parent. It knows no topology.
 *
 *   ValueFacts  what can be read off a value: cluster, version, voters, nodes
 *   ValueKind   and how changes are applied. Fixed at the start
 *   Advice      comes with every step: what leases and health say now
 */
import type { NodeId } from '../../ring/index.js';
import type { Base } from './messages.js';

/** V: the value, immutable. */
export interface ValueFacts<V> {
  /** Names the cluster. Drawn at random when it is begun; a node that accepted a value accepts none of another cluster. */
  idOf(value: V): string;
  /** Raised by each `apply`. */
  versionOf(value: V): number;
  /** The sets that agree, today's first: the voters, and the voters before the change that is under way. None is empty. */
  votersOf(value: V): readonly (readonly NodeId[])[];
  /** All who are told what was committed. */
  nodesOf(value: V): readonly NodeId[];
}

/** C: a conditional change of a value. D: the difference of two values. */
export interface ValueKind<V, C, D> extends ValueFacts<V> {
  /** All of the changes in turn, or none: then `refused` says why and `value` is what came in. */
  apply(value: V, changes: readonly C[]): Applied<V>;
  /** Throws if the value is wrong: asked once for all that was applied to it. */
  check(value: V): void;
  /** What makes `next` of `base`; undefined: nothing shorter than `next` itself. */
  diff(base: V, next: V): D | undefined;
  patch(base: V, diff: D): V;
}

export interface Applied<V> {
  readonly value: V;
  readonly refused: string | undefined;
}

/** What is to become of a change whose turn it is. */
export type Verdict = 'publish' | 'wait' | { readonly refuse: string };

/** R: what a voter reports to its leader, which does not look into it. */
export interface Advice<V, C, R> {
  /**
   * Whether a voter may accept `next` now. Asked when the publication comes, and again at each tick until it says yes or
   * something newer replaces it: from the first question on the voter has begun to accept. `current`: accepted last; `base`: what
   * `next` was derived from.
   */
  gate(current: V | undefined, next: V, base: Base): boolean;
  /** Asked by a leader right before it publishes: health may have changed since the change was planned. */
  mayPublish(change: C): Verdict;
  readonly report: R;
  /** Whom to ask for the value while no value is known that names nodes. */
  readonly contacts: readonly NodeId[];
}
