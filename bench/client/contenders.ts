/**
 * The readers of each contender: how an application would read a key through it, tuned as its documents say.
 *
 *   near    a hit in this process            get    one in the server            load    get-or-load, a hit in the server
 *
 * - map          `Promise.resolve(map.get(key))`: nothing that is awaited could be less
 * - nuthatch     createCache over a node; `near` and `load` are getOrLoad with a lifetime given in the call, with lease and fence
 * - ioredis      auto-pipelining, commandTimeout 200 ms (or none); texts, as they are, or parsed
 * - node-redis   commands of a tick go out together; `near` is its client-side cache, which clones each value it
 *                hands out; texts, as they are
 * - bentocache   over Redis; `near` has its memory layer, which is told not to serialize
 * - cacheable    over Redis; `near` has its memory layer
 */
import { Redis } from 'ioredis';
import { createCache } from 'nuthatch';
import { createClient } from 'redis';
import { importRival } from '../rival-packages.js';
import type { ContenderName, Question } from './scenarios.js';

export interface Reader {
  /** Reads a key, and loads it if the contender can. */
  read(key: string): Promise<unknown>;
  store(key: string): Promise<unknown>;
  close(): unknown;
}

/** A value for each key, as an application has it. */
export type Values = (key: string) => unknown;

type Make = (question: Question, values: Values) => Reader | Promise<Reader>;

const DEADLINE_MS = 200;
/** More than everything that is stored. */
const NEAR_BYTES = '512mb';
const NEAR_ITEMS = 1_000_000;

const makers: Readonly<Record<ContenderName, Make>> = {
  map: (_question, values) => {
    const map = new Map<string, unknown>();
    return {
      read: (key) => Promise.resolve(map.get(key)),
      store: async (key) => map.set(key, values(key)),
      close: () => map.clear(),
    };
  },

  nuthatch: async ({ scenario, port }, values) => {
    const near = scenario === 'near' ? ({ maxBytes: NEAR_BYTES, ttl: '1h' } as const) : false;
    const cache = createCache({ url: url(port), near, deadline: DEADLINE_MS });
    await cache.ready();
    const load = (key: string) => cache.getOrLoad(key, () => values(key), { ttl: '1h' });
    const isGet = scenario === 'get';
    return {
      read: isGet ? (key) => cache.get(key) : load,
      store: isGet ? (key) => cache.set(key, values(key)) : load,
      close: () => cache.close(),
    };
  },

  ioredis: (question, values) => ioredis(question, values, { commandTimeout: DEADLINE_MS }),
  'ioredis with parsing': (question, values) => {
    const reader = ioredis(question, values, { commandTimeout: DEADLINE_MS });
    return { ...reader, read: async (key) => JSON.parse((await reader.read(key)) as string) };
  },
  'ioredis without deadline': (question, values) => ioredis(question, values, {}),

  'node-redis': async ({ scenario, port }, values) => {
    const clientSideCache = { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' } as const;
    const client = createClient({
      url: url(port),
      RESP: 3,
      commandOptions: { timeout: DEADLINE_MS },
      ...(scenario === 'near' && { clientSideCache }),
    });
    client.on('error', fail);
    await client.connect();
    return {
      read: (key) => client.get(key),
      store: async (key) => {
        await client.set(key, JSON.stringify(values(key)));
        await client.get(key);
      },
      close: () => client.close(),
    };
  },

  bentocache: async ({ scenario, port }, values) => {
    const { BentoCache, bentostore } = await importRival<BentoModule>('bentocache');
    const { redisDriver } = await importRival<BentoRedisModule>('bentocache/drivers/redis');
    const { memoryDriver } = await importRival<BentoMemoryModule>('bentocache/drivers/memory');
    const store = bentostore().useL2Layer(redisDriver({ connection: { host: '127.0.0.1', port } }));
    if (scenario === 'near') store.useL1Layer(memoryDriver({ maxItems: NEAR_ITEMS, serialize: false }));
    const bento = new BentoCache({ default: 'main', stores: { main: store } });
    const load = (key: string) => bento.getOrSet({ key, ttl: '1h', factory: () => values(key) });
    return { read: load, store: load, close: () => bento.disconnectAll() };
  },

  cacheable: async ({ scenario, port }, values) => {
    const { Cacheable } = await importRival<CacheableModule>('cacheable');
    const { createKeyv } = await importRival<KeyvRedisModule>('@keyv/redis');
    const redis = createKeyv(url(port));
    const cache = new Cacheable(scenario === 'near' ? { secondary: redis } : { primary: redis });
    const load = (key: string) => cache.getOrSet(key, async () => values(key), { ttl: '1h' });
    return { read: load, store: load, close: () => cache.disconnect() };
  },
};

/** The reader of a contender, connected. */
export async function makeReader(question: Question, values: Values): Promise<Reader> {
  return makers[question.contender](question, values);
}

function ioredis({ port }: Question, values: Values, deadline: { commandTimeout?: number }): Reader {
  const client = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true, ...deadline });
  client.on('error', fail);
  return {
    read: (key) => client.get(key),
    store: (key) => client.set(key, JSON.stringify(values(key))),
    close: () => client.disconnect(),
  };
}

function url(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

function fail(error: Error): never {
  throw error;
}

interface BentoStore {
  useL1Layer(driver: unknown): BentoStore;
  useL2Layer(driver: unknown): BentoStore;
}

interface BentoModule {
  bentostore(): BentoStore;
  readonly BentoCache: new (options: {
    default: string;
    stores: Record<string, BentoStore>;
  }) => {
    getOrSet(options: { key: string; ttl: string; factory: () => unknown }): Promise<unknown>;
    disconnectAll(): Promise<void>;
  };
}

interface BentoRedisModule {
  redisDriver(options: { connection: { host: string; port: number } }): unknown;
}

interface BentoMemoryModule {
  memoryDriver(options: { maxItems: number; serialize: boolean }): unknown;
}

interface CacheableModule {
  readonly Cacheable: new (options: {
    primary?: unknown;
    secondary?: unknown;
  }) => {
    getOrSet(key: string, load: () => Promise<unknown>, options: { ttl: string }): Promise<unknown>;
    disconnect(): Promise<void>;
  };
}

interface KeyvRedisModule {
  createKeyv(url: string): unknown;
}
