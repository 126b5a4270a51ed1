/**
 * The engine over a Redis or Valkey server: load leases as scripts, one round trip each.
 *
 *   read, fill, fail, renew, put, remove, soften, beginWrite ──> a script over that one key (redis-scripts/)
 *   clear ──> SCAN, and the script that removes, for each key found: what is being loaded is a key too
 *   wait, stale ──> lease-waits.ts ──> woken
 *
 * What the scripts answer is what a node answers to the LEASE commands: load-leases.ts in the store has the rules,
 * open-key.ts how a key keeps them, docs/on-redis.md what cannot be the same.
 *
 * Tokens are named here and not by the server. So a lease whose answer came too late can be given back.
 *
 * The server does not tell us of our own writes (NOLOOP): waiters are woken here, when the answer is read. Nobody knows
 * when a write that was given up is executed. A read sent behind it is answered after that; then the key counts as changed.
 */
import type { Reply } from '../../resp/index.js';
import { utf8Text } from '../bulk-decoders.js';
import type { Argument } from '../connection/command-encoder.js';
import { ClientError, ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import type { Caller } from './caller.js';
import type { Answer, Engine, EngineHost, EngineOptions, Payload, Reading, ReadMode } from './engine.js';
import { LeaseReplies } from './lease-reply.js';
import { LeaseTokens } from './lease-tokens.js';
import type { LeaseWaits, Watch } from './lease-waits.js';
import { beginWriteScript } from './redis-scripts/begin-write.js';
import { failScript } from './redis-scripts/fail.js';
import { fillScript } from './redis-scripts/fill.js';
import type { LuaScript } from './redis-scripts/lua-script.js';
import { putScript } from './redis-scripts/put.js';
import { readScript } from './redis-scripts/read.js';
import { removeScript } from './redis-scripts/remove.js';
import { renewScript } from './redis-scripts/renew.js';
import { softenScript } from './redis-scripts/soften.js';
import { watchScript } from './redis-scripts/watch.js';
import { scanKeys } from './scan-keys.js';
import { ScriptCalls } from './script-calls.js';

/** What an engine works on. */
export interface RedisServer {
  readonly caller: Caller;
  readonly description: string;
  readonly ready: () => Promise<void>;
  readonly close: () => void;
  readonly time: TimeSource;
  /** Makes what waits for the leases of others. `watch` asks for what is left of one. */
  readonly waits: (woken: (key: string) => void, watch: Watch) => LeaseWaits;
  /** Whether a key must be announced for the server to tell of its change. */
  readonly isOptIn: boolean;
}

/** Writers of one key that are remembered at the same time; the key holds some 45 bytes for each. */
const MAX_WRITERS = 64;
/** Chars of an error that are shared. */
const MAX_ERROR_CHARS = 1_024;
/** Lives longer than 100 years are for ever: times in ms stay within 14 digits, which the scripts write without loss. */
const MAX_MS = 100 * 365 * 86_400_000;
/** How long a question waits that nobody waits for: as long as a server may be silent. */
const ASIDE_MS = 1_000;

export class RedisEngine implements Engine {
  readonly waits: LeaseWaits;
  readonly #server: RedisServer;
  readonly #options: EngineOptions;
  readonly #host: EngineHost;
  readonly #node: number;
  readonly #scripts: ScriptCalls;
  readonly #replies: LeaseReplies;
  readonly #tokens = new LeaseTokens();
  /** Whole: the scripts write the end of a lease as it is counted here. */
  readonly #leaseMs: number;

  constructor(server: RedisServer, options: EngineOptions, host: EngineHost) {
    this.#server = server;
    this.#options = options;
    this.#host = host;
    this.#node = options.node ?? 0;
    this.#leaseMs = wholeMs(options.leaseMs);
    this.#scripts = new ScriptCalls(server.caller, server.time);
    this.#replies = new LeaseReplies(options.serializer, host, this.#node);
    this.waits = server.waits(
      (key) => host.woken(key),
      (key) => this.#watch(key),
    );
  }

  get description(): string {
    return this.#server.description;
  }

  nodeOf(): number {
    return this.#node;
  }

  homeOf(): number {
    return this.nodeOf();
  }

  ready(): Promise<void> {
    return this.#server.ready();
  }

  async read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R> {
    const answered = (answer: Answer): R | Promise<R> => {
      const { status, leaseMs } = answer;
      if (leaseMs > 0 && (status === 'wait' || status === 'stale')) this.waits.begin(key, leaseMs);
      return reading.answered(answer);
    };
    const failed = (error: unknown): R | Promise<R> => reading.failed(error);
    const { decode, take } = this.#replies.next(key, deadlineMs, { answered, failed });
    const token = mode === 'look' ? '' : this.#tokens.next();
    const args = [mode, token, this.#leaseMs];
    try {
      return await this.#scripts.run(readScript, key, args, { deadlineMs, decode, take });
    } catch (error) {
      if (token !== '' && isLate(error)) this.#giveBack(key, token);
      return reading.failed(error);
    }
  }

  async fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    const { data, ...rest } = payload;
    return (await this.#write(fillScript, key, [token, data, ...entryArguments(rest)], deadlineMs)) === 1;
  }

  async fail(
    key: string,
    token: string,
    error: string,
    errorMs: number,
    deadlineMs: number,
  ): Promise<boolean> {
    const shared = error.slice(0, MAX_ERROR_CHARS);
    return (await this.#write(failScript, key, [token, shared, wholeMs(errorMs)], deadlineMs)) === 1;
  }

  async renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    const args = [token, this.#leaseMs];
    return (await this.#scripts.run(renewScript, key, args, { deadlineMs, take: count })) === 1;
  }

  async put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    const { data, ...rest } = payload;
    await this.#write(putScript, key, [data, ...entryArguments(rest)], deadlineMs);
  }

  async remove(key: string, deadlineMs: number): Promise<boolean> {
    return (await this.#write(removeScript, key, [], deadlineMs)) === 1;
  }

  async soften(key: string, deadlineMs: number): Promise<boolean> {
    return (await this.#write(softenScript, key, [], deadlineMs)) === 1;
  }

  async beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    const token = this.#tokens.next();
    const granted = (reply: Reply<string>): string | undefined => {
      this.waits.changed(key);
      return Array.isArray(reply) && reply[1] === token ? token : undefined;
    };
    const args = [token, this.#leaseMs, MAX_WRITERS];
    const options = { deadlineMs, decode: utf8Text, take: granted };
    try {
      return await this.#scripts.run(beginWriteScript, key, args, options);
    } catch (error) {
      if (isLate(error)) {
        this.#giveBack(key, token);
        this.#changesLater(key);
      }
      throw error;
    }
  }

  async clear(prefix: string, deadlineMs: number): Promise<number> {
    const { time, caller } = this.#server;
    const endMs = time.now() + deadlineMs;
    const leftMs = (): number => Math.max(1, Math.ceil(endMs - time.now()));
    let removed = 0;
    try {
      // It begins with the prefix too; and a replica, which may not have the keys yet, must refuse even if it finds none.
      removed += await this.#scripts.run(removeScript, prefix, [], removal(leftMs()));
      for await (const keys of scanKeys(caller, prefix, leftMs)) {
        const each = keys.map((key) => this.#scripts.run(removeScript, key, [], removal(leftMs())));
        for (const one of await Promise.all(each)) removed += one;
      }
    } catch (error) {
      if (isLate(error)) this.#changesLater(undefined);
      throw error;
    } finally {
      // Keys that are waited for were removed too, and nobody else tells us so.
      this.waits.changed(undefined);
    }
    return removed;
  }

  /** The connection broke: what others have changed meanwhile nobody tells, so all who wait ask again. */
  lost(): void {
    this.#scripts.lost();
    this.waits.changed(undefined);
  }

  close(): void {
    this.waits.close();
    this.#server.close();
  }

  /** Runs a script that changes the key, and wakes who waits for it here. */
  async #write(
    script: LuaScript,
    key: string,
    args: readonly Argument[],
    deadlineMs: number,
  ): Promise<number> {
    const take = (reply: Reply): number => {
      this.waits.changed(key);
      return count(reply);
    };
    try {
      return await this.#scripts.run(script, key, args, { deadlineMs, take });
    } catch (error) {
      if (isLate(error)) this.#changesLater(key);
      throw error;
    }
  }

  async #watch(key: string): Promise<number> {
    const { caller, isOptIn } = this.#server;
    // The next command is tracked, and nothing comes between two calls of one turn. Refused, the timer of the wait stays.
    const announce = (): void => {
      if (isOptIn) caller.call(['CLIENT', 'CACHING', 'YES'], { deadlineMs: ASIDE_MS }).catch(() => {});
    };
    return this.#scripts.run(watchScript, key, [], { deadlineMs: ASIDE_MS, take: count }, announce);
  }

  /** A lease that was perhaps granted, to one who has gone. If this fails too it ends by itself. */
  #giveBack(key: string, token: string): void {
    this.#scripts.run(failScript, key, [token, '', 0], { deadlineMs: ASIDE_MS, take: count }).catch(() => {});
  }

  /** A write was given up that the server may execute yet: the key counts as changed now, and again when it surely has. */
  async #changesLater(key: string | undefined): Promise<void> {
    this.#changed(key);
    if (!this.#options.tracks) return;
    const options = { deadlineMs: ASIDE_MS, take: () => this.#changed(key) };
    for (;;) {
      try {
        await this.#server.caller.call(['EXISTS', key ?? ''], options);
        return;
      } catch (error) {
        if (isLate(error)) continue;
        // An error that the server sends is an answer. Any other ends the connection, and with it all that is near.
        if (error instanceof ReplyFailure) this.#changed(key);
        return;
      }
    }
  }

  /** One of our own writes changed the key; undefined: any. */
  #changed(key: string | undefined): void {
    this.waits.changed(key);
    if (this.#options.tracks) this.#host.invalidated(key, this.#node);
  }
}

/** How long an entry lives and is fresh, in the words of the scripts. */
function entryArguments({ ttlMs, freshMs, loadMs, isAbsent }: Omit<Payload, 'data'>): number[] {
  const lifeMs = ttlMs > MAX_MS ? 0 : wholeMs(Math.max(1, ttlMs));
  // What is fresh for as long as it lives needs no time of its own.
  const isFreshAllItsLife = freshMs >= ttlMs || freshMs > MAX_MS;
  const aliveMs = isFreshAllItsLife ? 0 : wholeMs(Math.max(1, freshMs));
  return [lifeMs, aliveMs, wholeMs(loadMs), isAbsent ? 1 : 0];
}

function wholeMs(ms: number): number {
  return Math.min(MAX_MS, Math.max(0, Math.ceil(ms)));
}

function removal(deadlineMs: number): { deadlineMs: number; take: (reply: Reply) => number } {
  return { deadlineMs, take: count };
}

/** A reply that is a number, as all scripts but the reading ones give. */
function count(reply: Reply): number {
  if (typeof reply === 'number') return reply;
  throw new ClientError('PROTOCOL', `a script was answered with ${typeof reply} where a number was due`, {
    mayHaveRun: true,
  });
}

function isLate(error: unknown): boolean {
  return error instanceof ClientError && error.code === 'DEADLINE';
}
