/**
 * The engine for a server of which only the address is known: asks it what it is, and then is the engine for that.
 *
 *   asking ──INFO server──> nuthatch_version?         a Nuthatch node: NuthatchEngine
 *                           old, Sentinel, of a cluster?   refused: UNSUPPORTED_SERVER. Who knows what to do with it is told
 *                           else                      Redis or Valkey: what `makers.redis` makes
 *
 *   calls before that are rejected, as by a connection that is not ready
 *   connection of that engine made anew ──> asked again: an address may be given to another kind of server
 *
 * It is asked over a connection of its own, which is closed with the answer. Lost, that is made again like every other;
 * a server that cannot say yet what it is (it is loading, forbids INFO, does not answer in time, or has not heard of its cluster) is
 * asked again after RETRY_MS.
 */
import { ReplyVerbatim } from '../../resp/index.js';
import { utf8Text } from '../bulk-decoders.js';
import { Connection } from '../connection/connection.js';
import type { ConnectionEvent } from '../connection/connection-event.js';
import { connectionDefaults } from '../connection/connection-options.js';
import { ClientError } from '../errors.js';
import { hostTime, type Timer } from '../time.js';
import {
  type Engine,
  type EngineHost,
  type EngineOptions,
  hostWithin,
  type Payload,
  type Reading,
  type ReadMode,
  readOf,
} from './engine.js';
import { addressOf, type EngineServer } from './engine-connection.js';
import { NuthatchEngine } from './nuthatch-engine.js';

/** What a server is. */
export interface FoundServer {
  readonly kind: 'nuthatch' | 'redis' | 'valkey';
  /** Its own version, not the one it is compatible with. */
  readonly version: string;
  /** 'standalone', 'cluster' or 'sentinel'. */
  readonly mode: string;
  /** Of a Nuthatch node of a cluster that has heard of it. */
  readonly clusterId?: string | undefined;
}

/** Makes the engine for a server that was found. */
export type EngineMaker = (
  server: EngineServer,
  options: EngineOptions,
  host: EngineHost,
  found: FoundServer,
) => Engine;

export interface EngineMakers {
  /** For Redis and Valkey. */
  readonly redis: EngineMaker;
  /** Told what the server is, before there is an engine for it; `node` is the engine's number. Default: nobody. */
  readonly found?: (node: number, found: FoundServer) => void;
}

const RETRY_MS = 1_000;
/** Of Redis: older ones cannot store with a time of expiry (SET PXAT), and so hold no lease. */
const OLDEST = [6, 2] as const;
const INFO = ['INFO', 'server'] as const;

export class DetectEngine implements Engine {
  readonly #server: EngineServer;
  readonly #options: EngineOptions;
  readonly #host: EngineHost;
  readonly #makers: EngineMakers;
  #engine: Engine | undefined;
  #found: FoundServer | undefined;
  /** Asks the server; undefined when there is nothing to ask. */
  #probe: Connection | undefined;
  #retry: Timer | undefined;
  #waiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #absence: ClientError;
  /** The server has said what it is, and that is nothing for us. */
  #refusal: ClientError | undefined;
  #isClosed = false;

  /** Begins to connect. */
  constructor(server: EngineServer, options: EngineOptions, host: EngineHost, makers: EngineMakers) {
    this.#server = server;
    this.#options = options;
    this.#host = host;
    this.#makers = makers;
    this.#absence = notConnected(server, 'it is being made');
    this.#ask();
  }

  get description(): string {
    return this.#engine?.description ?? `a server at ${addressOf(this.#server)}`;
  }

  nodeOf(): number {
    return this.#options.node ?? 0;
  }

  homeOf(): number {
    return this.nodeOf();
  }

  async ready(): Promise<void> {
    if (this.#engine === undefined) {
      if (this.#isClosed) throw this.#absence;
      await this.#probe?.ready();
      if (this.#refusal !== undefined) throw this.#refusal;
      // It is asked in the same tick in which it is ready; the answer is a moment away.
      if (this.#engine === undefined) {
        await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
      }
    }
    await this.#engine?.ready();
  }

  read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R> {
    return this.#engine === undefined
      ? readOf(Promise.reject(this.#absence), reading)
      : this.#engine.read(key, mode, deadlineMs, reading);
  }

  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    return this.#engine?.fill(key, token, payload, deadlineMs) ?? Promise.reject(this.#absence);
  }

  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean> {
    return this.#engine?.fail(key, token, error, errorMs, deadlineMs) ?? Promise.reject(this.#absence);
  }

  renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    return this.#engine?.renew(key, token, deadlineMs) ?? Promise.reject(this.#absence);
  }

  put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    return this.#engine?.put(key, payload, deadlineMs) ?? Promise.reject(this.#absence);
  }

  remove(key: string, deadlineMs: number): Promise<boolean> {
    return this.#engine?.remove(key, deadlineMs) ?? Promise.reject(this.#absence);
  }

  soften(key: string, deadlineMs: number): Promise<boolean> {
    return this.#engine?.soften(key, deadlineMs) ?? Promise.reject(this.#absence);
  }

  beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    return this.#engine?.beginWrite(key, deadlineMs) ?? Promise.reject(this.#absence);
  }

  clear(prefix: string, deadlineMs: number): Promise<number> {
    return this.#engine?.clear(prefix, deadlineMs) ?? Promise.reject(this.#absence);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const message = `the connection to ${addressOf(this.#server)} was closed`;
    this.#absence = new ClientError('CLOSED', message);
    this.#retry?.cancel();
    this.#probe?.close();
    this.#engine?.close();
    for (const { reject } of this.#waiters.splice(0)) reject(this.#absence);
  }

  /** Asks what the server is, as soon as there is a connection. */
  #ask(): void {
    if (this.#isClosed || this.#probe !== undefined) return;
    const probe = new Connection({ ...this.#server, onEvent: (event) => this.#probed(probe, event) });
    this.#probe = probe;
    probe.connect();
  }

  #probed(probe: Connection, event: ConnectionEvent): void {
    this.#retry?.cancel();
    this.#refusal = undefined;
    if (event.kind === 'ready') this.#inquire(probe, event.server.mode);
    // Of a server that has an engine already, its engine tells.
    else if (event.kind === 'broken' && this.#engine === undefined) {
      this.#unknown(event.error);
      // Whoever waits for more than a connection had one: the next one may be far away.
      for (const { reject } of this.#waiters.splice(0)) reject(this.#absence);
    }
  }

  #inquire(probe: Connection, mode: string): void {
    const { connectDeadlineMs } = this.#server;
    const deadlineMs = connectDeadlineMs ?? connectionDefaults.connectDeadlineMs;
    probe.call(INFO, { decode: utf8Text, deadlineMs }).then(
      (info) => this.#answered(foundServer(info, mode), probe),
      (error: ClientError) => {
        // When the connection broke it is made again, and then the server is asked again.
        if (this.#isClosed || probe.state !== 'ready') return;
        this.#inquireLater(probe, mode);
        this.#unknown(error);
        for (const { reject } of this.#waiters.splice(0)) reject(error);
      },
    );
  }

  #inquireLater(probe: Connection, mode: string): void {
    const { time = hostTime } = this.#server;
    this.#retry = time.later(() => this.#inquire(probe, mode), RETRY_MS, false);
  }

  /** What the server is cannot be known for now. */
  #unknown(error: ClientError): void {
    this.#absence = notConnected(this.#server, error.message, error);
    if (this.#engine === undefined) this.#host.reachable(error, this.#options.node ?? 0);
  }

  #answered(found: FoundServer, probe: Connection): void {
    if (this.#isClosed) return;
    this.#makers.found?.(this.#options.node ?? 0, found);
    if (this.#isClosed) return;
    this.#refusal = unsupported(this.#server, found);
    if (this.#refusal !== undefined) {
      // The probe stays: when it breaks, there may be another server.
      const { kind, mode, clusterId } = found;
      if (kind === 'nuthatch' && mode === 'cluster' && clusterId === undefined)
        this.#inquireLater(probe, mode);
      this.#leave();
      this.#unknown(this.#refusal);
      for (const { reject } of this.#waiters.splice(0)) reject(this.#refusal);
      return;
    }
    this.#probe?.close();
    this.#probe = undefined;
    const before = this.#found;
    const isSame =
      before?.kind === found.kind && before.mode === found.mode && before.version === found.version;
    if (!isSame) this.#replace(found);
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  #replace(found: FoundServer): void {
    this.#leave();
    this.#found = found;
    this.#engine = this.#make(found);
  }

  #leave(): void {
    const { tracks, node = 0 } = this.#options;
    if (this.#engine === undefined) return;
    this.#engine.close();
    this.#engine = undefined;
    this.#found = undefined;
    // What the closed connection had read is told of no more.
    if (tracks) this.#host.unsound(node);
  }

  #make(found: FoundServer): Engine {
    let wasReady = false;
    const host = hostWithin(this.#host, (problem, node) => {
      this.#host.reachable(problem, node);
      if (problem !== undefined) return;
      if (wasReady) this.#ask();
      wasReady = true;
    });
    return found.kind === 'nuthatch'
      ? new NuthatchEngine(this.#server, this.#options, host, found)
      : this.#makers.redis(this.#server, this.#options, host, found);
  }
}

/** Reads the answer of INFO server. */
function foundServer(info: unknown, mode: string): FoundServer {
  const text = info instanceof ReplyVerbatim ? String(info.body) : String(info);
  const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1];
  const nuthatch = field('nuthatch_version');
  if (nuthatch !== undefined)
    return { kind: 'nuthatch', version: nuthatch, mode, clusterId: field('nuthatch_cluster_id') };
  const valkey = field('valkey_version');
  if (valkey !== undefined) return { kind: 'valkey', version: valkey, mode };
  return { kind: 'redis', version: field('redis_version') ?? 'unknown', mode };
}

/** Why the cache cannot use such a server. */
function unsupported(server: EngineServer, { kind, version, mode }: FoundServer): ClientError | undefined {
  const what = `${addressOf(server)} is ${kind} ${version}`;
  const refused = (why: string): ClientError => new ClientError('UNSUPPORTED_SERVER', `${what}${why}`);
  if (mode === 'sentinel')
    return refused(', a Sentinel, which keeps no keys; give the address of the server');
  if (mode === 'cluster') return refused(', a node of a cluster; give a server that stands alone');
  if (kind === 'nuthatch') return undefined;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = kind === 'redis' && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]));
  return isOld ? refused(`; it takes ${OLDEST.join('.')} or newer`) : undefined;
}

function notConnected(server: EngineServer, why: string, cause?: unknown): ClientError {
  return new ClientError('NOT_CONNECTED', `there is no connection to ${addressOf(server)}: ${why}`, {
    cause,
  });
}
