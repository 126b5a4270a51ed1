/** Makes a node one of a cluster, if it is told to: its mind's thread runs and the node has its part before any client is served. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { CacheNode } from '../cache-node.js';
import { LiveMember } from './cluster-member.js';
import { MindThread } from './mind-thread.js';
import { ClusterOrders } from './orders.js';

/** The node cannot be one of a cluster here: its folder is in use or damaged, or its bus cannot listen. The message says what to do. */
export class JoinError extends Error {
  readonly code = 'NUTHATCH_JOIN';
  readonly retryable = false;

  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.name = 'JoinError';
  }
}

export interface Joined {
  /** On which the node is to listen. */
  readonly port: number;
  /** Undefined: it serves alone. */
  readonly member: LiveMember | undefined;
}

/** Rejects with a JoinError. */
export async function joinCluster(node: CacheNode): Promise<Joined> {
  const { host, port: wanted, cluster, log } = node.options;
  if (cluster === undefined) return { port: wanted, member: undefined };
  const { dataFolder, announceHost, busPort, secret, zone, isWitness, join: seeds } = cluster;
  // Others are told of the port before it is listened on.
  const port = wanted === 0 ? await freePort(host) : wanted;
  const place = {
    folder: join(dataFolder, 'meta'),
    host: announceHost,
    port,
    bus: { host, port: busPort },
    secret: secret === '' ? undefined : secret,
    zone,
    holdsData: !isWitness,
    seeds,
  };
  const mind = await MindThread.start(place, log).catch((error: NodeJS.ErrnoException) => {
    // What the system or the folder refuses has a code; all else is a defect.
    throw error.code === undefined ? error : new JoinError(error.message, { cause: error });
  });
  const member = new LiveMember(node, mind);
  node.enterCluster(member, new ClusterOrders(member));
  return { port, member };
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
