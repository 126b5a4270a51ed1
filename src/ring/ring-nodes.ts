/**
 * The nodes of a ring: what is written, and the check that reports its problems together.
 */
import { MAX_OWNERS } from './circle.js';

/** An independent node. */
export interface RingNode {
  /** Its name, the same wherever this node is used: all clients must write it alike. 1 to 255 characters, `!` to `~`. */
  readonly id: string;
  /** Its share of the keys in proportion to others; from 0.01 on. Default: 1. */
  readonly weight?: number | undefined;
}

/**
 * Vnodes of a node of weight 1. The share of a node scatters by 1 / sqrt(vnodes) = 1.8 % around its mean, so that
 * 10 % above it, what the ring promises not to exceed, are 5.4 deviations: of a million rings of 100 nodes, four.
 */
export const VNODES_PER_WEIGHT = 3072;

/** Nodes of a ring. */
export const MAX_NODES = MAX_OWNERS;
/** Sum of all weights: 3,145,728 vnodes, 19 MB. */
export const MAX_TOTAL_WEIGHT = 1024;
/** The lightest node, with 31 vnodes; lighter ones would have shares of chance. */
export const MIN_WEIGHT = 0.01;

/** Problems that are reported at once; who has more has one cause for them. */
const MAX_PROBLEMS = 10;
const idForm = /^[!-~]{1,255}$/;

/** The nodes of a ring are wrong. `problems` has a sentence for each thing to change. */
export class RingNodesError extends TypeError {
  readonly code = 'RING_NODES';
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`nodes: ${problems.join('; ')}`);
    this.name = 'RingNodesError';
    this.problems = problems;
  }
}

export interface ResolvedNode {
  readonly id: string;
  readonly vnodes: number;
}

/** The nodes in the order of their ids, whatever order they are listed in. Throws RingNodesError. */
export function resolveNodes(nodes: readonly RingNode[]): ResolvedNode[] {
  const problems = problemsOf(nodes);
  if (problems.length > 0) throw new RingNodesError(problems);
  return nodes
    .map(({ id, weight = 1 }) => ({ id, vnodes: Math.round(weight * VNODES_PER_WEIGHT) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function problemsOf(nodes: readonly RingNode[]): string[] {
  if (!Array.isArray(nodes)) return [`they are ${shown(nodes)}: give a list of { id, weight }`];
  if (nodes.length === 0) return ['the list is empty: give at least one node'];
  if (nodes.length > MAX_NODES) return [`there are ${nodes.length}: give at most ${MAX_NODES}`];
  const problems: string[] = [];
  const placeOf = new Map<string, number>();
  let totalWeight = 0;
  for (const [place, node] of nodes.entries()) {
    if (problems.length === MAX_PROBLEMS) return problems;
    if (typeof node !== 'object' || node === null) {
      problems.push(`[${place}] is ${shown(node)}: give an object { id, weight }`);
      continue;
    }
    const { id, weight = 1 } = node;
    if (typeof id !== 'string' || !idForm.test(id)) {
      problems.push(
        `[${place}].id is ${shown(id)}: give 1 to 255 characters from '!' to '~', without blanks`,
      );
      continue;
    }
    const twin = placeOf.get(id);
    if (twin !== undefined) {
      problems.push(
        `[${place}].id is ${shown(id)}, as [${twin}].id is: give each node once, with its weight`,
      );
    }
    placeOf.set(id, place);
    if (!(typeof weight === 'number' && weight >= MIN_WEIGHT && weight <= MAX_TOTAL_WEIGHT)) {
      problems.push(
        `the weight of ${shown(id)} is ${shown(weight)}: give a number from ${MIN_WEIGHT} to ${MAX_TOTAL_WEIGHT}`,
      );
      continue;
    }
    totalWeight += weight;
  }
  if (totalWeight > MAX_TOTAL_WEIGHT) {
    problems.push(
      `the weights add up to ${totalWeight}: divide all of them by one number, so that they add up to at most ${MAX_TOTAL_WEIGHT}`,
    );
  }
  return problems;
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
