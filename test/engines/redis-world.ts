/** Worlds for the suite of engines: a real Redis or Valkey behind a proxy, over a connection of ours or a client of others. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import {
  Connection,
  DetectEngine,
  type Engine,
  type EngineHost,
  type EngineOptions,
  makeRedisEngine,
  redisEngineOver,
  utf8Text,
} from '#layers/client';
import { startRedis } from '../kit/servers.js';
import { TcpProxy } from '../kit/tcp-proxy.js';
import { DEADLINE_MS, type EngineWorld } from './world.js';

/** Most waits for a connection, so that one that was cut is soon there again. */
const RETRY_MS = 50;

interface Way {
  connect(port: number, options: EngineOptions, host: EngineHost): Engine;
  /** Ends what `connect` made and the engine does not close. */
  end?(): void;
}

/** Connections know only the address, and find out what it is. */
export function ownConnections(): Way {
  return {
    connect: (port, options, host) =>
      new DetectEngine({ port, connectDeadlineMs: DEADLINE_MS, maxRetryMs: RETRY_MS }, options, host, {
        redis: makeRedisEngine,
      }),
  };
}

export function ioredisClients(): Way {
  const clients: Redis[] = [];
  return {
    connect(port, options, host) {
      const client = new Redis({ port, retryStrategy: () => RETRY_MS, maxRetriesPerRequest: 0 });
      client.on('error', () => {});
      clients.push(client);
      return redisEngineOver(client, options, host);
    },
    end() {
      for (const client of clients) client.disconnect();
    },
  };
}

export function nodeRedisClients(protocol: 2 | 3): Way {
  const clients: { destroy(): void }[] = [];
  return {
    connect(port, options, host) {
      const client = createClient({ RESP: protocol, socket: { port, reconnectStrategy: RETRY_MS } });
      client.on('error', () => {});
      client.connect().catch(() => {});
      clients.push(client);
      return redisEngineOver(client, options, host);
    },
    end() {
      for (const client of clients) client.destroy();
    },
  };
}

/** Starts a server, and a world in which it is reached in this way. Its clock cannot be moved, so the time passes. */
export async function startRedisWorld(program: string, way: Way): Promise<EngineWorld> {
  const server = await startRedis([], program);
  if (server === undefined) throw new Error(`${program} is not installed`);
  const proxy = await TcpProxy.start(server.port);
  const other = new Connection({ port: server.port, deadlineMs: DEADLINE_MS });
  await other.ready();
  return {
    connect: (options, host) => way.connect(proxy.port, options, host),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    plain: (...words) => other.call(words, { decode: utf8Text }),
    network: proxy,
    async stop() {
      way.end?.();
      other.close();
      await proxy.stop();
      await server.stop();
    },
  };
}
