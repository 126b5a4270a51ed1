/** The engine over a client of ioredis or node-redis that the application has already. It is not closed with the engine. */
import { Random } from '../../base/index.js';
import { ClientError, ClientOptionsError } from '../errors.js';
import { hostTime, type TimeSource } from '../time.js';
import type { EngineHost, EngineOptions } from './engine.js';
import { ExistingCaller, type ExistingClient } from './existing-client.js';
import { PolledWaits } from './polled-waits.js';
import { RedisEngine } from './redis-engine.js';

/** How long `ready()` waits for a client that is not. */
const READY_MS = 2_000;
/** How often it looks. */
const LOOK_MS = 20;

/** Throws a ClientOptionsError if the client cannot be used, or not for what is asked of it. */
export function redisEngineOver(
  client: ExistingClient,
  options: EngineOptions,
  host: EngineHost,
  time: TimeSource = hostTime,
): RedisEngine {
  const caller = new ExistingCaller(client, time);
  if (options.tracks) {
    throw new ClientOptionsError([
      `a near cache must be told of changes, which a client of ${caller.library} does not tell us; give a URL, so that the cache has a connection of its own, or switch the near cache off.`,
    ]);
  }
  // No secret: only processes that wait for the same key should not all look at the same instant.
  const random = new Random(Math.floor(Math.random() * 2 ** 32));
  const engine = new RedisEngine(
    {
      caller,
      time,
      isOptIn: false,
      waits: (woken, watch) => new PolledWaits(time, random, woken, watch),
      description: `redis over ${caller.library}`,
      ready: () => becomesReady(caller, time),
      close: () => caller.close(),
    },
    options,
    host,
  );
  caller.listen((problem) => {
    host.reachable(problem, options.node ?? 0);
    if (problem !== undefined) engine.lost();
  });
  return engine;
}

function becomesReady(caller: ExistingCaller, time: TimeSource): Promise<void> {
  const endMs = time.now() + READY_MS;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (caller.end !== undefined) reject(caller.end);
      else if (caller.isReady) resolve();
      else if (time.now() < endMs) time.later(look, LOOK_MS, true);
      else {
        const message = `the client of ${caller.library} was not connected within ${READY_MS} ms; connect it first`;
        reject(new ClientError('CONNECT_FAILED', message));
      }
    };
    look();
  });
}
