/**
 * What the data commands do, as simply as it can be said: a Map per database, strings of one char per byte,
 * and time as a number. Slow, unbounded and without any of the store's cleverness, so that both can be
 * compared. It knows the commands that change or read single keys, not every option and no error but a few:
 * exact texts are in the transcripts.
 */

/** null is nil; errors are `{ error }` with the first word only. */
export type ModelReply = null | number | bigint | string | { readonly error: string } | readonly ModelReply[];

interface Entry {
  value: string;
  /** ms since the epoch; Infinity is none. */
  expiry: number;
}

type Command = (args: readonly string[]) => ModelReply;

const NO_KEY = { error: 'ERR' } as const;

export class Model {
  now: number;
  readonly #databases: Map<string, Entry>[] = Array.from({ length: 16 }, () => new Map());
  #db = 0;

  constructor(now: number) {
    this.now = now;
  }

  run(command: readonly string[]): ModelReply {
    const [name, ...args] = command;
    return this.#commands[name](args);
  }

  /** Keys of the selected database, sorted. */
  get keys(): string[] {
    return [...this.#map.keys()].filter((key) => this.#find(key) !== undefined).sort();
  }

  readonly #commands: Readonly<Record<string, Command>> = {
    GET: ([key]) => this.#value(key),
    SET: ([key, value, ...options]) => this.#setWithOptions(key, value, options),
    SETNX: ([key, value]) => (this.#find(key) ? 0 : this.#set(key, value, Infinity, 1)),
    GETSET: ([key, value]) => this.#set(key, value, Infinity, this.#value(key)),
    GETDEL: ([key]) => this.#remove(key, this.#value(key)),
    GETEX: ([key, unit, time]) => this.#getAndExpire(key, unit, Number(time)),
    DELIFEQ: ([key, value]) => (this.#find(key)?.value === value ? this.#remove(key, 1) : 0),
    MGET: (keys) => keys.map((key) => this.#value(key)),
    MSET: (pairs) => this.#setAll(pairs, 'OK'),
    MSETNX: (pairs) => (pairs.some((key, i) => i % 2 === 0 && this.#find(key)) ? 0 : this.#setAll(pairs, 1)),
    STRLEN: ([key]) => (this.#value(key) ?? '').length,
    APPEND: ([key, tail]) => this.#edit(key, (value) => value + tail),
    SETRANGE: ([key, offset, part]) => this.#setRange(key, Number(offset), part),
    GETRANGE: ([key, start, end]) => slice(this.#value(key) ?? '', Number(start), Number(end)),
    INCRBY: ([key, by]) => this.#increment(key, BigInt(by)),
    SETBIT: ([key, offset, bit]) => this.#setBit(key, Number(offset), bit === '1'),
    GETBIT: ([key, offset]) => bitOf(this.#value(key) ?? '', Number(offset)),
    BITCOUNT: ([key, start, end]) => ones(slice(this.#value(key) ?? '', Number(start), Number(end))),
    BITOP: ([operation, target, ...keys]) => this.#combine(operation, target, keys),
    EXISTS: (keys) => keys.filter((key) => this.#find(key)).length,
    DEL: (keys) => keys.filter((key) => this.#find(key) && this.#remove(key, true)).length,
    RENAME: ([from, to]) => (this.#find(from) ? this.#move(from, this.#db, to, 'OK') : NO_KEY),
    RENAMENX: ([from, to]) => this.#renameToNew(from, to),
    COPY: ([from, to, , db, replace]) => this.#copy(from, Number(db), to, replace !== undefined),
    MOVE: ([key, db]) => this.#moveToDatabase(key, Number(db)),
    PEXPIRE: ([key, ms, condition]) => this.#expire(key, this.now + Number(ms), condition),
    PEXPIREAT: ([key, time, condition]) => this.#expire(key, Number(time), condition),
    PERSIST: ([key]) => this.#persist(key),
    PTTL: ([key]) => this.#lifetime(key, this.now),
    TTL: ([key]) => seconds(this.#lifetime(key, this.now)),
    PEXPIRETIME: ([key]) => this.#lifetime(key, 0),
    SELECT: ([db]) => {
      this.#db = Number(db);
      return 'OK';
    },
    SWAPDB: ([a, b]) => {
      const [from, to] = [Number(a), Number(b)];
      [this.#databases[from], this.#databases[to]] = [this.#databases[to], this.#databases[from]];
      return 'OK';
    },
    FLUSHDB: () => {
      this.#map.clear();
      return 'OK';
    },
    KEYS: () => this.keys,
  };

  get #map(): Map<string, Entry> {
    return this.#databases[this.#db];
  }

  #find(key: string, db = this.#db): Entry | undefined {
    const entry = this.#databases[db].get(key);
    return entry !== undefined && entry.expiry >= this.now ? entry : undefined;
  }

  #value(key: string): string | null {
    return this.#find(key)?.value ?? null;
  }

  #set<T>(key: string, value: string, expiry: number, reply: T): T {
    this.#map.set(key, { value, expiry });
    return reply;
  }

  #remove<T>(key: string, reply: T): T {
    this.#map.delete(key);
    return reply;
  }

  #edit(key: string, change: (value: string) => string): number {
    const entry = this.#find(key);
    const value = change(entry?.value ?? '');
    return this.#set(key, value, entry?.expiry ?? Infinity, value.length);
  }

  #setAll<T>(pairs: readonly string[], reply: T): T {
    for (let i = 0; i < pairs.length; i += 2) this.#set(pairs[i], pairs[i + 1], Infinity, reply);
    return reply;
  }

  #setWithOptions(key: string, value: string, options: readonly string[]): ModelReply {
    const old = this.#find(key);
    const after = (word: string): string | undefined => {
      const i = options.indexOf(word);
      return i < 0 ? undefined : options[i + 1];
    };
    const holds =
      (!options.includes('NX') || old === undefined) &&
      (!options.includes('XX') || old !== undefined) &&
      (!options.includes('IFEQ') || old?.value === after('IFEQ'));
    const reply = options.includes('GET') ? (old?.value ?? null) : holds ? 'OK' : null;
    if (!holds) return reply;
    const kept = options.includes('KEEPTTL') ? (old?.expiry ?? Infinity) : Infinity;
    const px = after('PX');
    const pxat = after('PXAT');
    const expiry = px !== undefined ? this.now + Number(px) : pxat !== undefined ? Number(pxat) : kept;
    return this.#set(key, value, expiry, reply);
  }

  #getAndExpire(key: string, unit: string | undefined, time: number): ModelReply {
    const entry = this.#find(key);
    if (entry === undefined) return null;
    if (unit === 'PERSIST') entry.expiry = Infinity;
    else if (unit === 'PX') entry.expiry = this.now + time;
    else if (unit === 'PXAT' && time <= this.now) this.#map.delete(key);
    else if (unit === 'PXAT') entry.expiry = time;
    return entry.value;
  }

  #setRange(key: string, offset: number, part: string): number {
    if (part === '') return (this.#value(key) ?? '').length;
    return this.#edit(key, (value) => {
      return value.slice(0, offset).padEnd(offset, '\0') + part + value.slice(offset + part.length);
    });
  }

  #increment(key: string, by: bigint): ModelReply {
    const value = this.#value(key) ?? '0';
    if (!/^(0|-?[1-9]\d{0,18})$/.test(value)) return { error: 'ERR' };
    const sum = BigInt(value) + by;
    if (BigInt.asIntN(64, BigInt(value)) !== BigInt(value) || BigInt.asIntN(64, sum) !== sum)
      return { error: 'ERR' };
    this.#edit(key, () => `${sum}`);
    return sum;
  }

  #setBit(key: string, offset: number, on: boolean): number {
    const was = bitOf(this.#value(key) ?? '', offset);
    const at = offset >> 3;
    this.#edit(key, (value) => {
      const padded = value.padEnd(at + 1, '\0');
      const bit = 0x80 >> (offset & 7);
      const byte = on ? padded.charCodeAt(at) | bit : padded.charCodeAt(at) & ~bit;
      return padded.slice(0, at) + String.fromCharCode(byte) + padded.slice(at + 1);
    });
    return was;
  }

  #combine(operation: string, target: string, keys: readonly string[]): number {
    const values = keys.map((key) => this.#value(key) ?? '');
    const length = Math.max(...values.map((value) => value.length));
    let result = '';
    for (let i = 0; i < length; i++) {
      const bytes = values.map((value) => (i < value.length ? value.charCodeAt(i) : 0));
      result += String.fromCharCode(
        bytes.reduce((a, b) => merge(operation, a, b)) ^ (operation === 'NOT' ? 0xff : 0),
      );
    }
    return length === 0 ? this.#remove(target, 0) : this.#set(target, result, Infinity, length);
  }

  #move<T>(from: string, db: number, to: string, reply: T): T {
    const entry = this.#find(from);
    if (entry === undefined) return reply;
    this.#map.delete(from);
    this.#databases[db].set(to, entry);
    return reply;
  }

  #renameToNew(from: string, to: string): ModelReply {
    if (!this.#find(from)) return NO_KEY;
    return this.#find(to) ? 0 : this.#move(from, this.#db, to, 1);
  }

  #copy(from: string, db: number, to: string, replace: boolean): ModelReply {
    if (db === this.#db && from === to) return { error: 'ERR' };
    const entry = this.#find(from);
    if (entry === undefined || (this.#find(to, db) && !replace)) return 0;
    this.#databases[db].set(to, { ...entry });
    return 1;
  }

  #moveToDatabase(key: string, db: number): ModelReply {
    if (db === this.#db) return { error: 'ERR' };
    return !this.#find(key) || this.#find(key, db) ? 0 : this.#move(key, db, key, 1);
  }

  #expire(key: string, time: number, condition: string | undefined): number {
    const entry = this.#find(key);
    if (entry === undefined) return 0;
    if (condition === 'NX' && entry.expiry !== Infinity) return 0;
    if (condition === 'XX' && entry.expiry === Infinity) return 0;
    if (condition === 'GT' && time <= entry.expiry) return 0;
    if (condition === 'LT' && time >= entry.expiry) return 0;
    entry.expiry = time;
    return time <= this.now ? this.#remove(key, 1) : 1;
  }

  #persist(key: string): number {
    const entry = this.#find(key);
    if (entry === undefined || entry.expiry === Infinity) return 0;
    entry.expiry = Infinity;
    return 1;
  }

  #lifetime(key: string, base: number): number {
    const entry = this.#find(key);
    if (entry === undefined) return -2;
    return entry.expiry === Infinity ? -1 : entry.expiry - base;
  }
}

function seconds(ms: number): number {
  return ms < 0 ? ms : Math.floor((ms + 500) / 1000);
}

function slice(value: string, start: number, end: number): string {
  const from = start < 0 ? Math.max(0, value.length + start) : start;
  const to = end < 0 ? Math.max(0, value.length + end) : end;
  if (start < 0 && end < 0 && start > end) return '';
  return value.slice(from, to + 1);
}

function bitOf(value: string, offset: number): number {
  return offset >> 3 < value.length ? (value.charCodeAt(offset >> 3) >> (7 - (offset & 7))) & 1 : 0;
}

function ones(value: string): number {
  return [...value].reduce((sum, char) => sum + char.charCodeAt(0).toString(2).replaceAll('0', '').length, 0);
}

function merge(operation: string, a: number, b: number): number {
  if (operation === 'AND') return a & b;
  return operation === 'OR' ? a | b : a ^ b;
}
