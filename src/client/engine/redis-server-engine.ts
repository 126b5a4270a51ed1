/**
 * The engine over a connection of its own to a Redis or Valkey server.
 *
 *   setup     CLIENT TRACKING ON [OPTIN] NOLOOP
 *   push      invalidate [key] or nil ──> the waits; with `tracks` first the host
 *   broken    pushes may be lost: all who wait ask again
 */
import { hostTime } from '../time.js';
import type { EngineMaker } from './detect-engine.js';
import { hostWithin } from './engine.js';
import { addressOf, openEngineConnection } from './engine-connection.js';
import { PING } from './heartbeat.js';
import { PushedWaits } from './pushed-waits.js';
import { RedisEngine } from './redis-engine.js';

/** Begins to connect. Throws a ClientOptionsError if options are wrong. */
export const makeRedisEngine: EngineMaker = (server, options, host, found) => {
  const { tracks } = options;
  const time = server.time ?? hostTime;
  const told = hostWithin(host, (problem, node) => {
    host.reachable(problem, node);
    if (problem !== undefined) engine.lost();
  });
  const connection = openEngineConnection(server, options, told, {
    setup: [['CLIENT', 'TRACKING', 'ON', ...(tracks ? [] : ['OPTIN']), 'NOLOOP']],
    pushed: ([what, keys]) => {
      if (what !== 'invalidate') return;
      if (Array.isArray(keys)) for (const key of keys) engine.waits.changed(String(key));
      else engine.waits.changed(undefined);
    },
    heartbeat: PING,
  });
  const engine = new RedisEngine(
    {
      caller: connection,
      time,
      description: `${found.kind} ${found.version} at ${addressOf(server)}`,
      isOptIn: !tracks,
      waits: (woken, watch) => new PushedWaits(time, woken, tracks ? undefined : watch),
      ready: () => connection.ready(),
      close: () => connection.close(),
    },
    options,
    host,
  );
  return engine;
};
