/**
 * What a node of a cluster is told besides what every node is told. It is of a cluster if `NodeOptions.cluster` is given.
 *
 *   host, port         where clients come; `announceHost` and the port are what others tell them
 *   busPort            where nodes come: port + 10,000, as with Redis, unless it is named
 *   join               buses of other nodes. One that answers is enough: it knows the others. Empty: it waits for others
 *   dataFolder/meta    who this node is and what it promised; a second node never shares it
 */
import { isIP } from 'node:net';
import { MAX_ZONE_LENGTH } from '../../ring/index.js';
import { isAnyAddress, isLoopback } from '../addresses.js';
import { MIN_SECRET_LENGTH } from '../bus/cluster-secret.js';

export interface ClusterOptions {
  /** Buses of other nodes, HOST:BUSPORT each; an IPv6 address stands in brackets. Default: none. */
  readonly join?: readonly string[];
  /** Where other nodes connect; 0 takes any free port. Default: port + 10,000, and 0 with port 0. */
  readonly busPort?: number;
  /** By which other nodes and clients reach this one. Default: `host`, which must then not stand for all addresses. */
  readonly announceHost?: string;
  /** What all nodes of the cluster know and nobody else, of at least 16 characters; beyond loopback required. Default '': none. */
  readonly secret?: string;
  /** Holds `meta/`. Default './nuthatch-data/PORT'. */
  readonly dataFolder?: string;
  /** Copies and voters are spread over zones. Default '': none. */
  readonly zone?: string;
  /** It votes and holds no data. Default false. */
  readonly isWitness?: boolean;
}

export type ResolvedClusterOptions = Readonly<Required<ClusterOptions>>;

/** Redis has the bus there, and its tools expect it. */
export const BUS_PORT_OFFSET = 10_000;
const MAX_PORT = 65_535;
/** More names of nodes help nobody: one that answers knows the others. */
const MAX_JOIN = 1000;

export const clusterDefaults = Object.freeze({
  join: Object.freeze([]) as readonly string[],
  secret: '',
  zone: '',
  isWitness: false,
});

/** Where the node listens for clients. */
export interface ClientAddress {
  readonly host: string;
  readonly port: number;
}

/** The folder of the node on this port, in the folder where it is started. */
function defaultDataFolder(port: number): string {
  return `./nuthatch-data/${port}`;
}

/** Fills in the defaults. What is wrong goes to `problems`, a sentence for each. */
export function resolveCluster(
  options: ClusterOptions,
  { host, port }: ClientAddress,
  problems: string[],
): ResolvedClusterOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const unsaid: ResolvedClusterOptions = {
    ...clusterDefaults,
    busPort: port === 0 ? 0 : port + BUS_PORT_OFFSET,
    announceHost: host,
    dataFolder: defaultDataFolder(port),
  };
  const resolved: ResolvedClusterOptions = { ...unsaid, ...given };
  for (const name of Object.keys(given).filter((name) => !Object.hasOwn(unsaid, name)))
    problems.push(
      `cluster.${name} is no option of a node; the options are ${Object.keys(unsaid).join(', ')}.`,
    );
  problems.push(...addressProblems(resolved, host, port, 'busPort' in given));
  problems.push(...otherProblems(resolved, host));
  return Object.freeze(resolved);
}

function addressProblems(
  { join, busPort, announceHost }: ResolvedClusterOptions,
  host: string,
  port: number,
  isNamed: boolean,
): string[] {
  const problems: string[] = [];
  if (!isPort(busPort, 0)) {
    problems.push(
      isNamed
        ? `cluster.busPort is ${String(busPort)}; give a port from 1 to ${MAX_PORT}, or 0 for any that is free.`
        : `port ${port} leaves no port ${BUS_PORT_OFFSET} above it for other nodes; name one with cluster.busPort.`,
    );
  } else if (busPort === port && port !== 0) {
    problems.push(`cluster.busPort is ${busPort}, as port is; clients and nodes need a port each.`);
  }
  if (typeof announceHost !== 'string' || !/^\S{1,253}$/.test(announceHost)) {
    problems.push(
      `cluster.announceHost is ${JSON.stringify(announceHost)}; give the address or name by which others reach this node.`,
    );
  } else if (isAnyAddress(announceHost)) {
    problems.push(
      announceHost === host
        ? `host ${host} stands for all addresses, and none that others could be told; give one with cluster.announceHost.`
        : `cluster.announceHost is ${announceHost}, which stands for all addresses; give the one by which others reach this node.`,
    );
  }
  if (!Array.isArray(join)) return [...problems, 'cluster.join is no list; give a list of HOST:BUSPORT.'];
  if (join.length > MAX_JOIN)
    problems.push(`cluster.join names ${join.length} nodes; name some, at most ${MAX_JOIN}.`);
  for (const address of join.slice(0, MAX_JOIN)) {
    if (!isBusAddress(address))
      problems.push(
        `cluster.join has ${JSON.stringify(address)}; give HOST:BUSPORT, such as '10.0.0.2:16379'.`,
      );
  }
  return problems;
}

function otherProblems(
  { secret, dataFolder, zone, isWitness }: ResolvedClusterOptions,
  host: string,
): string[] {
  const problems: string[] = [];
  if (typeof secret !== 'string') problems.push('cluster.secret is not a string; give a string.');
  else if (secret !== '' && secret.length < MIN_SECRET_LENGTH)
    problems.push(
      `cluster.secret has ${secret.length} characters; it needs at least ${MIN_SECRET_LENGTH}, drawn at random (openssl rand -hex 32).`,
    );
  else if (secret === '' && typeof host === 'string' && !isLoopback(host))
    problems.push(
      `host ${host} can be reached from other machines, where whoever connects could become a node of the cluster; ` +
        'set cluster.secret to the same secret on all nodes (openssl rand -hex 32), or listen on 127.0.0.1.',
    );
  if (typeof dataFolder !== 'string' || dataFolder === '')
    problems.push(`cluster.dataFolder is ${JSON.stringify(dataFolder)}; give the path of a folder.`);
  if (typeof zone !== 'string' || zone.length > MAX_ZONE_LENGTH || /\s/.test(zone))
    problems.push(
      `cluster.zone is ${JSON.stringify(zone)}; give at most ${MAX_ZONE_LENGTH} characters without blanks.`,
    );
  if (typeof isWitness !== 'boolean')
    problems.push(`cluster.isWitness is ${String(isWitness)}; give true or false.`);
  return problems;
}

function isBusAddress(address: unknown): boolean {
  if (typeof address !== 'string') return false;
  const [, bracketed, name, port] = /^(?:\[([^\]]+)\]|([^\s:]{1,253})):(\d{1,5})$/.exec(address) ?? [];
  return isPort(Number(port), 1) && (bracketed === undefined ? name !== undefined : isIP(bracketed) === 6);
}

function isPort(port: unknown, least: number): boolean {
  return Number.isInteger(port) && (port as number) >= least && (port as number) <= MAX_PORT;
}
