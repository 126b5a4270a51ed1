/**
 * The connection of an engine, and what its host is told of it: that there is one, what others have changed, and
 * that they may have changed something without a word.
 *
 *   ready    -> sound(now), reachable()     with `tracks` the heartbeat begins
 *   answered -> sound(when it was asked)    what was pushed before the answer has come
 *   lapsed   -> unsound                     it is silent: what it has to push may wait
 *   broken   -> unsound, reachable(why)     whatever was pushed meanwhile is lost
 *   push `invalidate [keys]` -> invalidated; any other push -> the engine
 *
 * A server that counts what it pushes answers the heartbeat with that number. If fewer have come, or more, one was lost
 * on the way: unsound, and the count goes on from the server's. A node of a cluster that is no primary under its lease answers nil: others may
 * change what was read from it, so it is unsound for as long.
 */
import type { Reply } from '../../resp/index.js';
import type { Argument } from '../connection/command-encoder.js';
import { Connection } from '../connection/connection.js';
import type { ConnectionEvent } from '../connection/connection-event.js';
import type { ConnectionOptions } from '../connection/connection-options.js';
import { hostTime } from '../time.js';
import type { EngineHost, EngineOptions } from './engine.js';
import { Heartbeat } from './heartbeat.js';

/** Where the server is and how to talk to it. What a connection begins with is the engine's business. */
export type EngineServer = Omit<ConnectionOptions, 'setup' | 'onPush' | 'onEvent'>;

/** What an engine wants of its connection. */
export interface EngineConnectionNeeds {
  /** What every connection begins with. */
  readonly setup: readonly (readonly Argument[])[];
  /** Takes a push that is no invalidation, and every invalidation too after the host was told. */
  readonly pushed: (items: readonly Reply<string>[]) => void;
  /** The question of the heartbeat. An integer that is answered is how many invalidations this connection was sent; nil: nobody knows. */
  readonly heartbeat: readonly Argument[];
}

/** Begins to connect. */
export function openEngineConnection(
  server: EngineServer,
  options: EngineOptions,
  host: EngineHost,
  needs: EngineConnectionNeeds,
): Connection {
  const { tracks, node = 0 } = options;
  const time = server.time ?? hostTime;
  /** Invalidations that have come since the connection was made. */
  let pushes = 0;
  const onEvent = (event: ConnectionEvent): void => {
    heartbeat.stop();
    if (event.kind === 'ready') {
      if (tracks) {
        heartbeat.start();
        host.sound(time.now(), node);
      }
      host.reachable(undefined, node);
    } else if (event.kind === 'broken') {
      pushes = 0;
      if (tracks && event.wasReady) host.unsound(node);
      host.reachable(event.error, node);
    }
  };
  const onPush = (items: Reply<string>[]): void => {
    if (tracks && items[0] === 'invalidate') {
      pushes++;
      tellInvalidated(items[1], (key) => host.invalidated(key, node));
    }
    needs.pushed(items);
  };
  const connection = new Connection({ ...server, setup: needs.setup, onEvent, onPush });
  const heartbeat = new Heartbeat(connection, time, {
    question: needs.heartbeat,
    answered: (count, sentMs) => {
      if (typeof count === 'number' && count !== pushes) {
        pushes = count;
        host.unsound(node);
      }
      if (count === null) host.unsound(node);
      else host.sound(sentMs, node);
    },
    lapsed: () => host.unsound(node),
  });
  connection.connect();
  return connection;
}

/** An invalidation names keys; nil stands for all. */
export function tellInvalidated(
  keys: Reply<string> | undefined,
  told: (key: string | undefined) => void,
): void {
  if (!Array.isArray(keys)) told(undefined);
  else for (const key of keys) told(String(key));
}

/** For people, and for the ring: "10.0.0.1:6379", "[::1]:6379". */
export function addressOf({ host = '127.0.0.1', port = 6379 }: EngineServer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
