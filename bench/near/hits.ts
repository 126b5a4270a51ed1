/**
 * The process of one contender: how many hits a second one loop gets through `await`.
 *
 *   map     const value = await Promise.resolve(map.get(key))        nothing could be less
 *   near    const value = await reader.get(key)                      the near cache below a read as a client makes it
 *
 * The near hit looks at a clock, ends lifetimes, keeps strict LRU, counts, and takes a sample for hot keys; the Map
 * does none of it. Keys are made once, as those of an application's constants and routes are.
 */
import { CoarseClock } from '#layers/base';
import { NearCache } from '#layers/client/core';
import { Zipf } from '../load/zipf.js';
import { answerAsChild, askChild } from '../processes.js';
import { SeededRandom } from '../random.js';

export const contenderNames = ['map', 'near'] as const;
export type ContenderName = (typeof contenderNames)[number];

export const orders = ['in sequence', 'skewed'] as const;
export type Order = (typeof orders)[number];

export interface Question {
  readonly contender: ContenderName;
  readonly order: Order;
  readonly entries: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface Answer {
  readonly hitsPerSecond: number;
}

export function measureHits(core: number, question: Question): Promise<Answer> {
  return askChild(core, new URL(import.meta.url), question);
}

const EXPONENT = 0.99;
/** Hits between two looks at the exact clock. */
const HITS_AT_ONCE = 65_536;
const WARM_UP_SECONDS = 0.5;
const LIFETIME_MS = 3_600_000;
/** One hit in so many is counted for its key. */
const SAMPLE = 64;

interface Value {
  readonly rank: number;
}

interface ReadOptions {
  readonly ttl: number;
}

interface Reader {
  get(key: string, options: ReadOptions): Promise<Value | undefined>;
}

class MapReader implements Reader {
  readonly #map: Map<string, Value>;

  constructor(map: Map<string, Value>) {
    this.#map = map;
  }

  get(key: string): Promise<Value | undefined> {
    return Promise.resolve(this.#map.get(key));
  }
}

/** What a client does on a near hit. */
class NearReader implements Reader {
  readonly #near: NearCache<Promise<Value>>;
  readonly #clock = new CoarseClock(
    () => performance.now(),
    (run, ms) => setTimeout(run, ms).unref(),
  );
  readonly #sampled = new Map<string, number>();
  #untilSample = SAMPLE;
  refreshes = 0;

  constructor(values: Map<string, Value>, maxBytes: number) {
    this.#near = new NearCache(maxBytes);
    for (const [key, value] of values) {
      const nowMs = this.#clock.now();
      const entry = {
        handle: Promise.resolve(value),
        valueBytes: 64,
        node: 0,
        freshUntilMs: nowMs + LIFETIME_MS,
        refreshAtMs: nowMs + LIFETIME_MS,
      };
      this.#near.enter(key, entry, this.#near.drawTicket(), nowMs);
    }
  }

  get entries(): number {
    return this.#near.stats().entries;
  }

  get(key: string, options: ReadOptions): Promise<Value | undefined> {
    const handle = this.#near.get(key, this.#clock.now());
    if (handle === undefined) return Promise.reject(new Error(`${key} is no hit, with ttl ${options.ttl}`));
    if (this.#near.isRefreshDue) this.refreshes++;
    if (--this.#untilSample === 0) this.#sample(key);
    return handle;
  }

  #sample(key: string): void {
    this.#untilSample = SAMPLE;
    this.#sampled.set(key, (this.#sampled.get(key) ?? 0) + 1);
  }
}

async function measure({ contender, order, entries, seconds, seed }: Question): Promise<Answer> {
  const keys = Array.from({ length: entries }, (_, rank) => `user:${rank}`);
  const values = new Map(keys.map((key, rank) => [key, { rank }]));
  const asked = order === 'skewed' ? skewed(keys, seed) : keys;
  const reader = contender === 'map' ? new MapReader(values) : nearReader(values);
  await hits(reader, asked, WARM_UP_SECONDS);
  return { hitsPerSecond: await hits(reader, asked, seconds) };
}

function nearReader(values: Map<string, Value>): NearReader {
  const reader = new NearReader(values, 2 ** 20 + values.size * 1024);
  if (reader.entries !== values.size) throw new Error(`${reader.entries} of ${values.size} entries are near`);
  return reader;
}

/** Keys by Zipf; the frequent ones lie anywhere. */
function skewed(keys: string[], seed: number): string[] {
  const random = new SeededRandom(seed);
  const zipf = new Zipf(keys.length, EXPONENT, random);
  const places = random.permutation(keys.length);
  return Array.from({ length: 1 << 20 }, () => keys[places[zipf.rank() - 1] as number] as string);
}

/** Hits a second, one after the other. */
async function hits(reader: Reader, keys: string[], seconds: number): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  let done = 0;
  let sum = 0;
  let nowMs = startMs;
  let at = 0;
  while (nowMs < endMs) {
    for (let i = 0; i < HITS_AT_ONCE; i++) {
      const value = await reader.get(keys[at] as string, { ttl: 300_000 });
      sum += (value as Value).rank;
      if (++at === keys.length) at = 0;
    }
    done += HITS_AT_ONCE;
    nowMs = performance.now();
  }
  if (Number.isNaN(sum)) throw new Error('a value was not one');
  return (done * 1000) / (nowMs - startMs);
}

answerAsChild(import.meta.url, measure);
