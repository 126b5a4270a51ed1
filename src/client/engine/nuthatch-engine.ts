/**
 * The engine over a Nuthatch node: each method is one of its LEASE commands, see docs/load-leases.md.
 *
 *   read ──LEASE.GET──>            fill, put ──LEASE.FILL──>      remove ──UNLINK──>
 *   beginWrite ──LEASE.GET WRITE──>      fail, renew ──LEASE.FAIL, LEASE.RENEW──>      soften ──LEASE.EXPIRE──>
 *   clear ──LEASE.VOID, then SCAN and UNLINK──>
 *   woken <──push `lease`──        invalidated <──push `invalidate`──  (CLIENT TRACKING ON NOLOOP)
 *   topologyChanged <──push `topology`──  of a node of a cluster (CLUSTER TOPOLOGY PUSH)
 *   sound, unsound <──LEASE.PUSHES── as a heartbeat, against the pushes that have come
 *
 * Of `clear`, the leases go first: what is filled under an older lease after that is refused, and what was filled before
 * is found by the scan. The other way round a fill between the two would stay.
 *
 * All of it goes over one connection, whose end frees the leases at once. A lease whose answer comes too late is given
 * back by its token, as soon as that is read.
 */
import { utf8Text } from '../bulk-decoders.js';
import type { Argument } from '../connection/command-encoder.js';
import type { Connection } from '../connection/connection.js';
import { hostTime, type TimeSource } from '../time.js';
import type { Caller } from './caller.js';
import { deleteByPrefix } from './delete-by-prefix.js';
import type { Engine, EngineHost, EngineOptions, Payload, Reading, ReadMode } from './engine.js';
import { addressOf, type EngineServer, openEngineConnection } from './engine-connection.js';
import { grantedToken, LeaseReplies, lateToken } from './lease-reply.js';

/** What the node takes if it is not told: then it is not. */
const DEFAULT_LEASE_MS = 5_000;
/** What it takes at most, also for errors that are shared. */
const MAX_LEASE_MS = 60_000;
/** Longer lifetimes are as good as none: 100 years, the node's bound. */
const MAX_TTL_MS = 100 * 365 * 86_400_000;
/** In the place of a token: store, whoever loads. */
const ANY_TOKEN = '*';

/** What is known of a node before it is connected to. */
export interface NuthatchNode {
  /** Its version. */
  readonly version?: string;
  /** It belongs to a cluster: replicas are to answer reads too, and a command has keys of one slot only. */
  readonly isOfCluster?: boolean;
  /** Of such a node: it has learnt of this version of the topology. */
  readonly topologyChanged?: (version: number) => void;
}

export class NuthatchEngine implements Engine {
  readonly description: string;
  readonly #connection: Connection;
  readonly #replies: LeaseReplies;
  readonly #time: TimeSource;
  readonly #leaseMs: number;
  readonly #node: number;
  readonly #isOfCluster: boolean;
  /** The commands of `read` but for the key at place 1. A command is copied when it is called, so they are used again. */
  readonly #reads: Readonly<Record<ReadMode, Argument[]>>;

  /** Begins to connect. */
  constructor(server: EngineServer, options: EngineOptions, host: EngineHost, known: NuthatchNode = {}) {
    const { version, isOfCluster = false, topologyChanged } = known;
    this.#isOfCluster = isOfCluster;
    this.description = `nuthatch${version === undefined ? '' : ` ${version}`} at ${addressOf(server)}`;
    this.#node = options.node ?? 0;
    this.#time = server.time ?? hostTime;
    this.#leaseMs = wholeMs(options.leaseMs, MAX_LEASE_MS);
    const giveBack = (key: string, token: string): void => this.#giveBack(key, token);
    this.#replies = new LeaseReplies(options.serializer, host, this.#node, giveBack);
    const lasting = this.#leaseMs === DEFAULT_LEASE_MS ? [] : ['LEASE', this.#leaseMs];
    this.#reads = {
      lease: ['LEASE.GET', '', ...lasting],
      early: ['LEASE.GET', '', 'EARLY', ...lasting],
      look: ['LEASE.GET', '', 'NOLEASE'],
    };
    this.#connection = openEngineConnection(server, options, host, {
      setup: [
        ...(isOfCluster ? [['READONLY'], ['CLUSTER', 'TOPOLOGY', 'PUSH']] : []),
        ...(options.tracks ? [['CLIENT', 'TRACKING', 'ON', 'NOLOOP']] : []),
      ],
      pushed: ([kind, what]) => {
        if (kind === 'lease') host.woken(String(what));
        else if (kind === 'topology') topologyChanged?.(Number(what));
      },
      heartbeat: ['LEASE.PUSHES'],
    });
  }

  nodeOf(): number {
    return this.#node;
  }

  homeOf(): number {
    return this.nodeOf();
  }

  /** For what is asked of the node beside keys; undefined while it is not connected. */
  get caller(): Caller | undefined {
    return this.#connection.state === 'ready' ? this.#connection : undefined;
  }

  ready(): Promise<void> {
    return this.#connection.ready();
  }

  read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R> {
    const args = this.#reads[mode];
    args[1] = key;
    return this.#connection.call(args, this.#replies.next(key, deadlineMs, reading));
  }

  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    return this.#ask(fillCommand(key, token, payload), deadlineMs, isOne);
  }

  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean> {
    const args = ['LEASE.FAIL', key, token];
    const shared =
      error === '' || errorMs <= 0 ? args : [...args, error, 'PX', wholeMs(errorMs, MAX_LEASE_MS)];
    return this.#ask(shared, deadlineMs, isOne);
  }

  renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    return this.#ask(['LEASE.RENEW', key, token, 'LEASE', this.#leaseMs], deadlineMs, isOne);
  }

  put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    return this.#ask(fillCommand(key, ANY_TOKEN, payload), deadlineMs, nothing);
  }

  remove(key: string, deadlineMs: number): Promise<boolean> {
    return this.#ask(['UNLINK', key], deadlineMs, isOne);
  }

  soften(key: string, deadlineMs: number): Promise<boolean> {
    return this.#ask(['LEASE.EXPIRE', key], deadlineMs, isOne);
  }

  beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    const args = ['LEASE.GET', key, 'WRITE', 'LEASE', this.#leaseMs];
    const late = lateToken((token) => this.#giveBack(key, token));
    return this.#connection.call(args, { deadlineMs, decode: utf8Text, take: grantedToken, late });
  }

  async clear(prefix: string, deadlineMs: number): Promise<number> {
    const [, deleted] = await Promise.all([
      this.#ask(['LEASE.VOID', prefix], deadlineMs, nothing),
      deleteByPrefix(this.#connection, prefix, deadlineMs, this.#time, this.#isOfCluster),
    ]);
    return deleted;
  }

  close(): void {
    this.#connection.close();
  }

  /** A lease that was granted to one who has gone. */
  #giveBack(key: string, token: string): void {
    this.#connection.call(['LEASE.FAIL', key, token]).catch(() => {
      // Without the connection there is no lease either; and else it ends by itself.
    });
  }

  #ask<R>(args: readonly Argument[], deadlineMs: number, take: (reply: unknown) => R): Promise<R> {
    return this.#connection.call(args, { deadlineMs, decode: utf8Text, take });
  }
}

function fillCommand(key: string, token: string, payload: Payload): Argument[] {
  const { data, ttlMs, freshMs, loadMs, isAbsent } = payload;
  const args: Argument[] = ['LEASE.FILL', key, token, data];
  if (ttlMs <= MAX_TTL_MS) args.push('PX', wholeMs(ttlMs, MAX_TTL_MS));
  if (freshMs < ttlMs && freshMs <= MAX_TTL_MS) args.push('FRESH', wholeMs(freshMs, MAX_TTL_MS));
  if (loadMs > 0) args.push('LOAD', wholeMs(loadMs, MAX_TTL_MS));
  if (isAbsent) args.push('ABSENT');
  return args;
}

/** From 1 to `mostMs`: the node takes whole numbers. */
function wholeMs(ms: number, mostMs: number): number {
  return Math.min(mostMs, Math.max(1, Math.round(ms)));
}

const isOne = (reply: unknown): boolean => reply === 1;
const nothing = (): void => {};
