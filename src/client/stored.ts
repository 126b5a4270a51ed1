/** Values between the application and the node: every one passes the serializer on every way. */
import type { CacheParts } from './cache-parts.js';
import { refreshLeadMs } from './core/index.js';
import type { Answer, Payload } from './engine/engine.js';
import { ClientError } from './errors.js';
import type { ResolvedLoadOptions } from './load-options.js';
import type { Loaded } from './loading.js';
import { decodeOrText, type Serializer } from './serializer.js';

/** A value that is stored, or will be. */
export interface Stored {
  /** For one more reader: its own, if the cache copies. */
  forReader(): unknown;
  /** For the near cache. */
  readonly near: { readonly value: unknown; readonly data: string | Uint8Array | undefined };
}

/** All readers have the same. */
class Shared implements Stored {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  forReader(): unknown {
    return this.#value;
  }

  get near(): Stored['near'] {
    return { value: this.#value, data: undefined };
  }
}

/** Each reader has its own. */
class Copied implements Stored {
  readonly #data: string | Uint8Array;
  readonly #serializer: Serializer;
  readonly #isOurs: boolean;

  /** `isOurs`: the serializer has written it, and so must be able to read it. */
  constructor(data: string | Uint8Array, serializer: Serializer, isOurs: boolean) {
    this.#data = data;
    this.#serializer = serializer;
    this.#isOurs = isOurs;
  }

  forReader(): unknown {
    return this.#isOurs ? this.#serializer.decode(this.#data) : decodeOrText(this.#serializer, this.#data);
  }

  get near(): Stored['near'] {
    return { value: this.#data, data: this.#data };
  }
}

/** The value of an answer that has one. */
export function decodeAnswer({ copies, serializer }: CacheParts, { value }: Answer): Stored {
  return copies && value !== undefined
    ? new Copied(value as string | Uint8Array, serializer, false)
    : new Shared(value);
}

/** What is kept here as it would be stored. */
export function storedAs({ serializer }: CacheParts, { data, isAbsent }: Payload): Stored {
  return isAbsent ? new Shared(undefined) : new Copied(data, serializer, true);
}

export interface Encoded {
  readonly stored: Stored;
  readonly payload: Payload;
}

/** What was loaded, as it will be read. Throws a ClientError VALUE if it cannot be written. */
export function encodeLoaded(
  parts: CacheParts,
  key: string,
  loaded: Loaded,
  freshMs: number,
  options: ResolvedLoadOptions,
): Encoded {
  const { copies, serializer } = parts;
  const { value, isAbsent, loadMs } = loaded;
  const keptMs = Math.max(options.staleWhileRevalidateMs, options.staleIfErrorMs);
  parts.longestMs = Math.max(parts.longestMs, loaded.ttlMs + keptMs);
  let stored: Stored;
  let data: string | Uint8Array;
  try {
    // What says that there is nothing is a null for those who read the key without us.
    data = serializer.encode(isAbsent ? null : value);
    if (isAbsent) stored = new Shared(undefined);
    else if (copies) stored = new Copied(data, serializer, true);
    else stored = new Shared(serializer.decode(data));
  } catch (cause) {
    const message = `the value of '${key}' cannot be written as ${serializer.name}: ${(cause as Error).message}`;
    throw new ClientError('VALUE', message, { cause });
  }
  const leadMs = Math.ceil(refreshLeadMs(loadMs, freshMs));
  return {
    stored,
    payload: { data, ttlMs: freshMs + keptMs, freshMs, loadMs: leadMs, isAbsent },
  };
}
