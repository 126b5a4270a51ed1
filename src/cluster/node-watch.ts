/**
 * Since when nodes are as they are, as the leader sees it: for how long nobody has seen a node, and for how long the voters have been
 * these. It is counted only while one node leads and looks all the time: a node is not given up for what happened between two leaderships.
 */
import type { NodeId, Topology } from '../ring/index.js';

/** A leader looks each 100 ms. Who did not for so long begins to count anew, in ms. */
const LOOK_AWAY_MS = 2_000;

export class NodeWatch {
  /** By node: since when it is gone. */
  readonly #goneMs = new Map<NodeId, number>();
  #voterVersion = 0;
  #votersMs = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** Looks at all nodes of the topology. */
  look({ nodes, voterVersion }: Topology, nowMs: number, isGone: (node: NodeId) => boolean): void {
    const isNew = nowMs - this.#lookedMs > LOOK_AWAY_MS;
    this.#lookedMs = nowMs;
    if (isNew) this.#goneMs.clear();
    if (isNew || voterVersion !== this.#voterVersion) {
      this.#voterVersion = voterVersion;
      this.#votersMs = nowMs;
    }
    const gone = new Set(nodes.flatMap(({ node }) => (isGone(node) ? [node] : [])));
    for (const node of this.#goneMs.keys()) if (!gone.has(node)) this.#goneMs.delete(node);
    for (const node of gone) if (!this.#goneMs.has(node)) this.#goneMs.set(node, nowMs);
  }

  /** For how long nobody has seen it, in ms; 0 of one that is there. */
  goneForMs(node: NodeId, nowMs: number): number {
    const sinceMs = this.#goneMs.get(node);
    return sinceMs === undefined ? 0 : nowMs - sinceMs;
  }

  /** For how long the voters have not changed, in ms. */
  votersForMs(nowMs: number): number {
    return nowMs - this.#votersMs;
  }
}
