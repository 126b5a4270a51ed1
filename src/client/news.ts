/**
 * What a cache hears beside its values: how many caches of the fleet share its loader groups, and, while somebody listens
 * for it, which keys others change.
 *
 *   fleet ──heard──> the size of each group's fleet ──> its share of the cap: cap / caches
 *   listener of `invalidate` ──first, last──> the feed of changes is opened, closed
 *
 * Without servers that can be asked a group keeps its share.
 */
import { type CacheParts, noteCacheError } from './cache-parts.js';
import { FleetSize } from './core/index.js';
import type { Changed, ChangeFeed } from './engine/change-feed.js';
import type { FleetListener } from './engine/fleet.js';
import { ClientError } from './errors.js';
import type { Group } from './loader-groups.js';

/** Where it is heard; what is left out cannot be heard. */
export interface NewsSources {
  startFleet?(channels: readonly string[], listener: FleetListener): { close(): void };
  startFeed?(prefix: string, changed: Changed): ChangeFeed;
}

/** Caches that share a group have the channel of this name in common. */
const CHANNEL = 'nuthatch:group:';

export class News {
  readonly #parts: CacheParts;
  readonly #prefix: string;
  readonly #sources: NewsSources;
  readonly #fleet: { close(): void } | undefined;
  #feed: ChangeFeed | undefined;

  constructor(parts: CacheParts, prefix: string, sources: NewsSources) {
    this.#parts = parts;
    this.#prefix = prefix;
    this.#sources = sources;
    this.#fleet = this.#startFleet();
    parts.events.onListening = (name, isListened) => {
      if (name !== 'invalidate') return;
      if (isListened) this.#openFeed();
      else this.#closeFeed();
    };
  }

  close(): void {
    this.#fleet?.close();
    this.#closeFeed();
    this.#parts.events.onListening = () => {};
  }

  #startFleet(): { close(): void } | undefined {
    const { groups, time } = this.#parts;
    const shares = new Map<string, { readonly group: Group; readonly fleet: FleetSize }>();
    for (const group of groups.values()) {
      shares.set(CHANNEL + this.#prefix + group.name, { group, fleet: new FleetSize(group.processes) });
    }
    return this.#sources.startFleet?.([...shares.keys()], {
      heard: (channel, caches) => {
        const share = shares.get(channel);
        if (share?.fleet.heard(caches, time.now()) === true) share.group.setProcesses(share.fleet.size);
      },
      silence: () => {
        for (const { fleet } of shares.values()) fleet.silence();
      },
      refused: (error) => noteCacheError(this.#parts, 'fleet', undefined, error),
    });
  }

  #openFeed(): void {
    const { events } = this.#parts;
    if (this.#sources.startFeed === undefined) {
      const message = 'changes can be heard over a connection of our own only: give the cache a URL';
      noteCacheError(this.#parts, 'feed', undefined, new ClientError('UNSUPPORTED_SERVER', message));
      return;
    }
    this.#feed = this.#sources.startFeed(this.#prefix, (name) => {
      events.emit('invalidate', { key: name?.slice(this.#prefix.length) });
    });
  }

  #closeFeed(): void {
    this.#feed?.close();
    this.#feed = undefined;
  }
}
