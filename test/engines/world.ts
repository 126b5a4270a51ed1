/**
 * What the conformance suite of engines works with: a world with a cache in it, and clients that note what they are told.
 *
 *   stage.client()       an engine with a host of its own: as it were a process
 *   client.woken(key)    resolves when it was told so
 *   world.plain(...)     any other program at the same server, where there is one
 *
 * Nothing sleeps: a wait ends when what it waits for is there, or fails after PATIENCE_MS. Time of leases and lifetimes
 * is moved by the world; one that cannot move its server's clock lets the time pass.
 */
import assert from 'node:assert/strict';
import {
  type Answer,
  ClientError,
  type Engine,
  type EngineHost,
  type EngineOptions,
  jsonSerializer,
  type Payload,
  plainReading,
  type ReadMode,
} from '#layers/client';

const PATIENCE_MS = 10_000;
/** For calls that must not fail because the machine is busy. */
export const DEADLINE_MS = 10_000;
/** Leases that nobody wants to see end. */
const LONG_LEASE_MS = 30_000;

/** A cache and its surroundings, for one run of the suite. */
export interface EngineWorld {
  /** Another client of the cache. */
  connect(options: EngineOptions, host: EngineHost): Engine;
  /** So many ms pass where leases and lifetimes are counted. */
  pass(ms: number): Promise<void>;
  /** Runs a command as any other client of the server, and resolves to its reply, bulks as text. */
  readonly plain?: (...words: string[]) => Promise<unknown>;
  /** The way to the server. */
  readonly network?: {
    /** Nothing gets through, and nobody is told. */
    hang(): void;
    resume(): void;
    /** All connections end; new ones can be made. */
    cut(): void;
  };
  stop(): Promise<void>;
}

/** Where engines may differ. */
export interface EngineTraits {
  /** The leases of a client that closes are free at once, not only when their time is over. */
  readonly freesOnClose: boolean;
  /** A plain GET of another client sees the value as it was encoded, and nothing of leases. */
  readonly readsPlainly: boolean;
  /** It can be asked to tell of changes: `tracks`. */
  readonly tracks: boolean;
}

interface Told {
  readonly what: 'woken' | 'invalidated' | 'unsound' | 'reachable' | 'unreachable';
  readonly key: string | undefined;
  /** How many answers and other news were before it. */
  readonly at: number;
}

/** An engine, and a host that notes everything. */
export class EngineClient implements EngineHost {
  readonly engine: Engine;
  readonly told: Told[] = [];
  /** Answers and news so far: a ticket is the place of its answer among them. */
  #at = 0;

  constructor(connect: EngineWorld['connect'], options: Partial<EngineOptions>) {
    const all = { serializer: jsonSerializer, leaseMs: LONG_LEASE_MS, tracks: false, ...options };
    this.engine = connect(all, this);
  }

  read(key: string, mode: ReadMode = 'lease'): Promise<Answer> {
    return this.engine.read(key, mode, DEADLINE_MS, plainReading);
  }

  /** Reads what is to be loaded; returns the token. */
  async lease(key: string): Promise<string> {
    const answer = await this.read(key);
    assert.ok(answer.status === 'load' || answer.status === 'refresh', `${key}: ${JSON.stringify(answer)}`);
    assert.ok(answer.token !== undefined, 'there is room for a lease');
    return answer.token;
  }

  /** The same, as soon as whoever holds the lease lets go of it; long before it ends. */
  async leaseInTime(key: string): Promise<string> {
    const heard = this.count('woken', key);
    const { status, token } = await this.read(key);
    if (token !== undefined) return token;
    assert.ok(status === 'wait' || status === 'stale', status);
    await this.hears('woken', key, heard + 1);
    return this.lease(key);
  }

  /** Reads what is there and fresh; returns the value. */
  async hit(key: string): Promise<unknown> {
    const answer = await this.read(key);
    assert.equal(answer.status, 'hit', `${key}: ${JSON.stringify(answer)}`);
    return answer.value;
  }

  fill(key: string, token: string, value: unknown, changes: Partial<Payload> = {}): Promise<boolean> {
    return this.engine.fill(key, token, payload(value, changes), DEADLINE_MS);
  }

  put(key: string, value: unknown, changes: Partial<Payload> = {}): Promise<void> {
    return this.engine.put(key, payload(value, changes), DEADLINE_MS);
  }

  fail(key: string, token: string, error = '', errorMs = 0): Promise<boolean> {
    return this.engine.fail(key, token, error, errorMs, DEADLINE_MS);
  }

  renew(key: string, token: string): Promise<boolean> {
    return this.engine.renew(key, token, DEADLINE_MS);
  }

  remove(key: string): Promise<boolean> {
    return this.engine.remove(key, DEADLINE_MS);
  }

  soften(key: string): Promise<boolean> {
    return this.engine.soften(key, DEADLINE_MS);
  }

  beginWrite(key: string): Promise<string | undefined> {
    return this.engine.beginWrite(key, DEADLINE_MS);
  }

  clear(prefix: string): Promise<number> {
    return this.engine.clear(prefix, DEADLINE_MS);
  }

  count(what: Told['what'], key?: string): number {
    return this.told.filter((one) => one.what === what && (key === undefined || one.key === key)).length;
  }

  /** Resolves when it was told so about the key, `times` times. */
  async hears(what: Told['what'], key?: string, times = 1): Promise<void> {
    await eventually(() => this.count(what, key) >= times, `${what} ${key ?? ''} was told`);
  }

  woken(key: string): void {
    this.#note('woken', key);
  }

  invalidated(key: string | undefined): void {
    this.#note('invalidated', key);
  }

  unsound(): void {
    this.#note('unsound');
  }

  sound(): void {}

  reachable(problem: Error | undefined): void {
    this.#note(problem === undefined ? 'reachable' : 'unreachable');
  }

  drawTicket(): number {
    return ++this.#at;
  }

  #note(what: Told['what'], key?: string): void {
    this.told.push({ what, key, at: ++this.#at });
  }
}

/** One test: its clients, and keys that no other test has. */
export class Stage {
  static #stages = 0;
  readonly world: EngineWorld;
  readonly traits: EngineTraits;
  readonly #prefix = `t${++Stage.#stages}:`;
  readonly #clients: EngineClient[] = [];

  constructor(world: EngineWorld, traits: EngineTraits) {
    this.world = world;
    this.traits = traits;
  }

  async client(options: Partial<EngineOptions> = {}): Promise<EngineClient> {
    const wanted = this.traits.tracks ? options : { ...options, tracks: false };
    const client = new EngineClient((all, host) => this.world.connect(all, host), wanted);
    this.#clients.push(client);
    await client.engine.ready();
    return client;
  }

  async clients(count: number, options: Partial<EngineOptions> = {}): Promise<EngineClient[]> {
    return Promise.all(Array.from({ length: count }, () => this.client(options)));
  }

  key(name = ''): string {
    return this.#prefix + name;
  }

  end(): void {
    for (const { engine } of this.#clients) engine.close();
  }
}

export function payload(value: unknown, changes: Partial<Payload> = {}): Payload {
  const data = jsonSerializer.encode(value);
  return { data, ttlMs: 60_000, freshMs: 30_000, loadMs: 7, isAbsent: false, ...changes };
}

/** Checks the code of a ClientError, and whether trying again may help. */
export const failsWith =
  (codes: readonly string[], retryable: boolean) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof ClientError, String(error));
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    assert.equal(error.retryable, retryable, error.code);
    return true;
  };

/** Waits until something is so: it looks again at every turn of the event loop. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < untilMs, `it never came to pass that ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
