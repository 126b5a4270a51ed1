/**
 * The engine for servers of which only the addresses are known: lone ones, or nodes of one Nuthatch cluster.
 *
 *   unknown ──the first that says what it is──> lone       the engine over lone servers, which has asked them
 *      │                                        cluster    the engine of a cluster, of which these are the seeds
 *      └── some are lone and some are not, ───> refused    until they are of one kind, or of one cluster
 *          or they are of two clusters
 *
 * Each server is asked, whatever the first has said, so that all processes with the same list come to the same conclusion: one that took
 * the list for lone nodes would delete where no other one reads.
 *
 * The first calls of a process wait until something is known: opening.ts.
 */
import { ClientError } from '../errors.js';
import type { TimeSource } from '../time.js';
import type { FoundServer } from './detect-engine.js';
import type { Engine, EngineCluster, EngineHost, Payload, Reading, ReadMode } from './engine.js';
import { hostWithin, readOf } from './engine.js';
import { Opening } from './opening.js';

/** Told what a server is: its place in the list, and what it says. */
export type ServerFound = (place: number, found: FoundServer) => void;

export interface SeedsEngineParts {
  /** Addresses of the servers, for people. */
  readonly servers: readonly string[];
  readonly time: TimeSource;
  readonly tracks: boolean;
  /** The engine over lone servers, numbered by their places. */
  readonly makeLone: (host: EngineHost, found: ServerFound) => Engine;
  readonly makeCluster: (host: EngineHost) => Engine;
}

type Kind = 'lone' | 'cluster';

export class SeedsEngine implements Engine {
  readonly #parts: SeedsEngineParts;
  readonly #host: EngineHost;
  readonly #opening: Opening;
  readonly #lone: Engine;
  #cluster: Engine | undefined;
  #refusal: ClientError | undefined;
  /** What each server is, as far as known. */
  readonly #kinds: (Kind | undefined)[];
  /** Of those of a cluster, which one, as far as known. */
  readonly #clusterIds: (string | undefined)[];
  /** Places of servers that cannot be asked. */
  readonly #silent = new Set<number>();
  /** Settled when another engine is chosen. */
  #choice: { readonly promise: Promise<void>; readonly made: () => void } = newChoice();
  #isClosed = false;

  constructor(parts: SeedsEngineParts, host: EngineHost) {
    this.#parts = parts;
    this.#host = host;
    this.#kinds = parts.servers.map(() => undefined);
    this.#clusterIds = parts.servers.map(() => undefined);
    this.#opening = new Opening(parts.time);
    const loneHost = hostWithin(host, (problem, home) => this.#loneReached(problem, home));
    this.#lone = parts.makeLone(loneHost, (place, found) => this.#found(place, found));
  }

  get description(): string {
    return this.#engine.description;
  }

  get cluster(): EngineCluster | undefined {
    return this.#engine.cluster;
  }

  nodeOf(key: string): number {
    return this.#engine.nodeOf(key);
  }

  homeOf(key: string): number {
    // Whatever they turn out to be: what is pending is found again.
    return this.#lone.homeOf(key);
  }

  async ready(): Promise<void> {
    for (;;) {
      if (this.#refusal !== undefined) throw this.#refusal;
      const engine = this.#engine;
      try {
        await Promise.race([engine.ready(), this.#choice.promise]);
      } catch (error) {
        if (engine === this.#engine && this.#refusal === undefined) throw error;
      }
      if (engine === this.#engine && this.#refusal === undefined) return;
    }
  }

  read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.read(key, mode, deadlineMs, reading));
    if (this.#refusal !== undefined) return readOf(Promise.reject(this.#refusal), reading);
    return this.#engine.read(key, mode, deadlineMs, reading);
  }

  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    return this.#call((engine) => engine.fill(key, token, payload, deadlineMs));
  }

  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean> {
    return this.#call((engine) => engine.fail(key, token, error, errorMs, deadlineMs));
  }

  renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    return this.#call((engine) => engine.renew(key, token, deadlineMs));
  }

  put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    return this.#call((engine) => engine.put(key, payload, deadlineMs));
  }

  remove(key: string, deadlineMs: number): Promise<boolean> {
    return this.#call((engine) => engine.remove(key, deadlineMs));
  }

  soften(key: string, deadlineMs: number): Promise<boolean> {
    return this.#call((engine) => engine.soften(key, deadlineMs));
  }

  beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    return this.#call((engine) => engine.beginWrite(key, deadlineMs));
  }

  clear(prefix: string, deadlineMs: number): Promise<number> {
    return this.#call((engine) => engine.clear(prefix, deadlineMs));
  }

  close(): void {
    this.#isClosed = true;
    this.#lone.close();
    this.#cluster?.close();
    this.#opening.over();
  }

  get #engine(): Engine {
    return this.#cluster ?? this.#lone;
  }

  #call<T>(call: (engine: Engine) => Promise<T>): Promise<T> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.#call(call));
    return this.#refusal === undefined ? call(this.#engine) : Promise.reject(this.#refusal);
  }

  #found(place: number, found: FoundServer): void {
    if (this.#isClosed) return;
    const kind = found.kind === 'nuthatch' && found.mode === 'cluster' ? 'cluster' : 'lone';
    const isKnown = this.#kinds[place] === kind && this.#clusterIds[place] === found.clusterId;
    this.#kinds[place] = kind;
    this.#clusterIds[place] = found.clusterId;
    if (isKnown) return;
    const problem = this.#mixture();
    if (problem !== undefined) this.#refuse(problem);
    else this.#choose(kind === 'cluster');
    this.#opening.over();
    // It is the cluster that all are of: it asks them itself.
    const isCluster =
      this.#clusterIds.length === 1 ? kind === 'cluster' : !this.#clusterIds.includes(undefined);
    if (problem === undefined && isCluster) this.#lone.close();
  }

  /** Why these servers cannot be used together. */
  #mixture(): string | undefined {
    const where = (isMeant: (place: number) => boolean): string =>
      this.#parts.servers.filter((_, place) => isMeant(place)).join(', ');
    const lone = where((place) => this.#kinds[place] === 'lone');
    const ofCluster = where((place) => this.#kinds[place] === 'cluster');
    if (lone !== '' && ofCluster !== '')
      return `${ofCluster} is of a Nuthatch cluster, and ${lone} is not; name nodes of one cluster only, or lone nodes only`;
    const ids = [...new Set(this.#clusterIds.filter((id) => id !== undefined))];
    if (ids.length < 2) return undefined;
    const groups = ids.map((id) => `${where((place) => this.#clusterIds[place] === id)} of ${id}`);
    return `these are nodes of several Nuthatch clusters: ${groups.join(', ')}; name nodes of one cluster only`;
  }

  #choose(isCluster: boolean): void {
    const wasRefused = this.#refusal !== undefined;
    this.#refusal = undefined;
    const isOther = isCluster === (this.#cluster === undefined);
    if (!isOther && !wasRefused) return;
    if (isCluster)
      this.#cluster ??= this.#parts.makeCluster(hostWithin(this.#host, (problem) => this.#tellAll(problem)));
    else this.#leaveCluster();
    this.#chosen();
  }

  #refuse(message: string): void {
    this.#refusal = new ClientError('UNSUPPORTED_SERVER', message);
    this.#leaveCluster();
    // What was read from either is of no use any more.
    if (this.#parts.tracks) this.#host.invalidated(undefined, 0);
    this.#tellAll(this.#refusal);
    this.#chosen();
  }

  #leaveCluster(): void {
    this.#cluster?.close();
    this.#cluster = undefined;
  }

  #chosen(): void {
    this.#choice.made();
    this.#choice = newChoice();
  }

  /** Who is pending may be under the home of any server. */
  #tellAll(problem: Error | undefined): void {
    for (const home of this.#kinds.keys()) this.#host.reachable(problem, home);
  }

  #loneReached(problem: Error | undefined, home: number): void {
    if (this.#cluster !== undefined || this.#refusal !== undefined) return;
    this.#silent.add(home);
    if (this.#silent.size === this.#kinds.length) this.#opening.over();
    this.#host.reachable(problem, home);
  }
}

function newChoice(): { readonly promise: Promise<void>; readonly made: () => void } {
  let made = (): void => {};
  const promise = new Promise<void>((resolve) => {
    made = resolve;
  });
  return { promise, made };
}
