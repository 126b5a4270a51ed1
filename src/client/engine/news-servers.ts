/**
 * Where news of a cache comes from: the servers that it is told of, or, once these are known to be nodes of a cluster, the primaries of that.
 *
 *   all       each tells of changes of its own keys
 *   meeting   where all who share a channel meet: lone servers one by one; in a cluster the primary of the channel's slot, since a node
 *             tells its own subscribers only
 */
import { addressOf, type EngineServer } from './engine-connection.js';

export class NewsServers {
  #all: readonly EngineServer[];
  #holderOf: ((channel: string) => EngineServer | undefined) | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(servers: readonly EngineServer[]) {
    this.#all = servers;
  }

  get all(): readonly EngineServer[] {
    return this.#all;
  }

  meeting(channels: readonly string[]): readonly EngineServer[] {
    const holderOf = this.#holderOf;
    if (holderOf === undefined) return this.#all;
    const holders = channels.flatMap((channel) => holderOf(channel) ?? []);
    return [...new Map(holders.map((server) => [nameOf(server), server])).values()];
  }

  /** They are a cluster, as of now. */
  follow(primaries: readonly EngineServer[], holderOf: (channel: string) => EngineServer | undefined): void {
    this.#all = primaries;
    this.#holderOf = holderOf;
    for (const listener of this.#listeners) listener();
  }

  /** Calls the listener whenever they are others; returns what takes it back. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Something that is kept for each server: made when it comes, closed when it goes. */
export class PerServer<T extends { close(): void }> {
  readonly #make: (server: EngineServer) => T;
  readonly #kept = new Map<string, T>();

  constructor(make: (server: EngineServer) => T) {
    this.#make = make;
  }

  get values(): readonly T[] {
    return [...this.#kept.values()];
  }

  /** Returns those that have just been made. */
  keep(servers: readonly EngineServer[]): readonly T[] {
    const names = new Set(servers.map(nameOf));
    for (const [name, kept] of this.#kept) {
      if (names.has(name)) continue;
      this.#kept.delete(name);
      kept.close();
    }
    const made: T[] = [];
    for (const server of servers) {
      const name = nameOf(server);
      if (this.#kept.has(name)) continue;
      const one = this.#make(server);
      this.#kept.set(name, one);
      made.push(one);
    }
    return made;
  }

  close(): void {
    this.keep([]);
  }
}

function nameOf(server: EngineServer): string {
  return `${addressOf(server)}/${server.database ?? 0}`;
}
