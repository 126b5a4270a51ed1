/**
 * The engine over a connection of its own to a Redis or Valkey server.
 *
 *   setup     CLIENT TRACKING ON [OPTIN] NOLOOP
 *   pushes    invalidate [key] or nil ──> waits, and with `tracks` the near cache
 *   events    ready, broken ──> reachable; broken: pushes may be lost, so all who wait ask again
 */
import type { Reply } from '../../resp/index.js';
import { Connection } from '../connection/connection.js';
import type { ConnectionEvent } from '../connection/connection-event.js';
import type { ConnectionOptions } from '../connection/connection-options.js';
import { hostTime } from '../time.js';
import type { EngineHost, EngineOptions } from './engine.js';
import { PushedWaits } from './pushed-waits.js';
import { RedisEngine } from './redis-engine.js';

/** Connects, and goes on until closed. Throws a ClientOptionsError if options are wrong. */
export function connectRedisEngine(
  connectionOptions: ConnectionOptions,
  options: EngineOptions,
  host: EngineHost,
): RedisEngine {
  const { tracks, node = 0 } = options;
  const { time = hostTime, setup = [], onEvent, onPush } = connectionOptions;
  const tracking = ['CLIENT', 'TRACKING', 'ON', ...(tracks ? [] : ['OPTIN']), 'NOLOOP'];

  const changed = (key: string | undefined): void => {
    if (tracks) host.invalidated(key, node);
    engine.waits.changed(key);
  };

  const connection: Connection = new Connection({
    ...connectionOptions,
    setup: [...setup, tracking],
    onPush: (items: Reply<string>[]) => {
      const [kind, keys] = items;
      if (kind !== 'invalidate') onPush?.(items);
      else if (Array.isArray(keys)) for (const key of keys) changed(String(key));
      else changed(undefined);
    },
    onEvent: (event: ConnectionEvent) => {
      if (event.kind === 'ready') host.reachable(undefined, node);
      if (event.kind === 'broken') {
        host.reachable(event.error, node);
        if (event.wasReady && tracks) host.unsound(node);
        if (event.wasReady) engine.waits.changed(undefined);
      }
      onEvent?.(event);
    },
  });

  const { host: name = '127.0.0.1', port = 6379 } = connectionOptions;
  const engine = new RedisEngine(
    {
      caller: connection,
      time,
      isOptIn: !tracks,
      waits: (woken, watch) => new PushedWaits(time, woken, tracks ? undefined : watch),
      description: () => {
        const { server } = connection;
        return `${server === undefined ? 'redis' : `${server.server} ${server.version}`} at ${name}:${port}`;
      },
      ready: () => connection.ready(),
      close: () => connection.close(),
    },
    options,
    host,
  );
  connection.connect();
  return engine;
}
