/** What the chaos does differently with each product: how a node is started, a cluster formed, and how one sees that all is well. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClusterStatus } from '#layers/node';
import { decodeTopology, isRefusal, type Topology } from '#layers/ring';
import { RawConnection } from '../kit/connection.js';
import { decode, type Plain, plain } from '../kit/frames.js';
import type { NodeAddress } from './links.js';
import { type Owner, readSlots } from './slots.js';

export interface NodePlace extends NodeAddress {
  readonly folder: string;
}

export interface Product {
  readonly name: string;
  readonly password: string;
  readonly isRedis: boolean;
  command(place: NodePlace, all: readonly NodePlace[]): readonly string[];
  variables(): Readonly<Record<string, string>>;
  /** Makes a cluster of nodes that run. */
  form(all: readonly NodePlace[], shards: number): Promise<void>;
  /** Why not all is well yet; undefined if every shard has a primary and all its replicas. */
  trouble(all: readonly NodePlace[], shards: number): Promise<string | undefined>;
  /** Whether those that can be asked agree that this primary has a replica in sync, which could take its place. */
  hasHeir(primary: NodePlace, all: readonly NodePlace[]): Promise<boolean>;
  /** What the nodes say of what happened since, in ms since 1970: a line each, in the order of time. */
  timeline(all: readonly NodePlace[], sinceMs: number): Promise<readonly string[]>;
}

const ANSWER_MS = 2000;
const MEMORY = '64mb';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
/** Loaded before the program: see without-lease-check.ts. */
const mutant = new URL('./without-lease-check.js', import.meta.url).href;

/** `flags`: more of `nuthatch start`. */
export function nuthatch(ackWrites: string, checksLease: boolean, flags: readonly string[] = []): Product {
  const password = 'chaos';
  return {
    name: 'Nuthatch',
    password,
    isRedis: false,
    command: (place, all) => {
      const join = all.filter((one) => one !== place).map(({ host, port }) => `${host}:${port}`);
      return [
        process.execPath,
        ...(checksLease ? [] : ['--import', mutant]),
        program,
        'start',
        ...['--host', place.host, '--port', String(place.port), '--join', join.join(',')],
        ...['--data', place.folder, '--password', password, '--max-memory', MEMORY],
        ...['--ack-writes', ackWrites, '--log-format', 'json', ...flags],
      ];
    },
    variables: () => ({ NUTHATCH_CLUSTER_SECRET: 'known to the nodes of the chaos alone' }),
    form: async (all, shards) => {
      const addresses = all.map(({ host, port }) => `${host}:${port}`);
      const words = [
        'cluster',
        'init',
        '--shards',
        String(shards),
        '--replicas',
        '1',
        '--password',
        password,
      ];
      await run([process.execPath, program, ...words, ...addresses]);
    },
    trouble: async (all, shards) => {
      const states = await Promise.all(all.map((place) => statusOf(place, password)));
      const copies = states.map((state) => state?.copy);
      if (copies.some((copy) => copy === undefined)) return 'a node does not answer, or has no copy';
      const primaries = copies.filter((copy) => copy?.role === 'primary' && copy.leaseLeftMs > 0);
      if (primaries.length !== shards) return `${primaries.length} primaries have their lease`;
      const inSync = primaries.map((copy) => copy?.followers.filter((one) => one.isInSync).length ?? 0);
      const replicas = all.length / shards - 1;
      return inSync.some((count) => count < replicas) ? 'a replica is not in sync' : undefined;
    },
    hasHeir: async (primary, all) => {
      const topologies = await Promise.all(all.map((place) => topologyOf(place, password)));
      const newest = topologies.reduce((a, b) => ((b?.version ?? 0) > (a?.version ?? 0) ? b : a), undefined);
      const node = newest?.nodes.find(({ host, port }) => host === primary.host && port === primary.port);
      const shard = newest?.shards.find((one) => one.primary?.node === node?.node);
      // Another one is primary already.
      return shard?.replicas.some(({ isInSync }) => isInSync) ?? true;
    },
    timeline: async (all, sinceMs) => {
      const told = await Promise.all(
        all.map(async (place) => {
          const status = await statusOf(place, password);
          const entries = status?.timeline.filter(({ atMs }) => atMs >= sinceMs) ?? [];
          return entries.map(({ atMs, text }) => ({
            atMs,
            text: `${place.host} (${status?.node})  ${text}`,
          }));
        }),
      );
      const entries = told.flat().sort((a, b) => a.atMs - b.atMs);
      return entries.map(({ atMs, text }) => `${String(Math.round(atMs - sinceMs)).padStart(6)} ms  ${text}`);
    },
  };
}

export function redis(): Product {
  return {
    name: 'Redis Cluster',
    password: '',
    isRedis: true,
    command: ({ host, port, folder }) => [
      'redis-server',
      ...['--bind', host, '--port', String(port), '--dir', folder, '--protected-mode', 'no'],
      ...['--cluster-enabled', 'yes', '--save', '', '--appendonly', 'no', '--maxmemory', MEMORY],
    ],
    variables: () => ({}),
    form: async (all, shards) => {
      const addresses = all.map(({ host, port }) => `${host}:${port}`);
      const replicas = String(all.length / shards - 1);
      const words = ['--cluster', 'create', ...addresses, '--cluster-replicas', replicas, '--cluster-yes'];
      await run(['redis-cli', ...words]);
    },
    trouble: async (all, shards) => {
      const states = await Promise.all(all.map((place) => ask(place, '', ['CLUSTER', 'INFO'])));
      if (states.some((state) => !String(state).includes('cluster_state:ok')))
        return 'a node says that the cluster fails';
      const roles = await Promise.all(all.map((place) => ask(place, '', ['ROLE'])));
      const kinds = roles.map((role) => (Array.isArray(role) ? `${role[0]} ${role[3]}` : ''));
      if (kinds.filter((kind) => kind.startsWith('master')).length !== shards) return 'a primary is missing';
      return kinds.filter((kind) => kind === 'slave connected').length < all.length - shards
        ? 'a replica is not connected'
        : undefined;
    },
    hasHeir: async () => true,
    timeline: async () => [],
  };
}

/** Who owns which slots, as the first node says that answers. */
export async function ownersOf(
  product: Product,
  all: readonly NodePlace[],
  but?: NodePlace,
): Promise<readonly Owner[]> {
  for (const place of all) {
    if (place === but) continue;
    const reply = await ask(place, product.password, ['CLUSTER', 'SLOTS']);
    if (Array.isArray(reply)) return readSlots(reply, all);
  }
  return [];
}

async function statusOf(place: NodePlace, password: string): Promise<ClusterStatus | undefined> {
  const text = await ask(place, password, ['CLUSTER', 'STATUS']);
  return typeof text === 'string' && text.startsWith('{') ? (JSON.parse(text) as ClusterStatus) : undefined;
}

async function topologyOf(place: NodePlace, password: string): Promise<Topology | undefined> {
  const reply = await ask(place, password, ['CLUSTER', 'TOPOLOGY']);
  // A map, as a list of names and values.
  const text = Array.isArray(reply) ? reply[reply.indexOf('topology') + 1] : undefined;
  const topology = typeof text === 'string' ? decodeTopology(text) : undefined;
  return topology === undefined || isRefusal(topology) ? undefined : topology;
}

/** Undefined: no answer in time. An error is the text `-ERR ...`. */
export async function ask(
  { host, port }: NodeAddress,
  password: string,
  words: readonly string[],
): Promise<Plain | undefined> {
  let connection: RawConnection | undefined;
  try {
    connection = await RawConnection.open(port, host, ANSWER_MS);
    if (password !== '') {
      connection.request('AUTH', password);
      await connection.frame(ANSWER_MS);
    }
    connection.request(...words);
    const frame = await connection.frame(ANSWER_MS);
    if (frame === undefined) return undefined;
    const reply = decode(frame);
    return reply.type === '-' ? `-${reply.value}` : plain(reply);
  } catch {
    return undefined;
  } finally {
    connection?.close();
  }
}

async function run([command, ...args]: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${output}`);
}
