/**
 * `nuthatch cluster doctor`: what is wrong with a cluster, and what will be at the next failure, each with what to do.
 *
 *   wrong   keys are out of reach, or one more failure costs some: the exit code is 1
 *   risky   it works, and would break sooner than it needs to
 */
import type { NodeId, Topology, TopologyNode } from '../../ring/index.js';
import { type ClusterSummary, counted, isReached, type ShardSummary } from './cluster-summary.js';
import type { ClusterView, NodeReport } from './cluster-view.js';

export interface Finding {
  readonly level: 'wrong' | 'risky';
  readonly what: string;
  readonly remedy: string;
}

/** Further apart than this, the times that people compare and lifetimes that cross nodes are off, in ms. */
const MAX_SKEW_MS = 1000;
/** A replica that is further behind is out of the set soon, in ms. */
const MAX_LAG_MS = 1000;

export function examine(view: ClusterView, summary: ClusterSummary): Finding[] {
  const { topology, nodes } = view;
  if (topology === undefined && summary.clusterId !== undefined) {
    const what = `The cluster ${summary.clusterId} was begun, and no node that answers here has heard of a majority of its voters since it was started`;
    const remedy =
      'Start the other nodes again, each with its --data. If they run, see what their logs say of connections: all need one cluster secret, and the bus ports of each other';
    return [{ level: 'wrong', what, remedy }];
  }
  if (topology === undefined) {
    const what = 'No cluster was begun: the nodes hold no slots and refuse keys';
    return [
      { level: 'wrong', what, remedy: 'Begin it once: nuthatch cluster init, with HOST:PORT of each node' },
    ];
  }
  const findings = [
    ...summary.shards.flatMap((shard) => shardFindings(shard, topology)),
    ...nodes.flatMap((report) => awayFindings(report, topology)),
    ...nodes.flatMap((report) => unreachedFindings(report, view)),
    ...leaderFindings(summary),
    ...voterFindings(topology, nodes),
    ...togetherFindings(topology),
    ...clockFindings(nodes),
    ...versionFindings(
      topology,
      nodes.filter(({ node }) => isReached(node, nodes)),
    ),
  ];
  return [
    ...findings.filter(({ level }) => level === 'wrong'),
    ...findings.filter(({ level }) => level === 'risky'),
  ];
}

function shardFindings({ id, primary, writes, replicas }: ShardSummary, topology: Topology): Finding[] {
  const findings: Finding[] = [];
  if (primary === undefined)
    findings.push({
      level: 'wrong',
      what: `Shard ${id} has no primary: no copy of it is known to be whole`,
      remedy: 'Start its nodes again, or wait: it begins anew, empty, on a node that holds nothing else',
    });
  else if (writes === 'no')
    findings.push({
      level: 'wrong',
      what: `Shard ${id} takes no writes: its primary ${primary.address} has no lease`,
      remedy: `Wait some seconds for a replica to take over. If it stays so, look whether ${primary.address} reaches a majority of the voters`,
    });
  const inSync = replicas.filter(({ isInSync }) => isInSync);
  if (topology.replicasPerShard === 0) {
    findings.push({
      level: 'risky',
      what: `Shard ${id} has one copy: its keys are gone with its node`,
      remedy: 'A cluster begun with --replicas 1 keeps them',
    });
  } else if (inSync.length === 0 && primary !== undefined) {
    findings.push({
      level: 'wrong',
      what: `Shard ${id} has no replica in sync: if ${primary.address} fails its keys are gone`,
      remedy: !replicas.some(({ isHere }) => isHere)
        ? 'Start the node that is away, or another one with --join: it gets a copy by itself'
        : `Wait until ${replicas.map(({ address }) => address).join(', ')} has caught up. If it does not, read its log`,
    });
  } else if (inSync.length < topology.replicasPerShard) {
    findings.push({
      level: 'risky',
      what: `Shard ${id} has ${inSync.length} of ${counted(topology.replicasPerShard, 'replica')} in sync`,
      remedy: 'Start the node that is away, or another one with --join',
    });
  }
  for (const { address, lagMs, isHere } of inSync)
    if (isHere && lagMs !== undefined && lagMs > MAX_LAG_MS)
      findings.push({
        level: 'risky',
        what: `The replica ${address} of shard ${id} is ${seconds(lagMs)} behind: deletes wait for it`,
        remedy: 'Look at its CPU and at the network between the two nodes',
      });
  return findings;
}

function awayFindings({ node, address, status, problem }: NodeReport, topology: Topology): Finding[] {
  const isKnown = topology.nodes.some((one) => one.node === node);
  if (status !== undefined) {
    if (isKnown || status.clusterId === topology.clusterId) return [];
    const what =
      status.clusterId === undefined
        ? `${address} waits to be taken into the cluster`
        : `${address} belongs to another cluster, ${status.clusterId}`;
    const remedy = 'Wait some seconds. If it stays so, read its log: its --join or its --data is wrong';
    return [{ level: 'risky', what, remedy }];
  }
  const isVoter = topology.voters.includes(node);
  return [
    {
      level: 'wrong',
      what: `${address} does not answer${isVoter ? ', and it is a voter' : ''}: ${problem}`,
      remedy: 'Start it again with the same --data, or look at the network from here to it',
    },
  ];
}

function unreachedFindings(
  { node, address, status }: NodeReport,
  { topology, nodes }: ClusterView,
): Finding[] {
  const isKnown = topology?.nodes.some((one) => one.node === node);
  if (status === undefined || !isKnown || isReached(node, nodes)) return [];
  const isVoter = topology?.voters.includes(node);
  return [
    {
      level: 'wrong',
      what: `${address} answers here, and no other node reaches it${isVoter ? ': its vote is missing' : ''}`,
      remedy:
        'See what its log says of connections: it has another cluster secret than the others, or its bus port is closed to them',
    },
  ];
}

function leaderFindings({ leader, nodes }: ClusterSummary): Finding[] {
  const voters = nodes.filter(({ isVoter }) => isVoter);
  const away = voters.filter(({ isHere }) => !isHere);
  if (2 * away.length >= voters.length)
    return [
      {
        level: 'wrong',
        what: `${away.length} of ${counted(voters.length, 'voter')} ${away.length === 1 ? 'does' : 'do'} not answer: without a majority no shard takes writes, and none fails over`,
        remedy: `Start one of them again with its --data: ${away.map(({ address }) => address).join(', ')}`,
      },
    ];
  if (leader !== undefined || away.length > 0) return [];
  return [
    {
      level: 'wrong',
      what: 'No voter leads: nothing can fail over or be changed',
      remedy:
        'Wait some seconds for an election. If it stays so, look whether the voters reach the bus ports of each other',
    },
  ];
}

function voterFindings(topology: Topology, reports: readonly NodeReport[]): Finding[] {
  const { voters, previousVoters, nodes } = topology;
  const findings: Finding[] = [];
  const names = nodesOf(topology, voters);
  if (voters.length % 2 === 0)
    findings.push({
      level: 'risky',
      what: `${voters.length} voters bear no more failures than ${voters.length - 1}, and agree more slowly`,
      remedy: 'Have an odd number: 1, 3 or 5',
    });
  if (voters.length === 1 && nodes.length > 1)
    findings.push({
      level: 'risky',
      what: `One node alone votes, ${names[0]?.host}:${names[0]?.port}: without it nothing fails over`,
      remedy:
        nodes.length === 2
          ? 'Begin the cluster with a third node: a witness holds no data (nuthatch start --voter --join ...)'
          : 'Have 3 voters',
    });
  const hosts = new Set(nodes.map(({ host }) => host));
  for (const [place, keyOf] of placesOf(nodes)) {
    const most = largestGroup(names, keyOf);
    if (voters.length > 1 && hosts.size > 1 && most !== undefined && 2 * most.count > voters.length)
      findings.push({
        level: 'risky',
        what: `${most.count} of ${voters.length} voters are in one ${place}, ${most.key}: without it nothing fails over`,
        remedy: `Spread the nodes over 3 ${place}s: a witness is enough in the third (nuthatch start --voter)`,
      });
  }
  if (voters.join() !== previousVoters.join())
    findings.push({
      level: 'risky',
      what: 'A change of voters is under way: a majority of the old and of the new ones is needed',
      remedy: 'Wait for it. If it stays so, look which voters are away',
    });
  for (const { address, status } of reports)
    if (status !== undefined && status.role === 'leader' && status.acceptedVersion > status.version)
      findings.push({
        level: 'risky',
        what: `Version ${status.acceptedVersion} of the topology is not committed yet (${address})`,
        remedy: 'Look again in some seconds. If it stays so, a majority of the voters is out of reach',
      });
  return findings;
}

/** Copies that fail together. On a cluster of one machine that is what it is, said once. */
function togetherFindings(topology: Topology): Finding[] {
  const { nodes, shards } = topology;
  const byId = new Map(nodes.map((node) => [node.node, node]));
  if (nodes.length > 1 && new Set(nodes.map(({ host }) => host)).size === 1)
    return [
      {
        level: 'risky',
        what: `All nodes are on one host, ${nodes[0]?.host}: it bears the death of a process, not that of the machine`,
        remedy: 'For more, start nodes on several machines with --join',
      },
    ];
  const findings: Finding[] = [];
  for (const { id, primary, replicas } of shards) {
    const copies = [primary, ...replicas].flatMap((life) => byId.get(life?.node ?? '') ?? []);
    for (const [place, keyOf] of placesOf(nodes)) {
      const most = largestGroup(copies, keyOf);
      if (most === undefined || most.count < 2) continue;
      findings.push({
        level: 'risky',
        what: `${most.count} copies of shard ${id} are in one ${place}, ${most.key}: they fail together`,
        remedy: `Have nodes in more ${place}s: nuthatch start --join ... there`,
      });
      break;
    }
  }
  return findings;
}

function clockFindings(reports: readonly NodeReport[]): Finding[] {
  const here = reports.filter(({ status }) => status !== undefined && status.wallMs > 0);
  const sorted = [...here].sort((a, b) => a.skewMs - b.skewMs);
  const [slow, fast] = [sorted[0], sorted.at(-1)];
  if (slow === undefined || fast === undefined) return [];
  const apartMs = fast.skewMs - slow.skewMs - fast.skewErrorMs - slow.skewErrorMs;
  if (apartMs <= MAX_SKEW_MS) return [];
  return [
    {
      level: 'risky',
      what: `The clocks of ${fast.address} and ${slow.address} are ${seconds(apartMs)} apart`,
      remedy: 'Have all machines keep time (chrony, systemd-timesyncd): lifetimes cross nodes by it',
    },
  ];
}

function versionFindings(topology: Topology, reports: readonly NodeReport[]): Finding[] {
  const findings: Finding[] = [];
  const here = reports.flatMap(({ address, status }) => (status === undefined ? [] : [{ address, status }]));
  const versions = new Map<string, string[]>();
  for (const { address, status } of here)
    versions.set(status.nuthatch, [...(versions.get(status.nuthatch) ?? []), address]);
  if (versions.size > 1)
    findings.push({
      level: 'risky',
      what: `The nodes are of several versions: ${[...versions].map(([version, of]) => `${version || 'unknown'} (${of.join(', ')})`).join('; ')}`,
      remedy:
        'Bring all to the newest one, a node at a time: nuthatch cluster failover first where it is a primary',
    });
  const behind = here.filter(
    ({ status }) => status.clusterId === topology.clusterId && status.version < topology.version,
  );
  if (behind.length > 0)
    findings.push({
      level: 'risky',
      what: `${behind.map(({ address, status }) => `${address} (${status.version})`).join(', ')} knows an older topology than version ${topology.version}`,
      remedy:
        'Look again in some seconds. If it stays so, look whether it reaches the bus ports of the voters',
    });
  return findings;
}

type KeyOf = (node: TopologyNode) => string;

/** Zones count where they are given: nodes of none are apart for all that is known. */
function placesOf(nodes: readonly TopologyNode[]): readonly (readonly [place: string, keyOf: KeyOf])[] {
  const host = ['host', ({ host }: TopologyNode) => host] as const;
  const zone = ['zone', ({ zone }: TopologyNode) => zone] as const;
  return nodes.some((node) => node.zone !== '') ? [host, zone] : [host];
}

function largestGroup(nodes: readonly TopologyNode[], keyOf: KeyOf) {
  const counts = new Map<string, number>();
  for (const node of nodes)
    if (keyOf(node) !== '') counts.set(keyOf(node), (counts.get(keyOf(node)) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most && { key: most[0], count: most[1] };
}

function nodesOf({ nodes }: Topology, ids: readonly NodeId[]): TopologyNode[] {
  return nodes.filter(({ node }) => ids.includes(node));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
