/**
 * `nuthatch cluster init`: begins a cluster of nodes that wait for it, once in its life.
 *
 *   each node answers, waits, and is of no cluster? ─> CLUSTER INIT to one that will vote ─> all serve
 *
 * Which node holds what follows from the order in which they are named, and from their hosts and zones.
 */
import type { ClusterStatus } from '../../node/index.js';
import { chooseVoters, type Refusal, type TopologyNode } from '../../ring/index.js';
import type { Access } from '../flag-reader.js';
import { type NodeAddress, nodeAddressText, reachableHost, splitAddress } from '../node-address.js';
import { counted, summarize } from './cluster-summary.js';
import { isExpected, statusOf, viewCluster } from './cluster-view.js';
import { NodeClient } from './node-client.js';

/** Nodes have to find each other first, and the first leader to be elected. */
const BEGUN_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

export interface InitPlan {
  readonly nodes: readonly NodeAddress[];
  /** Undefined: as many as the nodes allow. */
  readonly shards: number | undefined;
  readonly replicas: number;
  readonly access: Access;
}

export interface InitDone {
  readonly shards: number;
  readonly replicas: number;
}

/** What a node that was named said, or why it said nothing. */
export type Candidate =
  | { readonly address: string; readonly status: ClusterStatus }
  | { readonly address: string; readonly problem: string };

/** How many shards there will be, or all that stands against a beginning. */
export function planInit(
  candidates: readonly Candidate[],
  shards: number | undefined,
  replicas: number,
): number | Refusal {
  const problems: string[] = [];
  const addressOf = new Map<string, string>();
  let holding = 0;
  for (const candidate of candidates) {
    const { address } = candidate;
    if ('problem' in candidate) {
      problems.push(candidate.problem);
      continue;
    }
    const { node, clusterId, holdsData } = candidate.status;
    const twin = addressOf.get(node);
    if (twin !== undefined) problems.push(`${address} and ${twin} are one node: name it once`);
    addressOf.set(node, address);
    if (clusterId !== undefined)
      problems.push(
        `${address} belongs to a cluster already, ${clusterId}: a node changes its cluster only with another --data`,
      );
    if (holdsData) holding++;
  }
  if (problems.length > 0) return { refused: problems.join('\n') };
  const most = Math.floor(holding / (1 + replicas));
  const wanted = shards ?? most;
  if (wanted >= 1 && wanted <= most) return wanted;
  const needed = Math.max(1, wanted) * (1 + replicas);
  return {
    refused:
      `${counted(Math.max(1, wanted), 'shard')} with ${counted(replicas, 'replica')} each need ${needed} nodes that hold data, ` +
      `and ${holding} were named: name more nodes, or ask for fewer --shards or --replicas`,
  };
}

/** The place of the first one that will be a voter: a cluster is begun on one. */
export function voterOf(candidates: readonly Candidate[]): number {
  const nodes = candidates.flatMap((candidate): TopologyNode[] => {
    if ('problem' in candidate) return [];
    const { node, incarnation, address, zone, holdsData } = candidate.status;
    const { host = '', port = 0 } = splitAddress(address) ?? {};
    return [{ node, incarnation, host, port, busPort: 0, zone, holdsData }];
  });
  const voters = chooseVoters(nodes);
  return nodes.findIndex(({ node }) => voters.includes(node));
}

/** Begins the cluster and waits until each node says that all slots are served. Rejects as a NodeClient does. */
export async function init(plan: InitPlan): Promise<InitDone | Refusal> {
  const candidates = await Promise.all(plan.nodes.map((address) => candidateAt(address, plan.access)));
  const shards = planInit(candidates, plan.shards, plan.replicas);
  if (typeof shards !== 'number') return shards;
  const names = plan.nodes.map(nodeAddressText);
  const client = await connectTo(plan.nodes[voterOf(candidates)], plan.access);
  try {
    await client.ask(['CLUSTER', 'INIT', String(shards), String(plan.replicas), ...names], BEGUN_WITHIN_MS);
  } finally {
    client.close();
  }
  const missing = await waitUntilServed(plan.nodes, plan.access);
  if (missing === undefined) return { shards, replicas: plan.replicas };
  return {
    refused: `The cluster is begun, but not ready after ${BEGUN_WITHIN_MS / 1000} s: ${missing}. \`nuthatch cluster doctor\` says what to do`,
  };
}

/** Resolves when each node says that all slots are served, and each shard takes writes and has its replicas; or with what is missing. */
export async function waitUntilServed(
  nodes: readonly NodeAddress[],
  access: Access,
): Promise<string | undefined> {
  const endMs = performance.now() + BEGUN_WITHIN_MS;
  for (;;) {
    const missing = await whatIsMissing(nodes, access);
    if (missing === undefined || performance.now() > endMs) return missing;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function whatIsMissing(nodes: readonly NodeAddress[], access: Access): Promise<string | undefined> {
  const ready = await Promise.all(nodes.map((address) => isReady(address, access)));
  const late = nodes.filter((_, i) => !ready[i]).map(nodeAddressText);
  if (late.length > 0) return `${late.join(', ')} ${late.length === 1 ? 'is' : 'are'} not ready`;
  try {
    const [{ host, port }] = nodes;
    const { state, reasons } = summarize(await viewCluster({ host: reachableHost(host), port, ...access }));
    return state === 'ok' ? undefined : reasons.join('; ');
  } catch (error) {
    if (isExpected(error)) return (error as Error).message;
    throw error;
  }
}

async function isReady(address: NodeAddress, access: Access): Promise<boolean> {
  try {
    const client = await connectTo(address, access);
    try {
      return /^cluster_state:ok\r?$/m.test((await client.askText(['CLUSTER', 'INFO'])) ?? '');
    } finally {
      client.close();
    }
  } catch (error) {
    if (isExpected(error)) return false;
    throw error;
  }
}

async function candidateAt(address: NodeAddress, access: Access): Promise<Candidate> {
  const { host, port } = address;
  try {
    const status = await statusOf({ host: reachableHost(host), port, ...access });
    return { address: nodeAddressText(address), status };
  } catch (error) {
    if (isExpected(error)) return { address: nodeAddressText(address), problem: (error as Error).message };
    throw error;
  }
}

function connectTo({ host, port }: NodeAddress, access: Access): Promise<NodeClient> {
  return NodeClient.connect({ host: reachableHost(host), port, ...access });
}
