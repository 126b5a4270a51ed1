/**
 * The settings of a node of a cluster: what belongs together, told by the names that people gave it by.
 *
 * A node is of a cluster if it is told `cluster`, `join` or `voter`. What else is said of a cluster has no effect without, which is a
 * warning: a variable or a file may be common to many nodes.
 */
import { type ClusterOptions, isAnyAddress, isLoopback } from '../node/index.js';
import { addressText } from './node-address.js';
import { type OptionName, optionNames, optionSpec, type Settings } from './options-table.js';

/** The last one with 10,000 above it. */
const MAX_PORT_WITH_BUS = 55_535;

export function isOfCluster(settings: Settings): boolean {
  return settings.cluster || settings.voter || settings.join.length > 0;
}

/** `placeOf` says where and how an option was set: "--port 60000"; undefined when it was not. */
export function checkCluster(
  settings: Settings,
  placeOf: (name: OptionName) => string | undefined,
): { readonly problems: readonly string[]; readonly warnings: readonly string[] } {
  if (!isOfCluster(settings)) {
    // One that is wrong is a problem already told.
    if (placeOf('join') !== undefined) return { problems: [], warnings: [] };
    const given = optionNames.filter((name) => optionSpec(name).group === 'Cluster' && name !== 'cluster');
    const idle = given.flatMap((name) => placeOf(name) ?? []);
    return {
      problems: [],
      warnings: idle.map(
        (place) => `${place} has no effect: a node of a cluster is started with --cluster or --join`,
      ),
    };
  }
  const problems: string[] = [];
  const { host, port } = settings;
  if (settings['bus-port'] < 0 && port > MAX_PORT_WITH_BUS)
    problems.push(
      `${placeOf('port')} leaves no port 10000 above it for the other nodes: name one with --bus-port`,
    );
  if (settings['bus-port'] === port && port !== 0)
    problems.push(`${placeOf('bus-port')} is also the port for clients: give another one`);
  if (settings['announce-host'] === '' && isAnyAddress(host))
    problems.push(
      `${placeOf('host')} stands for all addresses, and none that others could be told: give the one by which they reach this node with --announce-host`,
    );
  if (isAnyAddress(settings['announce-host']))
    problems.push(
      `${placeOf('announce-host')} stands for all addresses: give the one by which others reach this node`,
    );
  // One that was given but is wrong is a problem already told.
  const hasSecret = placeOf('cluster-secret') !== undefined || placeOf('cluster-secret-file') !== undefined;
  if (!isLoopback(host) && !hasSecret)
    problems.push(
      `${placeOf('host')} can be reached from other machines, where whoever connects could become a node of the cluster: ` +
        'give all nodes one secret (NUTHATCH_CLUSTER_SECRET or --cluster-secret-file; openssl rand -hex 32 draws one)',
    );
  if (settings['free-port'])
    problems.push(
      `${placeOf('free-port')} and a cluster do not go together, for the others must know where a node is: give each its --port`,
    );
  return { problems, warnings: [] };
}

/** Undefined for a node that serves alone. */
export function clusterOptions(settings: Settings): ClusterOptions | undefined {
  if (!isOfCluster(settings)) return undefined;
  const { data } = settings;
  return {
    join: settings.join.map(({ host, busPort }) => addressText(host, busPort)),
    secret: settings['cluster-secret'],
    zone: settings.zone,
    isWitness: settings.voter,
    ...(settings['bus-port'] < 0 ? {} : { busPort: settings['bus-port'] }),
    ...(settings['announce-host'] === '' ? {} : { announceHost: settings['announce-host'] }),
    ...(data === '' ? {} : { dataFolder: data }),
  };
}
