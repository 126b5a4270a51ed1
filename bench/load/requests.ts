/**
 * Requests as bytes, made before the clock runs.
 *
 * Keys are 16 bytes ('key:' and 12 digits, as redis-benchmark writes them). A *tape* is a run of requests in one
 * buffer; a batch of n requests is a view of n neighbours, so that sending costs the generator one write and
 * nothing else. A *fill* writes every key once, in order; its keys are patched into one batch.
 */
import type { SeededRandom } from '../random.js';
import type { Dialect } from './reply-scanner.js';
import { Zipf } from './zipf.js';

export type Traffic = 'get' | 'set' | 'mix';

export const KEY_BYTES = 16;
const KEY_PREFIX = 'key:';
const KEY_DIGITS = KEY_BYTES - KEY_PREFIX.length;

/** The share of SETs in the mix, and how skewed its keys are (YCSB's constant). */
const MIX_SET_SHARE = 0.1;
const MIX_EXPONENT = 0.99;

/** A tape is at most about so long: every one of 20,000 values of 16 KB is written. */
const MOST_TAPE_BYTES = 384 * 1024 * 1024;
const MOST_TAPE_REQUESTS = 200_000;

export function keyText(number: number): string {
  return KEY_PREFIX + String(number).padStart(KEY_DIGITS, '0');
}

export function getRequest(dialect: Dialect, key: string): string {
  return dialect === 'resp' ? `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n` : `get ${key}\r\n`;
}

/** What comes before and after the value of a SET. `lifetimeS` is 0 for none. */
export function setRequestAround(
  dialect: Dialect,
  key: string,
  valueBytes: number,
  lifetimeS = 0,
): [before: string, after: string] {
  if (dialect === 'memcached') return [`set ${key} 0 ${lifetimeS} ${valueBytes}\r\n`, '\r\n'];
  const head = `$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${valueBytes}\r\n`;
  if (lifetimeS === 0) return [`*3\r\n${head}`, '\r\n'];
  const seconds = String(lifetimeS);
  return [`*5\r\n${head}`, `\r\n$2\r\nEX\r\n$${seconds.length}\r\n${seconds}\r\n`];
}

export interface Batch {
  readonly bytes: Uint8Array;
  readonly requests: number;
}

/** Where a generator takes its requests from. undefined ends the run. */
export interface RequestSource {
  next(): Batch | undefined;
}

/** An endless tape of random requests to `keys` keys, played in batches. */
export class Tape implements RequestSource {
  readonly #batches: Batch[] = [];
  #at = 0;

  constructor(
    dialect: Dialect,
    traffic: Traffic,
    keys: number,
    valueBytes: number,
    pipeline: number,
    random: SeededRandom,
  ) {
    const order = traffic === 'mix' ? zipfOrder(keys, random) : random.permutation(keys);
    const value = 'v'.repeat(valueBytes);
    const setShare = traffic === 'mix' ? MIX_SET_SHARE : Number(traffic === 'set');
    const requestBytes = KEY_BYTES + 20 + setShare * (valueBytes + 10);
    const most = Math.min(MOST_TAPE_REQUESTS, Math.floor(MOST_TAPE_BYTES / requestBytes), order.length);
    const count = Math.max(pipeline, most - (most % pipeline));
    for (let start = 0; start < count; start += pipeline) {
      let text = '';
      for (let index = start; index < start + pipeline; index++) {
        const key = keyText(order[index % order.length] as number);
        const isSet = traffic === 'set' || (traffic === 'mix' && random.fraction() < MIX_SET_SHARE);
        text += isSet ? setRequestAround(dialect, key, valueBytes).join(value) : getRequest(dialect, key);
      }
      this.#batches.push({ bytes: Buffer.from(text, 'latin1'), requests: pipeline });
    }
  }

  next(): Batch {
    const batch = this.#batches[this.#at] as Batch;
    this.#at = this.#at + 1 === this.#batches.length ? 0 : this.#at + 1;
    return batch;
  }
}

/** SETs of the keys first .. first + keys - 1, each once. The bytes of a batch are valid until the next call. */
export class Fill implements RequestSource {
  readonly #last: number;
  readonly #pipeline: number;
  readonly #requestBytes: number;
  readonly #keyAt: number;
  readonly #bytes: Buffer;
  #key: number;

  constructor(
    dialect: Dialect,
    first: number,
    keys: number,
    valueBytes: number,
    pipeline: number,
    lifetimeS = 0,
  ) {
    const request = setRequestAround(dialect, keyText(0), valueBytes, lifetimeS).join('v'.repeat(valueBytes));
    this.#key = first;
    this.#last = first + keys;
    this.#pipeline = pipeline;
    this.#requestBytes = request.length;
    this.#keyAt = request.indexOf(KEY_PREFIX) + KEY_PREFIX.length;
    this.#bytes = Buffer.from(request.repeat(pipeline), 'latin1');
  }

  next(): Batch | undefined {
    const requests = Math.min(this.#pipeline, this.#last - this.#key);
    if (requests === 0) return undefined;
    for (let index = 0; index < requests; index++) {
      writeDigits(this.#bytes, this.#keyAt + index * this.#requestBytes, this.#key++);
    }
    // The socket may keep the view until the kernel takes it, so it must not be patched again: a copy.
    return { bytes: Buffer.from(this.#bytes.subarray(0, requests * this.#requestBytes)), requests };
  }
}

export function writeDigits(bytes: Uint8Array, at: number, number: number): void {
  let rest = number;
  for (let digit = KEY_DIGITS - 1; digit >= 0; digit--) {
    const next = Math.floor(rest / 10);
    bytes[at + digit] = 48 + rest - next * 10;
    rest = next;
  }
}

/** Keys by popularity, scattered so that the popular ones are no neighbours. */
function zipfOrder(keys: number, random: SeededRandom): Uint32Array {
  const zipf = new Zipf(keys, MIX_EXPONENT, random);
  const scatter = random.permutation(keys);
  return Uint32Array.from({ length: MOST_TAPE_REQUESTS }, () => scatter[zipf.rank() - 1] as number);
}
