/**
 * A read of one key, from the first caller to the last: who is asked, who waits, who loads, and what is served.
 *
 *   gather callers of this tick --> ask the node
 *      hit ---------------------------------------------------------> value          (perhaps a refresh behind it)
 *      refresh, within staleWhileRevalidate ------------------------> stale value, and a load behind it
 *      load, refresh -------> loader, in its group --> fill --------> value; later callers when the fill is accepted
 *      wait, stale ---------> sleep until woken or late --> ask again; late for good --> stale value, or around
 *      failed --------------> stale value within staleIfError, else the shared error
 *      cut off, nothing fresh > what was loaded here within the last second, if anything was      core/kept-loads.ts
 *      no answer -----------> around: the loader in its group, kept nowhere
 *
 * - Who joins, and who has to read again: core/load-table.ts.
 * - The deadline bounds the cache's answers. The wait for others is bounded by `waitTimeout`, the loader by
 *   `hardTimeout`, the wait for its turn by its group.
 */
import { type CacheParts, type Caller, type How, noteCacheError } from './cache-parts.js';
import { type Load, type LoadEnding, refreshesEarly } from './core/index.js';
import { type Answer, plainReading } from './engine/engine.js';
import { ClientError } from './errors.js';
import type { Lease } from './lease.js';
import type { Loaded } from './loading.js';
import { Loads } from './loads.js';
import { enterNear } from './look.js';
import { decodeAnswer, type Stored } from './stored.js';
import type { TimeSource } from './time.js';

/** Settled: what hangs on it runs at the end of this tick, and belongs to who hung it there. */
const endOfTick = Promise.resolve();
/** Leases are told in whole ms: who waits for the end of one looks so much later. */
const SLACK_MS = 5;

export class Reader {
  readonly #parts: CacheParts;
  readonly #loads: Loads;
  /** Keys that are being refreshed while others read them. */
  readonly #refreshing = new Set<string>();

  constructor(parts: CacheParts) {
    this.#parts = parts;
    this.#loads = new Loads(parts);
  }

  /** The value of the key that is called `name` at the node. */
  read(name: string, how: How): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const caller: Caller = { load: undefined, isFirst: false, how, resolve, reject };
      const { table } = this.#parts;
      if (!table.join(name, caller)) this.#drive(table.begin(name, caller), how);
    });
  }

  /** Reads the key from its node for those who read it near next, unless somebody does. */
  reread(name: string, how: How): void {
    const load = this.#parts.table.refresh(name);
    if (load !== undefined) this.#drive(load, how);
  }

  /** Loads the key anew for those who read it next, unless somebody does. */
  #refresh(name: string, how: How): void {
    if (this.#refreshing.has(name)) return;
    this.#refreshing.add(name);
    this.#parts.counts.earlyRefreshes++;
    void this.#refreshEarly(name, how).finally(() => this.#refreshing.delete(name));
  }

  async #refreshEarly(name: string, how: How): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#parts.engine.read(name, 'early', this.#parts.deadlineMs, plainReading);
    } catch (error) {
      noteCacheError(this.#parts, 'read', how.key, error);
      return;
    }
    if (answer.token !== undefined) await this.#loads.behind(name, how, answer);
  }

  /** Callers of this tick gather; then their load goes its way. */
  #drive(load: Load<Caller>, how: How): void {
    void endOfTick.then(() => {
      this.#parts.table.asked(load);
      if (this.#parts.isPending(load.key)) void this.#goAround(load, how, 'unfilled');
      else this.#ask(load, how);
    });
  }

  /** Asks the node. A hit is settled here, without an async function: it is what almost all reads are. */
  #ask(load: Load<Caller>, how: How): void {
    const { engine, near, deadlineMs, time, wakes } = this.#parts;
    const since = wakes.sequence;
    // Only a near cache asks for how old an answer is.
    const sentMs = near === undefined ? 0 : time.now();
    const answered = (answer: Answer): void => {
      if (answer.status !== 'hit') {
        this.#follow(load, how, answer, since, time.now()).catch((error) => this.#broken(load, how, error));
        return;
      }
      try {
        this.#hit(load, how, answer, sentMs);
      } catch (error) {
        this.#broken(load, how, error);
      }
    };
    const failed = (error: unknown): Promise<void> => this.#unanswered(load, how, error);
    void engine.read(load.key, 'lease', deadlineMs, { answered, failed });
  }

  /** A value that the serializer cannot read, or a mistake of ours: nobody must wait for ever. */
  #broken(load: Load<Caller>, how: How, error: unknown): void {
    if (load.stage !== 'settled') this.#settle(load, 'failed', (caller) => caller.reject(error));
    else noteCacheError(this.#parts, 'read', how.key, error);
  }

  #unanswered(load: Load<Caller>, how: How, error: unknown): Promise<void> {
    noteCacheError(this.#parts, 'read', how.key, error);
    return this.#goAround(load, how, 'unfenced');
  }

  /** What an answer that is no hit asks for, and the answers after it. `since`: the wakes before its question. */
  async #follow(load: Load<Caller>, how: How, first: Answer, since: number, startMs: number): Promise<void> {
    const { engine, deadlineMs, time, wakes } = this.#parts;
    const { staleWhileRevalidateMs, staleIfErrorMs, softTimeoutMs, waitTimeoutMs } = how.options;
    let sentMs = 0;
    for (let answer = first; ; ) {
      if (answer.status === 'hit') return this.#hit(load, how, answer, sentMs);
      const kept = this.#loads.kept(load.key, answer);
      if (kept !== undefined) return this.#serveKept(load, kept);
      const stale = answer.isThere ? decodeAnswer(this.#parts, answer) : undefined;
      if (answer.status === 'failed') return this.#othersFailed(load, how, answer, stale);
      const isServed = stale !== undefined && answer.ms < staleWhileRevalidateMs;
      if (answer.status === 'load' || answer.status === 'refresh') {
        if (!isServed) return this.#load(load, how, answer, stale);
        this.#serveStale(load, stale);
        return this.#loads.behind(load.key, how, answer);
      }
      if (isServed) return this.#serveStale(load, stale);
      const isAllowed = stale !== undefined && answer.ms < staleIfErrorMs;
      const mostMs = isAllowed ? Math.min(waitTimeoutMs, softTimeoutMs) : waitTimeoutMs;
      const leftMs = startMs + mostMs - time.now();
      if (leftMs <= 0) {
        return isAllowed ? this.#serveStale(load, stale) : this.#goAround(load, how, 'unfilled');
      }
      this.#parts.counts.waits++;
      await wakes.sleep(load.key, since, Math.min(leftMs, answer.leaseMs + SLACK_MS), time);
      if (this.#parts.isPending(load.key)) return this.#goAround(load, how, 'unfilled');
      since = wakes.sequence;
      sentMs = time.now();
      try {
        answer = await engine.read(load.key, 'lease', deadlineMs, plainReading);
      } catch (error) {
        return this.#unanswered(load, how, error);
      }
    }
  }

  #hit(load: Load<Caller>, how: How, answer: Answer, sentMs: number): void {
    const { counts, random } = this.#parts;
    const { options } = how;
    counts.hits++;
    const stored = decodeAnswer(this.#parts, answer);
    enterNear(this.#parts, load.key, stored, answer, sentMs, options);
    this.#settle(load, 'hit', (caller) => caller.resolve(stored.forReader()));
    // A node that is cut off stores nothing: what it has is refreshed when it must be.
    const isRefreshed = options.earlyRefresh && answer.staleMs === undefined;
    if (isRefreshed && refreshesEarly(answer.ms, answer.loadMs, random)) {
      this.#refresh(load.key, how);
    }
  }

  #serveStale(load: Load<Caller>, stale: Stored): void {
    this.#parts.counts.staleHits++;
    this.#settle(load, 'hit', (caller) => caller.resolve(stale.forReader()));
  }

  #serveKept(load: Load<Caller>, kept: Stored): void {
    this.#parts.counts.keptHits++;
    this.#settle(load, 'hit', (caller) => caller.resolve(kept.forReader()));
  }

  /** Somebody else has just failed to load the key. */
  #othersFailed(load: Load<Caller>, how: How, answer: Answer, stale: Stored | undefined): void {
    if (stale !== undefined && answer.ms < how.options.staleIfErrorMs) {
      this.#serveStale(load, stale);
      return;
    }
    const error = new ClientError('LOAD_FAILED', `'${how.key}' could not be loaded: ${answer.error}`);
    this.#settle(load, 'failed', (caller) => caller.reject(error));
  }

  /** It is ours to load. */
  async #load(load: Load<Caller>, how: How, answer: Answer, stale: Stored | undefined): Promise<void> {
    this.#parts.counts.misses++;
    const lease = this.#loads.leaseOf(load.key, answer);
    if (lease === undefined) this.#parts.table.loading(load);
    const work = this.#loads.run(how, stale, answer);
    const mayServeStale = stale !== undefined && answer.ms < how.options.staleIfErrorMs;
    if (mayServeStale && (await isLate(work, how.options.softTimeoutMs, this.#parts.time))) {
      this.#serveStale(load, stale);
      return this.#loads.finishBehind(load.key, how, lease, work, answer.isThere);
    }
    let loaded: Loaded;
    try {
      loaded = await work;
    } catch (error) {
      this.#loads.failed(how, lease, error, false);
      if (mayServeStale) this.#serveStale(load, stale);
      else this.#settle(load, 'failed', (caller) => caller.reject(error));
      return;
    }
    if (lease === undefined) this.#settleLoaded(load, how, loaded, 'unfilled');
    else await this.#fill(load, how, lease, loaded, answer.isThere);
  }

  /** The first callers have the value at once, the later ones when the fill is accepted. */
  async #fill(load: Load<Caller>, how: How, lease: Lease, loaded: Loaded, isThere: boolean): Promise<void> {
    const { table } = this.#parts;
    table.filling(load);
    let value = (): unknown => undefined;
    let isGood: Promise<boolean>;
    if (loaded.value === undefined && !loaded.isAbsent) {
      isGood = this.#loads.nothingFound(load.key, lease, isThere);
    } else {
      try {
        const { stored, accepted } = this.#loads.fill(load.key, how, lease, loaded);
        value = () => stored.forReader();
        isGood = accepted;
      } catch (error) {
        this.#settle(load, 'failed', (caller) => caller.reject(error));
        return;
      }
    }
    giveEach(table.takeFirst(load), (caller) => caller.resolve(value()));
    this.#settle(load, (await isGood) ? 'accepted' : 'refused', (caller) => caller.resolve(value()));
  }

  /** Without the cache: the loader behind its group's cap, and what it loads is kept nowhere. */
  async #goAround(load: Load<Caller>, how: How, ending: 'unfenced' | 'unfilled'): Promise<void> {
    this.#parts.counts.around++;
    this.#parts.table.loading(load);
    let loaded: Loaded;
    try {
      loaded = await this.#loads.run(how, undefined, undefined);
    } catch (error) {
      this.#loads.failed(how, undefined, error, false);
      this.#settle(load, 'failed', (caller) => caller.reject(error));
      return;
    }
    this.#settleLoaded(load, how, loaded, ending);
  }

  /** What is not stored is given as if it had been. */
  #settleLoaded(load: Load<Caller>, how: How, loaded: Loaded, ending: LoadEnding): void {
    let value = (): unknown => undefined;
    try {
      const stored = this.#loads.unstored(load.key, how, loaded);
      value = () => stored?.forReader();
    } catch (error) {
      this.#settle(load, 'failed', (caller) => caller.reject(error));
      return;
    }
    this.#settle(load, ending, (caller) => caller.resolve(value()));
  }

  #settle(load: Load<Caller>, ending: LoadEnding, give: (caller: Caller) => void): void {
    const { callers, next } = this.#parts.table.settle(load, ending);
    giveEach(callers, give);
    if (next === undefined) return;
    for (const { how } of next.callers) {
      this.#drive(next, how);
      return;
    }
  }
}

/** A value that cannot be decoded for one caller fails that one, and nobody is left waiting. */
function giveEach(callers: readonly Caller[], give: (caller: Caller) => void): void {
  for (const caller of callers) {
    try {
      give(caller);
    } catch (error) {
      caller.reject(error);
    }
  }
}

/** Whether the work takes longer than that. */
async function isLate(work: Promise<unknown>, ms: number, time: TimeSource): Promise<boolean> {
  if (ms === Number.POSITIVE_INFINITY) return false;
  return new Promise((resolve) => {
    const timer = time.later(() => resolve(true), ms, false);
    const ended = (): void => {
      timer.cancel();
      resolve(false);
    };
    work.then(ended, ended);
  });
}
