/**
 * A cluster as it can be seen from here, now: what all agree on, as the best informed of the nodes that answer knows it, and of each node
 * what it says of itself, or why it says nothing.
 *
 *   asked node ─> topology, status ─> all nodes that these name, some at a time ─> their statuses
 *                                        └─ one knows a newer topology ─> that one
 */
import type { ClusterStatus } from '../../node/index.js';
import type { Reply } from '../../resp/index.js';
import { decodeTopology, isRefusal, type NodeId, type Topology } from '../../ring/index.js';
import { ConnectionError } from '../call-connection.js';
import type { AskedNode } from '../flag-reader.js';
import { GreetingError } from '../greeting.js';
import { addressText, reachableHost, splitAddress } from '../node-address.js';
import { NodeClient, RefusedError } from './node-client.js';
import { readStatus } from './read-status.js';

/** Nodes that are asked at one time. */
const AT_ONCE = 64;

export interface ClusterView {
  /** Undefined: no cluster was begun. */
  readonly topology: Topology | undefined;
  /** By their addresses. */
  readonly nodes: readonly NodeReport[];
}

export interface NodeReport {
  readonly node: NodeId;
  /** HOST:PORT for clients. */
  readonly address: string;
  /** What it said; undefined if it did not answer. */
  readonly status: ClusterStatus | undefined;
  /** Why it did not, in a few words. */
  readonly problem?: string;
  /** By how much its clock is ahead of ours, in ms; known only to half of the time that the question took. */
  readonly skewMs: number;
  readonly skewErrorMs: number;
  /** INFO, if it was asked for. */
  readonly info?: string;
  /** How many commands it was asked for all this. */
  readonly asked: number;
}

export interface LookOptions {
  /** Ask each node for INFO too. Default false. */
  readonly info?: boolean;
}

/** An answer that cannot be understood: another version, or no node of a cluster. */
export class ForeignError extends Error {}

/** Rejects with a ConnectionError, GreetingError, RefusedError or ForeignError if the asked node tells nothing. */
export async function viewCluster(asked: AskedNode, look: LookOptions = {}): Promise<ClusterView> {
  const first = await askNode(asked, 0, look);
  const nodes = new Map<NodeId, NodeReport>();
  const others = new Map<NodeId, string>();
  nodes.set(first.report.node, first.report);
  for (const { node, host, port } of first.topology?.nodes ?? []) others.set(node, addressText(host, port));
  for (const { node, address, state } of first.report.status?.members ?? [])
    if (state === 'alive' && !others.has(node)) others.set(node, address);
  others.delete(first.report.node);

  let topology = first.topology;
  const waiting = [...others];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [node, address] = next;
      const answer = await askAddress(node, address, asked, topology?.version ?? 0, look);
      nodes.set(node, answer.report);
      if (answer.topology !== undefined && answer.topology.version > (topology?.version ?? 0))
        topology = answer.topology;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
  const byAddress = new Intl.Collator('en', { numeric: true });
  return { topology, nodes: [...nodes.values()].sort((a, b) => byAddress.compare(a.address, b.address)) };
}

interface Answer {
  readonly report: NodeReport;
  readonly topology: Topology | undefined;
}

/** What a node says of itself. Rejects as `viewCluster` does. */
export async function statusOf(asked: AskedNode): Promise<ClusterStatus> {
  const { report } = await askNode(asked, Number.POSITIVE_INFINITY, {});
  return report.status;
}

/** Its topology is asked for if it is newer than `version`. */
async function askNode(
  asked: AskedNode,
  version: number,
  look: LookOptions,
): Promise<Answer & { readonly report: { readonly status: ClusterStatus } }> {
  const client = await NodeClient.connect(asked);
  try {
    const sentMs = Date.now();
    const text = await client.askText(['CLUSTER', 'STATUS']);
    const tookMs = Date.now() - sentMs;
    const status = text === undefined ? undefined : readStatus(text);
    if (status === undefined)
      throw new ForeignError(`${client.address} answered CLUSTER STATUS with what is no status of a node.`);
    const report = {
      node: status.node,
      address: status.address || client.address,
      status,
      skewMs: Math.round(status.wallMs - sentMs - tookMs / 2),
      // Both clocks are read in whole milliseconds.
      skewErrorMs: Math.ceil(tookMs / 2) + 1,
    };
    const topology = status.version > version ? await topologyOf(client) : undefined;
    const info = look.info === true ? await client.askText(['INFO']) : undefined;
    return {
      report: { ...report, asked: client.asked, ...(info === undefined ? {} : { info }) },
      topology,
    };
  } catch (error) {
    if (error instanceof RefusedError && /unknown subcommand/i.test(error.message))
      throw new ForeignError(
        `${error.message}\nIs it a node of a cluster? \`nuthatch start --cluster\` starts one.`,
      );
    throw error;
  } finally {
    client.close();
  }
}

async function topologyOf(client: NodeClient): Promise<Topology | undefined> {
  const text = fieldOf(await client.ask(['CLUSTER', 'TOPOLOGY']), 'topology');
  if (text === undefined) return undefined;
  const topology = decodeTopology(text);
  if (isRefusal(topology)) throw new ForeignError(`The topology of ${client.address}: ${topology.refused}.`);
  return topology;
}

/** The text of a field, of a map as RESP2 has it: names and values in turn. */
function fieldOf(reply: Reply, name: string): string | undefined {
  if (!Array.isArray(reply)) return undefined;
  const texts = reply.map((item) => (item instanceof Uint8Array ? Buffer.from(item).toString('utf8') : ''));
  return texts.find((_, i) => i % 2 === 1 && texts[i - 1] === name);
}

/** Resolves also for a node that does not answer: that is a report too. */
async function askAddress(
  node: NodeId,
  address: string,
  { password, tls }: AskedNode,
  version: number,
  look: LookOptions,
): Promise<Answer> {
  const silent = (problem: string): Answer => ({
    report: { node, address, status: undefined, problem, skewMs: 0, skewErrorMs: 0, asked: 0 },
    topology: undefined,
  });
  const place = splitAddress(address);
  if (place === undefined) return silent(`"${address}" is no address`);
  try {
    const { host, port } = place;
    const answer = await askNode({ host: reachableHost(host), port, password, tls }, version, look);
    if (answer.report.node === node) return { ...answer, report: { ...answer.report, address } };
    return silent(`another node answers there, ${answer.report.node}`);
  } catch (error) {
    if (error instanceof ConnectionError) return silent(error.brief);
    if (isExpected(error)) return silent((error as Error).message.split('\n')[0]);
    throw error;
  }
}

/** What a cluster can be like, and no defect of ours. */
export function isExpected(error: unknown): boolean {
  return [ConnectionError, GreetingError, RefusedError, ForeignError].some((kind) => error instanceof kind);
}
