/**
 * What replication asks of the store that is replicated. A write is whatever changes it, as its effect ("k is now v until
 * t", "k is gone"), so that doing it again changes nothing. The primary has done it before it is told on.
 */
export interface ReplicatedStore<W> {
  /** Does a write that the primary has done. */
  apply(write: W): void;
  /** Empties it: a full sync begins. */
  clear(): void;
  /** Begins a walk over all entries. */
  walk(): StoreWalk<W>;
}

/**
 * A walk between other work. Each entry that stands from its beginning to its end is met; one that is written meanwhile may be
 * met before or after that, as it then is.
 */
export interface StoreWalk<W> {
  /** Some further entries, as writes that make them; undefined when all were met. */
  next(): readonly W[] | undefined;
  /** Gives up what is left; nothing more is asked. */
  end(): void;
}
