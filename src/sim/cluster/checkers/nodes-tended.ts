/**
 * When faults have ended, and some time has passed, the cluster is made of nodes that are there: each voter is one if there is a node
 * for it, as many vote as the nodes allow, and a node that never came back (its host has another id now) is forgotten, unless a shard has
 * a copy on it.
 */
import { type Topology, voterCount } from '../../../ring/index.js';
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

/** An election, the time after which the plan acts, and some changes one after the other. */
const BOUND_MS = 13_000;
/** Who has set the voters has so long until the plan makes them more. */
const VOTERS_MS = 8_000;

export class NodesTended implements Checker<ClusterFact> {
  readonly name = 'nodes-tended';
  /** By host, the id that it has now. */
  readonly #ids = new Map<string, string>();
  #newest: Topology | undefined;
  #votersMs = 0;
  #healMs = Number.POSITIVE_INFINITY;

  onStart({ node }: Moment): void {
    this.#ids.set(hostOf(node), node);
  }

  onHeal(nowMs: number): void {
    this.#healMs = nowMs;
  }

  onFact(fact: ClusterFact, { nowMs }: Moment): void {
    if (fact.kind !== 'committed' || fact.topology.version <= (this.#newest?.version ?? 0)) return;
    if (fact.topology.voterVersion !== this.#newest?.voterVersion) this.#votersMs = nowMs;
    this.#newest = fact.topology;
  }

  onEnd(nowMs: number): void {
    if (this.#newest === undefined || nowMs - this.#healMs < BOUND_MS) return;
    const { voters, nodes, shards } = this.#newest;
    const isGone = (id: string): boolean => this.#ids.get(hostOf(id)) !== id;
    const there = nodes.filter(({ node }) => !isGone(node));
    const goneVoter = voters.find(isGone);
    // One of five may stay, if there is no node for it.
    if (goneVoter !== undefined && there.some(({ node }) => !voters.includes(node)))
      throw new Violation(`${goneVoter} never came back, and votes`);
    const copies = shards.flatMap(({ primary, replicas }) =>
      [primary, ...replicas].map((copy) => copy?.node),
    );
    const goneNode = nodes.find(
      ({ node }) => isGone(node) && !copies.includes(node) && !voters.includes(node),
    );
    if (goneNode !== undefined) throw new Violation(`${goneNode.node} never came back, and is still known`);
    if (nowMs - this.#votersMs >= VOTERS_MS && voters.length < voterCount(there.length))
      throw new Violation(`${there.length} nodes are there, and ${voters.length} vote`);
  }
}

/** 'n2' of 'n2-2'. */
function hostOf(id: string): string {
  return id.split('-')[0];
}
