/**
 * What the callers of one process do, drawn from a seed: reads that load, and everything that invalidates, on few keys, with
 * loaders and writers that take random times.
 *
 *   keys, by number   0 lives long   1 lives 60 ms, and waits 15 ms for others' loads   2 may be served stale while it is
 *                     loaded anew   3 may be served stale if loading fails, as it often does
 *
 * Of keys of the last two kinds a soft expiry promises nothing; everything else does for all of them.
 */
import type { Cache, LoadContext, LoadOptions } from '#layers/client';
import { nowNs } from '../kit/rows.js';
import type { Seeded } from '../kit/seeded.js';
import type { Answers } from './answers.js';
import { INVALIDATED, NEAR, READ, READ_FAILED, READ_NOTHING, type Recorder } from './records.js';
import type { RowClient } from './rows.js';

export interface StoredRow {
  readonly version: number;
}

/** Of so many versions one says that there is nothing. */
const NOTHING_EVERY = 8;

export const isNothing = (version: number): boolean => version % NOTHING_EVERY === 0;

const KINDS: readonly LoadOptions[] = [
  {},
  { ttl: 60, waitTimeout: 15 },
  { ttl: 100, staleWhileRevalidate: '10s' },
  { ttl: 100, staleIfError: '10s', softTimeout: 4, errorTtl: 5 },
];
const SERVED_STALE_FROM = 2;
const FAILING = 3;

/** Shares of the operations, of 100. */
const SHARES = [
  ['load', 52],
  ['get', 8],
  ['delete', 14],
  ['expire', 9],
  ['set', 8],
  ['writeThrough', 9],
] as const;
type Operation = (typeof SHARES)[number][0];
/** Of them, those that read. */
const READ_SHARE = 60;
/** Of a caller that only reads, between two reads: the machine has other things to do. */
const READER_PAUSE_MS = 10;

export class Operations {
  readonly #caches: readonly Cache[];
  readonly #rows: RowClient;
  readonly #recorder: Recorder;
  readonly #answers: Answers;
  readonly #random: Seeded;
  readonly #firstKey: number;
  readonly #keys: number;
  /** Operations that ended in an error that no promise forbids. */
  failures = 0;
  readonly #underWay = new Set<{ readonly operation: Operation; readonly key: number }>();

  constructor(
    caches: readonly Cache[],
    rows: RowClient,
    recorder: Recorder,
    answers: Answers,
    random: Seeded,
    firstKey: number,
    keys: number,
  ) {
    this.#caches = caches;
    this.#rows = rows;
    this.#recorder = recorder;
    this.#answers = answers;
    this.#random = random;
    this.#firstKey = firstKey;
    this.#keys = keys;
  }

  /** Does one. Never rejects. */
  one(): Promise<void> {
    return this.#one(this.#draw(100));
  }

  /** Reads, after a pause. Never rejects. */
  async read(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, READER_PAUSE_MS));
    return this.#one(this.#draw(READ_SHARE));
  }

  async #one(operation: Operation): Promise<void> {
    const key = this.#firstKey + this.#random.below(this.#keys);
    const cache = this.#random.pick(this.#caches);
    const one = { operation, key };
    this.#underWay.add(one);
    try {
      if (operation === 'load') await this.#load(cache, key);
      else if (operation === 'get') await this.#get(cache, key);
      else await this.#invalidate(cache, key, operation);
    } catch {
      this.failures++;
    } finally {
      this.#underWay.delete(one);
    }
  }

  /** Those that have not ended, for people. */
  get underWay(): string[] {
    return [...this.#underWay].map(({ operation, key }) => `${operation} ${key}`);
  }

  /** One of those before this share. */
  #draw(share: number): Operation {
    let at = this.#random.below(share);
    for (const [operation, share] of SHARES) {
      at -= share;
      if (at < 0) return operation;
    }
    return 'load';
  }

  async #load(cache: Cache, key: number): Promise<void> {
    const startNs = nowNs();
    const heard = this.#answers.begins(nameOf(key));
    const nearBefore = cache.stats().nearHits;
    const reading = cache.getOrLoad<StoredRow>(nameOf(key), (context) => this.#loader(key, context), {
      ...KINDS[key % KINDS.length],
    });
    const flags = cache.stats().nearHits > nearBefore ? NEAR : 0;
    try {
      const row = await reading;
      const kind = row === undefined ? READ_NOTHING : READ;
      this.#recorder.add(kind, key, row?.version ?? 0, startNs, flags, heard.staleMs);
    } catch {
      this.#recorder.add(READ_FAILED, key, 0, startNs);
    } finally {
      this.#answers.ends(nameOf(key), heard);
    }
  }

  async #loader(key: number, context: LoadContext<StoredRow>): Promise<StoredRow | undefined> {
    await this.#pause();
    const version = await this.#rows.read(key);
    await this.#pause();
    if (key % KINDS.length === FAILING && this.#random.chance(0.2)) throw new Error('the database is down');
    if (!isNothing(version)) return { version };
    return this.#random.chance(0.5) ? context.notFound({ ttl: 500 }) : undefined;
  }

  async #get(cache: Cache, key: number): Promise<void> {
    const startNs = nowNs();
    const heard = this.#answers.begins(nameOf(key));
    const nearBefore = cache.stats().nearHits;
    const reading = cache.get<StoredRow>(nameOf(key));
    const flags = cache.stats().nearHits > nearBefore ? NEAR : 0;
    try {
      const row = await reading;
      if (row !== undefined) this.#recorder.add(READ, key, row.version, startNs, flags, heard.staleMs);
    } finally {
      this.#answers.ends(nameOf(key), heard);
    }
  }

  async #invalidate(cache: Cache, key: number, operation: Exclude<Operation, 'load' | 'get'>): Promise<void> {
    const name = nameOf(key);
    const startNs = nowNs();
    const options = KINDS[key % KINDS.length];
    let version = 0;
    if (operation === 'writeThrough') {
      const write = async (): Promise<StoredRow | undefined> => {
        await this.#pause();
        version = await this.#rows.write(key);
        await this.#pause();
        if (this.#random.chance(0.05)) throw new Error('the commit may have failed');
        return isNothing(version) ? undefined : { version };
      };
      try {
        await cache.writeThrough(name, write, options);
      } catch (error) {
        if ((error as Error).message !== 'the commit may have failed') throw error;
      }
    } else if (operation === 'set') {
      version = await this.#set(cache, key, options);
    } else {
      version = await this.#rows.write(key);
      await this.#pause();
      await (operation === 'delete' ? cache.delete(name) : cache.expire(name));
      if (operation === 'expire' && key % KINDS.length >= SERVED_STALE_FROM) version = 0;
    }
    this.#recorder.add(INVALIDATED, key, version, startNs);
  }

  /** Within a transaction: two that store what they wrote without one would store it in any order. */
  async #set(cache: Cache, key: number, options: LoadOptions): Promise<number> {
    const version = await this.#rows.lock(key);
    try {
      if (isNothing(version)) await cache.delete(nameOf(key));
      else await cache.set(nameOf(key), { version }, options);
    } finally {
      this.#rows.unlock(key);
    }
    return version;
  }

  /** Nothing, a turn of the event loop, a few ms, or many. */
  async #pause(): Promise<void> {
    const draw = this.#random.below(1_000);
    if (draw < 400) return;
    if (draw < 850) await new Promise((resolve) => setImmediate(resolve));
    else if (draw < 997) await new Promise((resolve) => setTimeout(resolve, 1 + this.#random.below(3)));
    else await new Promise((resolve) => setTimeout(resolve, this.#random.below(50)));
  }
}

function nameOf(key: number): string {
  return `row:${key}`;
}
