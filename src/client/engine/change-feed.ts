/**
 * Hears of every change of keys with a prefix, by whichever client in whichever language, read before or not.
 *
 *   CLIENT TRACKING ON BCAST PREFIX prefix ──> push `invalidate [keys]` ──> changed(key)
 *   ready (again) ──> changed(undefined): what was changed before is not known
 *
 * In a cluster it hears the primaries, and follows them: a new one is a connection that is ready.
 *
 * A connection of its own for each server, opened for the first who wants to hear and closed behind the last: the server
 * tells it of all writes. It hears those of this process too. A server that is silent is left, as by every connection.
 *
 * Over memory it is one more client of the memory.
 */
import { Connection } from '../connection/connection.js';
import { hostTime } from '../time.js';
import { type CacheMemory, MemoryClient } from './cache-memory.js';
import { type EngineServer, tellInvalidated } from './engine-connection.js';
import { Heartbeat, PING } from './heartbeat.js';
import { type NewsServers, PerServer } from './news-servers.js';

/** A key was changed; undefined: any may have been. */
export type Changed = (key: string | undefined) => void;

export interface ChangeFeed {
  close(): void;
}

/** Begins to connect. */
export function changesOfServers(servers: NewsServers, prefix: string, changed: Changed): ChangeFeed {
  const feeds = new PerServer((server) => changesOf(server, prefix, changed));
  const follow = (): void => void feeds.keep(servers.all);
  const leave = servers.onChange(follow);
  follow();
  return {
    close: () => {
      leave();
      feeds.close();
    },
  };
}

export function changesOfMemory(memory: CacheMemory, prefix: string, changed: Changed): ChangeFeed {
  const nothing = (): void => {};
  const invalidated = (key: string | undefined): void => {
    if (key === undefined || key.startsWith(prefix)) changed(key);
  };
  const host = {
    woken: nothing,
    unsound: nothing,
    sound: nothing,
    reachable: nothing,
    drawTicket: () => 0,
    invalidated,
  };
  const client = new MemoryClient(host, true, 0);
  memory.join(client);
  return { close: () => memory.leave(client) };
}

function changesOf(server: EngineServer, prefix: string, changed: Changed): ChangeFeed {
  const connection = new Connection({
    ...server,
    setup: [['CLIENT', 'TRACKING', 'ON', 'BCAST', ...(prefix === '' ? [] : ['PREFIX', prefix])]],
    onEvent: ({ kind }) => {
      heartbeat.stop();
      if (kind !== 'ready') return;
      heartbeat.start();
      changed(undefined);
    },
    onPush: ([kind, keys]) => {
      if (kind === 'invalidate') tellInvalidated(keys, changed);
    },
  });
  // Whether it lapses is nobody's concern: with a question on its way, a silent server is left.
  const heartbeat = new Heartbeat(connection, server.time ?? hostTime, {
    question: PING,
    answered: () => {},
    lapsed: () => {},
  });
  connection.connect();
  return connection;
}
