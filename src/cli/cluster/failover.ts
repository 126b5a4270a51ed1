/**
 * `nuthatch cluster failover SHARD`: a planned hand-over, to take a node away without a gap.
 *
 *   which copy? ─> CLUSTER HANDOVER to the primary ─> it stops writing, waits for the replica, gives its lease back ─> the register
 *   names the new primary ─> seen here when that one takes writes
 */
import { isRefusal, type NodeLife, type Refusal, type Topology } from '../../ring/index.js';
import type { AskedNode } from '../flag-reader.js';
import { addressText, reachableHost } from '../node-address.js';
import { type ClusterSummary, summarize } from './cluster-summary.js';
import { type ClusterView, viewCluster } from './cluster-view.js';
import { NodeClient } from './node-client.js';

/** A hand-over takes a round trip or two; by then it was refused, or something failed meanwhile. */
const SEEN_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

export interface HandOverPlan {
  readonly shard: number;
  readonly epoch: number;
  readonly from: NodeLife;
  /** Undefined: the primary chooses. */
  readonly to: NodeLife | undefined;
}

export interface HandOverDone {
  readonly shard: number;
  /** HOST:PORT. */
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly tookMs: number;
}

/** Who is to hand over what to whom, or why that cannot be. `to` is HOST:PORT, an id, or the beginning of one. */
export function planHandOver(topology: Topology, id: number, to: string | undefined): HandOverPlan | Refusal {
  const shard = topology.shards.find((one) => one.id === id);
  if (shard === undefined)
    return {
      refused: `there is no shard ${id}: there are ${topology.shards.map((one) => one.id).join(', ')}`,
    };
  if (shard.primary === undefined) return { refused: `shard ${id} has no primary that could hand it over` };
  const inSync = shard.replicas.filter(({ isInSync }) => isInSync);
  if (inSync.length === 0)
    return {
      refused: `shard ${id} has no replica in sync, and another one would lose keys: \`nuthatch cluster doctor\` says what is missing`,
    };
  const plan = { shard: id, epoch: shard.epoch, from: shard.primary };
  if (to === undefined) return { ...plan, to: undefined };
  const named = topology.nodes.filter(
    ({ node, host, port }) => addressText(host, port) === to || node === to || node.startsWith(to),
  );
  if (named.length !== 1)
    return { refused: `${to} names ${named.length === 0 ? 'no node' : 'several nodes'} of the cluster` };
  const replica = inSync.find(({ node }) => node === named[0]?.node);
  if (replica !== undefined) return { ...plan, to: replica };
  const addresses = topology.nodes
    .filter(({ node }) => inSync.some((one) => one.node === node))
    .map(({ host, port }) => addressText(host, port));
  return { refused: `${to} is no replica in sync of shard ${id}: ${addresses.join(', ')} is one` };
}

/** The hand-over, once it is seen; or why it was not done. Rejects as `viewCluster` does. */
export async function handOver(
  asked: AskedNode,
  id: number,
  to: string | undefined,
): Promise<HandOverDone | Refusal> {
  const view = await viewCluster(asked);
  const { topology } = view;
  if (topology === undefined)
    return { refused: 'no node that answers here knows a topology: there is no shard to hand over' };
  const plan = planHandOver(topology, id, to);
  if (isRefusal(plan)) return plan;
  const from = topology.nodes.find(({ node }) => node === plan.from.node);
  if (from === undefined) return { refused: `the primary of shard ${id} is no node of the cluster` };
  const away = view.nodes.find(({ node }) => node === plan.from.node)?.problem;
  if (away !== undefined)
    return {
      refused: `the primary of shard ${id} cannot be told to hand over: ${away}. If it is gone a replica takes over by itself`,
    };
  const startMs = performance.now();
  const client = await NodeClient.connect({ ...asked, host: reachableHost(from.host), port: from.port });
  try {
    await client.ask(
      ['CLUSTER', 'HANDOVER', ...(plan.to === undefined ? [] : [plan.to.node])],
      SEEN_WITHIN_MS,
    );
  } finally {
    client.close();
  }
  return await seen(asked, view, plan, addressText(from.host, from.port), startMs);
}

async function seen(
  asked: AskedNode,
  before: ClusterView,
  plan: HandOverPlan,
  from: string,
  startMs: number,
): Promise<HandOverDone | Refusal> {
  // The asked node may be the one that is taken away next: any that answers will do.
  let summary = summarize(before);
  while (performance.now() - startMs < SEEN_WITHIN_MS) {
    summary = summarize(await viewCluster(asked));
    const done = doneIn(summary, plan);
    if (done !== undefined) return { ...done, from, tookMs: Math.round(performance.now() - startMs) };
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return {
    refused: `shard ${plan.shard} was not handed over within ${SEEN_WITHIN_MS / 1000} s: \`nuthatch cluster ring\` says what happened`,
  };
}

/** Another primary in a later epoch, which takes writes. */
function doneIn(summary: ClusterSummary, plan: HandOverPlan) {
  const shard = summary.shards.find(({ id }) => id === plan.shard);
  if (shard?.primary === undefined || shard.epoch <= plan.epoch || shard.writes !== 'yes') return undefined;
  if (shard.primary.node === plan.from.node) return undefined;
  return { shard: plan.shard, to: shard.primary.address, epoch: shard.epoch };
}
