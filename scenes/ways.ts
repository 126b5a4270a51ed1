/**
 * The ways in which an application of a scene reads: ours, and the usual ones.
 *
 * Each is set up as its documents recommend, with a deadline for the cache where it has one; all of them have the same
 * lifetime. Who invalidates does what the library offers for that.
 */
import { Redis } from 'ioredis';
import { createCache } from 'nuthatch';
import { importRival, rivalVersion } from '../bench/rival-packages.js';

export const wayNames = ['nuthatch', 'bentocache', 'get-then-set'] as const;
export type WayName = (typeof wayNames)[number];

export interface WayOptions {
  readonly port: number;
  readonly lifetimeMs: number;
  /** Whether values are also kept in the process, by ways that can. */
  readonly isNear: boolean;
  /** Loads that all processes together may run at once, where the library has such a bound. */
  readonly maxLoads: number;
}

export interface Reader {
  read(key: string, load: () => Promise<number>): Promise<number | undefined>;
  invalidate(key: string): Promise<unknown>;
  close(): unknown;
}

/** What a scene tells of a way under its name. */
export const summaries: Readonly<Record<WayName, string>> = {
  nuthatch: 'createCache over a node',
  bentocache: 'bentocache over Redis',
  'get-then-set': 'ioredis: get, and on a miss set',
};

const DEADLINE_MS = 200;

/** The ways that this checkout can show. */
export function waysHere(): WayName[] {
  return wayNames.filter((name) => name !== 'bentocache' || rivalVersion('bentocache') !== undefined);
}

export async function openReader(way: WayName, options: WayOptions): Promise<Reader> {
  switch (way) {
    case 'nuthatch':
      return openNuthatch(options);
    case 'bentocache':
      return openBento(options);
    case 'get-then-set':
      return openPlain(options);
  }
}

async function openNuthatch({ port, lifetimeMs, isNear, maxLoads }: WayOptions): Promise<Reader> {
  const cache = createCache({
    url: `redis://127.0.0.1:${port}`,
    ttl: lifetimeMs,
    near: isNear ? { maxBytes: '16mb' } : false,
    deadline: DEADLINE_MS,
    groups: { default: { cap: maxLoads } },
  });
  await cache.ready();
  return {
    read: (key, load) => cache.getOrLoad(key, load),
    invalidate: (key) => cache.delete(key),
    close: () => cache.close(),
  };
}

async function openBento({ port, lifetimeMs, isNear }: WayOptions): Promise<Reader> {
  const { BentoCache, bentostore } = await importRival<BentoModule>('bentocache');
  const { redisDriver, redisBusDriver } = await importRival<BentoRedisModule>('bentocache/drivers/redis');
  const { memoryDriver } = await importRival<BentoMemoryModule>('bentocache/drivers/memory');
  // The version of ioredis that it is made for.
  const { Redis: Connection } = await importRival<{ Redis: typeof Redis }>('ioredis');
  const connection = new Connection({ host: '127.0.0.1', port, commandTimeout: DEADLINE_MS });
  connection.on('error', nothing);
  const store = bentostore().useL2Layer(redisDriver({ connection }));
  if (isNear) {
    store.useL1Layer(memoryDriver({ maxSize: '16mb' }));
    store.useBus(redisBusDriver({ connection: { host: '127.0.0.1', port } }));
  }
  const bento = new BentoCache({
    default: 'main',
    stores: { main: store },
    logger: silent,
    suppressL2Errors: true,
  });
  return {
    read: (key, load) => bento.getOrSet({ key, ttl: lifetimeMs, factory: load }),
    invalidate: (key) => bento.delete({ key }),
    close: () => bento.disconnectAll(),
  };
}

async function openPlain({ port, lifetimeMs }: WayOptions): Promise<Reader> {
  const redis = new Redis({ host: '127.0.0.1', port, commandTimeout: DEADLINE_MS });
  redis.on('error', nothing);
  await new Promise((resolve) => redis.once('ready', resolve));
  return {
    read: async (key, load) => {
      const there = await redis.get(key).catch(() => null);
      if (there !== null) return JSON.parse(there) as number;
      const value = await load();
      redis.set(key, JSON.stringify(value), 'PX', lifetimeMs).catch(nothing);
      return value;
    },
    invalidate: (key) => redis.del(key),
    close: () => redis.disconnect(),
  };
}

const nothing = (): void => {};
const silent = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silent,
};

interface BentoStore {
  useL1Layer(driver: unknown): BentoStore;
  useL2Layer(driver: unknown): BentoStore;
  useBus(bus: unknown): BentoStore;
}

interface BentoModule {
  bentostore(): BentoStore;
  readonly BentoCache: new (options: {
    default: string;
    stores: Record<string, BentoStore>;
    logger: unknown;
    suppressL2Errors: boolean;
  }) => {
    getOrSet(options: {
      key: string;
      ttl: number;
      factory: () => Promise<number>;
    }): Promise<number | undefined>;
    delete(options: { key: string }): Promise<unknown>;
    disconnectAll(): Promise<void>;
  };
}

interface BentoRedisModule {
  redisDriver(options: { connection: object }): unknown;
  redisBusDriver(options: { connection: object }): unknown;
}

interface BentoMemoryModule {
  memoryDriver(options: { maxSize: string }): unknown;
}
