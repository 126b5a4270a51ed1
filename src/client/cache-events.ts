/**
 * What a cache tells of itself: events for the application, and channels of `diagnostics_channel` for tracing.
 *
 * Nothing here can fail a read: a listener that throws is reported as an uncaught exception, as one of EventEmitter's
 * would be, after the cache has gone on.
 */
import diagnostics from 'node:diagnostics_channel';

export interface CacheEvents {
  /** An operation of the cache failed; reads go on without it. */
  cacheError: { readonly operation: string; readonly key: string | undefined; readonly error: Error };
  /** A loader failed. */
  loadError: { readonly key: string; readonly error: unknown; readonly background: boolean };
  /** A load was turned away. */
  shed: { readonly key: string; readonly group: string };
  /** A fill was refused: the key was invalidated while it was loaded. */
  refused: { readonly key: string };
  /** Somebody changed or deleted a key of this cache, in any language; undefined: all may have changed. */
  invalidate: { readonly key: string | undefined };
  /** An invalidation was not acknowledged in time and is being repeated. */
  invalidationPending: { readonly key: string };
  /** All that was pending is acknowledged. */
  invalidationsDone: Record<string, never>;
  /** The cache can be reached, or not. */
  reachable: { readonly problem: Error | undefined };
}

export type CacheEventName = keyof CacheEvents;
export type CacheListener<N extends CacheEventName> = (event: CacheEvents[N]) => void;

/** The channels: `nuthatch:` and the event's name; and `nuthatch:load` for each load that ended. */
export const loadChannel = diagnostics.channel('nuthatch:load');

export class Events {
  readonly #listeners = new Map<CacheEventName, Set<CacheListener<never>>>();
  readonly #channels = new Map<CacheEventName, diagnostics.Channel>();
  /** Told when the first listener of an event comes, or its last one goes. */
  onListening: (name: CacheEventName, isListened: boolean) => void = () => {};

  on<N extends CacheEventName>(name: N, listener: CacheListener<N>): () => void {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, (listeners = new Set()));
    if (listeners.size === 0) this.onListening(name, true);
    listeners.add(listener as CacheListener<never>);
    return () => this.off(name, listener);
  }

  off<N extends CacheEventName>(name: N, listener: CacheListener<N>): void {
    const listeners = this.#listeners.get(name);
    if (listeners?.delete(listener as CacheListener<never>) !== true || listeners.size > 0) return;
    this.#listeners.delete(name);
    this.onListening(name, false);
  }

  emit<N extends CacheEventName>(name: N, event: CacheEvents[N]): void {
    this.#channel(name).publish(event);
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      try {
        (listener as CacheListener<N>)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #channel(name: CacheEventName): diagnostics.Channel {
    let channel = this.#channels.get(name);
    if (channel === undefined) this.#channels.set(name, (channel = diagnostics.channel(`nuthatch:${name}`)));
    return channel;
  }
}
