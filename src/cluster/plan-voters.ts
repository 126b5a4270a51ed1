/**
 * Who should vote, one change at a time, each settled before the next:
 *
 *   a change was agreed                                    ─> it is settled
 *   a voter is gone for `replaceVoterAfterMs`              ─> a node that is there takes its place, chosen by zone as at the start
 *   two of five are, and no node is there for them          ─> three go on, and may do without one more
 *   fewer vote than should of the nodes that are there,
 *   and that for as long                                   ─> more do: 3 of 3 nodes, 5 of 5
 *
 * They never become 1 by this: that takes an explicit word, and who gave it has as long to take the other nodes away. A majority of
 * the next voters is there, or the change would not be agreed.
 */
import {
  chooseVoters,
  type NodeId,
  type Topology,
  type TopologyChange,
  type TopologyNode,
  voterCount,
} from '../ring/index.js';
import type { Health, PlanOptions } from './plan.js';

export function settleVoters(topology: Topology): TopologyChange[] {
  const { voters, voterVersion } = topology;
  if (!isUnderWay(topology)) return [];
  return [{ kind: 'settle-voters', voterVersion, reason: `the voters ${voters.join(' ')} are agreed` }];
}

export function planVoters(topology: Topology, health: Health, options: PlanOptions): TopologyChange[] {
  const { voters, voterVersion, nodes } = topology;
  if (isUnderWay(topology)) return [];
  const { replaceVoterAfterMs, mutants } = options;
  const gone = voters.filter((id) => health.goneForMs(id) >= replaceVoterAfterMs);
  if (mutants?.has('gone-voter-stays')) gone.length = 0;
  const present = nodes.filter(({ node }) => health.aliveAs(node) !== undefined);
  const mayGrow = health.votersForMs() >= replaceVoterAfterMs && mutants?.has('few-voters-stay') !== true;
  const wanted = mayGrow ? Math.max(voters.length, voterCount(present.length)) : voters.length;
  if (gone.length === 0 && wanted === voters.length) return [];
  const next = nextVoters(topology, gone, present, wanted);
  const there = next.filter((id) => present.some(({ node }) => node === id));
  if (next.join() === voters.join() || 2 * there.length <= next.length) return [];
  const added = next.filter((id) => !voters.includes(id)).join(' and ');
  const replaced = voters.filter((id) => !next.includes(id));
  const reason =
    replaced.length > 0
      ? `${gone.join(' and ')} was not seen for ${replaceVoterAfterMs} ms: ${added || 'nobody'} votes instead`
      : `${present.length} nodes are there: ${added} votes, too`;
  return [{ kind: 'set-voters', voterVersion, voters: next, reason }];
}

/** Those that can do without most; of sets that are alike the larger, since who is gone may come back. */
function nextVoters(
  { voters, nodes }: Topology,
  gone: readonly NodeId[],
  present: readonly TopologyNode[],
  wanted: number,
): readonly NodeId[] {
  const kept = voters.filter((id) => !gone.includes(id));
  const usable = nodes.filter((node) => kept.includes(node.node) || present.includes(node));
  /** How many it can do without. */
  const spare = (set: readonly NodeId[]): number =>
    set.filter((id) => !gone.includes(id)).length - Math.ceil(set.length / 2);
  let best = voters;
  for (const count of [3, 5]) {
    if (count > wanted) continue;
    const chosen = kept.length <= count ? chooseVoters(usable, count, kept) : chooseVoters(present, count);
    const next = [...chosen, ...gone.slice(0, count - chosen.length)].sort();
    const [more, before] = [spare(next), spare(best)];
    if (more > before || (more === before && next.length > best.length)) best = next;
  }
  return best;
}

function isUnderWay({ voters, previousVoters }: Topology): boolean {
  return voters.join() !== previousVoters.join();
}
