/**
 * The process of one contender: stores every entry, reads for a moment unmeasured, then reads for the time given.
 *
 *   one caller     the next read begins when the last is done; the event loop turns each 8,192 reads, so that timers,
 *                  pushes and heartbeats run
 *   many callers   each of them so; the answers of the server turn the event loop
 *
 * A read that finds nothing, or loads, ends the bench: it would not be what was asked for. Keys are made once, as those of
 * an application's constants and routes are.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Zipf } from '../load/zipf.js';
import { answerAsChild } from '../processes.js';
import { SeededRandom } from '../random.js';
import { makeReader, type Reader } from './contenders.js';
import type { Answer, Question } from './scenarios.js';

const EXPONENT = 0.99;
const SKEWED_KEYS = 2 ** 20;
const READS_PER_TURN = 8_192;
const WARM_UP_SECONDS = 1;
/** Stores under way at once. */
const STORES_AT_ONCE = 50;

async function measure(question: Question): Promise<Answer> {
  const { entries, order, seconds, seed, valueBytes, callers } = question;
  const keys = Array.from({ length: entries }, (_, rank) => `user:${rank}`);
  const values = new Map(keys.map((key, rank) => [key, record(rank, valueBytes)]));
  let loads = 0;
  const reader = await makeReader(question, (key) => {
    loads++;
    return values.get(key);
  });
  for (let at = 0; at < keys.length; at += STORES_AT_ONCE) {
    await Promise.all(keys.slice(at, at + STORES_AT_ONCE).map((key) => reader.store(key)));
  }
  // The second pass is of hits, so whatever stores behind the caller has stored.
  for (const key of keys) await reader.read(key);
  loads = 0;
  const asked = order === 'skewed' ? skewed(keys, seed) : keys;
  await read(reader, asked, callers, WARM_UP_SECONDS);
  const answer = await read(reader, asked, callers, seconds);
  if (loads > 0) throw new Error(`${question.contender} loaded ${loads} times while hits were measured`);
  await reader.close();
  return answer;
}

async function read(reader: Reader, keys: string[], callers: number, seconds: number): Promise<Answer> {
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const work = new Work(reader, keys, seconds * 1000);
  if (callers === 1) await work.alone();
  else await Promise.all(Array.from({ length: callers }, () => work.amongOthers()));
  const tookMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: (work.done * 1000) / tookMs, cpuUsPerOperation: (user + system) / work.done };
}

class Work {
  done = 0;
  readonly #reader: Reader;
  readonly #keys: string[];
  #at = 0;
  #isOver = false;

  constructor(reader: Reader, keys: string[], ms: number) {
    this.#reader = reader;
    this.#keys = keys;
    setTimeout(() => {
      this.#isOver = true;
    }, ms);
  }

  async alone(): Promise<void> {
    const reader = this.#reader;
    const keys = this.#keys;
    let at = 0;
    while (!this.#isOver) {
      for (let i = 0; i < READS_PER_TURN; i++) {
        const value = await reader.read(keys[at] as string);
        if (value === undefined || value === null) throw nothingAt(keys[at]);
        if (++at === keys.length) at = 0;
      }
      this.done += READS_PER_TURN;
      await turn();
    }
  }

  async amongOthers(): Promise<void> {
    while (!this.#isOver) {
      const key = this.#keys[this.#at] as string;
      if (++this.#at === this.#keys.length) this.#at = 0;
      const value = await this.#reader.read(key);
      if (value === undefined || value === null) throw nothingAt(key);
      this.done++;
    }
  }
}

/** A value of about so many bytes of JSON: a text if it is small, else the record of a user. */
function record(rank: number, bytes: number): unknown {
  if (bytes < 100) return `${rank} `.padEnd(bytes - 2, 'x');
  const user = {
    id: rank,
    name: `User ${rank}`,
    email: `user${rank}@example.org`,
    createdAt: '2026-11-25T08:00:00.000Z',
    isActive: true,
    roles: ['reader', 'writer', 'reviewer'],
    address: { street: `${rank} Main Street`, city: 'Springfield', zip: '12345', country: 'US' },
    settings: { theme: 'dark', language: 'en', perPage: 50, mail: { news: false, mentions: true } },
    about: '',
  };
  user.about = 'about me '.repeat(bytes).slice(0, bytes - JSON.stringify(user).length);
  return user;
}

/** Keys by Zipf; the frequent ones lie anywhere. */
function skewed(keys: string[], seed: number): string[] {
  const random = new SeededRandom(seed);
  const zipf = new Zipf(keys.length, EXPONENT, random);
  const places = random.permutation(keys.length);
  return Array.from({ length: SKEWED_KEYS }, () => keys[places[zipf.rank() - 1] as number] as string);
}

function nothingAt(key: string | undefined): Error {
  return new Error(`nothing stands under '${key}'`);
}

answerAsChild(import.meta.url, measure);
