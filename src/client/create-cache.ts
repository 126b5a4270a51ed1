/**
 * From what a user writes to a cache: where its values are, and how it behaves.
 *
 *   'redis://10.0.0.1:6379'               one server: it is asked what it is. A node of a Nuthatch cluster stands for all of it
 *   { nodes: ['redis://a', 'redis://b'] } several independent ones: the ring says which has a key. Or some nodes of one cluster
 *   { redis: client }                     a connection of ioredis or node-redis that is there already
 *   { memory: { maxBytes: '64mb' } }      this process alone
 */
import { BYTE_SIZE_FORMS, type ByteSize, byteCount, Random } from '../base/index.js';
import { Ring, type RingNode } from '../ring/index.js';
import { Cache } from './cache.js';
import {
  type CacheBehavior,
  checkNames,
  checkObject,
  resolveBehavior,
  throwProblems,
} from './cache-options.js';
import { type ConnectionOptions, resolveConnectionOptions } from './connection/connection-options.js';
import { parseRedisUrl } from './connection/redis-url.js';
import { READS_FROM, type ReadsFrom } from './core/index.js';
import { CacheMemory } from './engine/cache-memory.js';
import { changesOfMemory, changesOfServers } from './engine/change-feed.js';
import { ClusterEngine } from './engine/cluster-engine.js';
import { DetectEngine, type EngineMakers } from './engine/detect-engine.js';
import type { Engine, EngineHost, EngineOptions } from './engine/engine.js';
import { addressOf } from './engine/engine-connection.js';
import { ExistingCaller, type ExistingClient } from './engine/existing-client.js';
import { Fleet } from './engine/fleet.js';
import { GuardedEngine } from './engine/guarded-engine.js';
import { MemoryEngine } from './engine/memory-engine.js';
import { NewsServers } from './engine/news-servers.js';
import { redisEngineOver } from './engine/redis-client-engine.js';
import { makeRedisEngine } from './engine/redis-server-engine.js';
import { RoutedEngine } from './engine/routed-engine.js';
import { SeedsEngine, type ServerFound } from './engine/seeds-engine.js';
import { ClientOptionsError } from './errors.js';
import type { NewsSources } from './news.js';
import { hostTime } from './time.js';

/** One of several independent servers. */
export interface CacheNode {
  /** redis://user:password@host:port/database, or rediss:// for TLS. */
  readonly url: string;
  /** Its share of the keys, beside the others'. Default 1. */
  readonly weight?: number;
  /** Its name on the ring, which must stay when its address changes. Default: host and port. */
  readonly id?: string;
}

/** How servers are connected to, beyond what a URL says. */
export type CacheConnection = Pick<
  ConnectionOptions,
  | 'username'
  | 'password'
  | 'tls'
  | 'clientName'
  | 'connectDeadlineMs'
  | 'maxSilenceMs'
  | 'maxPendingCalls'
  | 'maxPendingBytes'
>;

/** Where the values are, one of these; and how the cache behaves. */
export interface CacheOptions extends CacheBehavior {
  /** One server: redis://user:password@host:port/database, or rediss:// for TLS. */
  readonly url?: string;
  /** Several independent servers: each key has its place on one of them. All clients must name them alike. */
  readonly nodes?: readonly (string | CacheNode)[];
  /**
   * A connection that the application has already, of ioredis or node-redis, to a Redis or Valkey server. It is never
   * closed here. It cannot have a near cache, and waiters poll.
   */
  readonly redis?: ExistingClient;
  /** Memory of this process, for tests and programs that need no server; a CacheMemory is one that several caches share. */
  readonly memory?: { readonly maxBytes: ByteSize } | CacheMemory;
  readonly connection?: CacheConnection;
  /**
   * In a cluster, who is asked first for a value: the primary of its shard; any copy, drawn for each read; or the copy that answers soonest. What a replica
   * says may be older than what was acknowledged. Default 'primary'.
   */
  readonly reads?: ReadsFrom;
}

const placeNames: readonly Exclude<keyof CacheOptions, keyof CacheBehavior>[] = [
  'url',
  'nodes',
  'redis',
  'memory',
  'connection',
  'reads',
];
const nodeNames: readonly (keyof CacheNode)[] = ['url', 'weight', 'id'];
const connectionNames: readonly (keyof CacheConnection)[] = [
  'username',
  'password',
  'tls',
  'clientName',
  'connectDeadlineMs',
  'maxSilenceMs',
  'maxPendingCalls',
  'maxPendingBytes',
];

const MAKERS: EngineMakers = { redis: makeRedisEngine };

/** Where values are, and where news of them comes from. */
interface Place {
  readonly startEngine: (host: EngineHost, options: EngineOptions) => Engine;
  readonly news: NewsSources;
}

/**
 * A cache over a server, several of them, or memory. It begins to connect, and does not wait for it: reads load until
 * then. Throws a ClientOptionsError that names all problems of the options.
 */
export function createCache(where: string | CacheOptions): Cache {
  const options: CacheOptions = typeof where === 'string' ? { url: where } : where;
  const problems: string[] = [];
  if (typeof options !== 'object' || options === null) {
    throw new ClientOptionsError([`they are ${String(options)}; give a URL or an object with url.`]);
  }
  checkNames(options, placeNames, problems);
  if (options.connection !== undefined)
    checkObject('connection', options.connection, connectionNames, problems);
  const { reads = 'primary' } = options;
  if (!READS_FROM.includes(reads))
    problems.push(`reads is ${JSON.stringify(reads)}: give ${READS_FROM.join(', ')}.`);
  const behavior = resolveBehavior(options, problems);
  const place = placeOf(options, problems);
  throwProblems(problems);
  const { startEngine, news } = place as Place;
  return new Cache(behavior, startEngine, hostTime, seed(), news);
}

function placeOf(options: CacheOptions, problems: string[]): Place | undefined {
  const { url, nodes, memory, redis } = options;
  const given = [url, nodes, memory, redis].filter((place) => place !== undefined).length;
  if (given !== 1) {
    problems.push(`${given} of url, nodes, redis and memory are given: give one of them.`);
    return undefined;
  }
  if (memory instanceof CacheMemory) return over(memory);
  if (memory !== undefined) {
    const isOne = checkObject('memory', memory, ['maxBytes'], problems);
    return isOne ? inMemory(memory.maxBytes, problems) : undefined;
  }
  if (redis !== undefined) return overClient(redis, options, problems);
  if (url !== undefined) {
    const server = serverAt(url, options.connection, problems);
    return overServers([server], options, (host, engineOptions, found) =>
      guarded(host, (inner) => new DetectEngine(server, engineOptions, inner, { ...MAKERS, found })),
    );
  }
  return overNodes(nodes ?? [], options, problems);
}

function inMemory(given: ByteSize, problems: string[]): Place | undefined {
  const maxBytes = byteCount(given);
  try {
    return over(new CacheMemory({ maxBytes }));
  } catch (error) {
    problems.push(`memory.maxBytes is ${JSON.stringify(given)}: give ${BYTE_SIZE_FORMS}; ${messages(error)}`);
    return undefined;
  }
}

function overClient(redis: ExistingClient, options: CacheOptions, problems: string[]): Place | undefined {
  if (options.near !== undefined && options.near !== false) {
    problems.push(
      'near needs a connection of our own, which is told of changes: give `url` instead of `redis`.',
    );
  }
  try {
    new ExistingCaller(redis, hostTime).close();
  } catch (error) {
    problems.push(messages(error));
    return undefined;
  }
  const startEngine: Place['startEngine'] = (host, engineOptions) =>
    guarded(host, (inner) => redisEngineOver(redis, engineOptions, inner));
  return { startEngine, news: {} };
}

function over(memory: CacheMemory): Place {
  return {
    startEngine: (host, engineOptions) => new MemoryEngine(memory, engineOptions, host),
    news: { startFeed: (prefix, changed) => changesOfMemory(memory, prefix, changed) },
  };
}

/** Servers that stand alone, or are nodes of one cluster: it is not known yet. */
function overServers(
  servers: readonly ConnectionOptions[],
  { reads = 'primary' }: CacheOptions,
  makeLone: (host: EngineHost, options: EngineOptions, found: ServerFound) => Engine,
): Place {
  const newsServers = new NewsServers(servers);
  const startEngine: Place['startEngine'] = (host, options) => {
    const random = new Random(seed());
    const ofCluster = { ...options, seeds: servers, reads, time: hostTime, random, news: newsServers };
    return new SeedsEngine(
      {
        servers: servers.map(addressOf),
        time: hostTime,
        tracks: options.tracks,
        makeLone: (inner, found) => makeLone(inner, options, found),
        makeCluster: (inner) => new ClusterEngine(ofCluster, inner),
      },
      host,
    );
  };
  return {
    startEngine,
    news: {
      startFleet: (channels, listener) => new Fleet(newsServers, channels, listener, hostTime),
      startFeed: (prefix, changed) => changesOfServers(newsServers, prefix, changed),
    },
  };
}

function overNodes(
  nodes: readonly (string | CacheNode)[],
  options: CacheOptions,
  problems: string[],
): Place | undefined {
  if (!Array.isArray(nodes)) {
    problems.push(`nodes is ${String(nodes)}: give a list of URLs.`);
    return undefined;
  }
  const servers = new Map<string, ConnectionOptions>();
  const ring: RingNode[] = [];
  for (const [place, given] of nodes.entries()) {
    const node: CacheNode = typeof given === 'string' ? { url: given } : given;
    if (!checkObject(`nodes[${place}]`, node, nodeNames, problems)) continue;
    const server = serverAt(node.url, options.connection, problems);
    const id = node.id ?? addressOf(server);
    servers.set(id, server);
    ring.push({ id, ...(node.weight !== undefined && { weight: node.weight }) });
  }
  try {
    new Ring(ring);
  } catch (error) {
    problems.push((error as Error).message);
  }
  // As the ring numbers them.
  const ids = [...servers.keys()].sort();
  const inOrder = ids.map((id) => servers.get(id) ?? {});
  return overServers(inOrder, options, (host, engineOptions, found) => {
    const make = (id: string, node: number, inner: EngineHost): Engine =>
      new DetectEngine(servers.get(id) ?? {}, { ...engineOptions, node }, inner, { ...MAKERS, found });
    return new RoutedEngine({ nodes: ring, make, time: hostTime, random: new Random(seed()) }, host);
  });
}

function guarded(host: EngineHost, make: (host: EngineHost) => Engine): Engine {
  return new GuardedEngine(make, host, { time: hostTime, random: new Random(seed()) });
}

function serverAt(
  url: string,
  connection: CacheConnection | undefined,
  problems: string[],
): ConnectionOptions {
  try {
    const said = parseRedisUrl(url);
    // The URL says that there is TLS, the options may say how.
    const tls = said.tls === true && typeof connection?.tls === 'object' ? connection.tls : said.tls;
    const server = { ...connection, ...said, ...(tls !== undefined && { tls }) };
    resolveConnectionOptions(server);
    return server;
  } catch (error) {
    problems.push(messages(error));
    return {};
  }
}

function messages(error: unknown): string {
  return error instanceof ClientOptionsError ? error.problems.join(' ') : (error as Error).message;
}

function seed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
