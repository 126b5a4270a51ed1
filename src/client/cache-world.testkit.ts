/**
 * Caches on virtual time over one memory, as if each were a process of a fleet:
 *
 *   const world = new CacheWorld();
 *   const [a, b] = [world.cache(), world.cache({ near: { maxBytes: '1mb' } })];
 *   await world.pass(5_000)      every timer due within is fired, in order, and what follows from it runs
 */
import assert from 'node:assert/strict';
import { Random } from '../base/index.js';
import { Cache } from './cache.js';
import { type CacheBehavior, resolveBehavior, throwProblems } from './cache-options.js';
import { CacheMemory } from './engine/cache-memory.js';
import { type Engine, type EngineHost, type EngineOptions, plainReading, readOf } from './engine/engine.js';
import { MemoryEngine } from './engine/memory-engine.js';
import type { Timer, TimeSource } from './time.js';

/** Methods of an engine that ask nothing of a server. */
const notCalls: ReadonlySet<string> = new Set(['nodeOf', 'homeOf', 'close', 'ready']);
/** Turns of the microtasks that nothing here needs more of at once. */
const TURNS = 60;

class VirtualTime implements TimeSource {
  #now = 1_000;
  readonly #timers = new Set<{ dueMs: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  later(run: () => void, ms: number): Timer {
    const timer = { dueMs: this.#now + ms, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.dueMs <= endMs);
      if (due.length === 0) break;
      const next = due.reduce((first, timer) => (timer.dueMs < first.dueMs ? timer : first));
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.dueMs);
      next.run();
      await settle();
    }
    this.#now = endMs;
    await settle();
  }
}

/** Lets everything run that can run without time passing. */
export async function settle(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await undefined;
}

export class CacheWorld {
  readonly time = new VirtualTime();
  readonly memory = new CacheMemory({ maxBytes: 16 * 2 ** 20, time: this.time, random: new Random(5) });
  /** Set, every call of an engine fails with it. */
  failure: Error | undefined;
  /** So long an answer of an engine is on its way. */
  answerMs = 0;
  #seed = 1;

  cache(behavior: CacheBehavior = {}): Cache {
    const problems: string[] = [];
    const resolved = resolveBehavior(behavior, problems);
    throwProblems(problems);
    return new Cache(resolved, (host, options) => this.#engine(host, options), this.time, this.#seed++);
  }

  pass(ms: number): Promise<void> {
    return this.time.pass(ms);
  }

  /** A promise that resolves after so long, as a database's answer would. */
  after<T>(ms: number, value: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        try {
          resolve(value());
        } catch (error) {
          reject(error);
        }
      };
      this.time.later(end, ms);
    });
  }

  #engine(host: EngineHost, options: EngineOptions): Engine {
    const engine = new MemoryEngine(this.memory, options, host);
    return new Proxy(engine, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'read') return this.#read(target, ...(args as Parameters<Engine['read']>));
          const isCall = !notCalls.has(String(name));
          if (isCall && this.failure !== undefined) return this.#fail(this.failure);
          const result = (value as (...args: unknown[]) => unknown).apply(target, args);
          if (!isCall || this.answerMs === 0) return result;
          return (result as Promise<unknown>).then((answer) => this.after(this.answerMs, () => answer));
        };
      },
    });
  }

  async #fail(error: Error): Promise<never> {
    if (this.answerMs > 0) await this.after(this.answerMs, () => {});
    throw error;
  }

  #read(engine: Engine, ...[key, mode, deadlineMs, reading]: Parameters<Engine['read']>): Promise<unknown> {
    if (this.failure !== undefined) return readOf(Promise.reject(this.failure), reading);
    if (this.answerMs === 0) return engine.read(key, mode, deadlineMs, reading);
    const asked = engine.read(key, mode, deadlineMs, plainReading);
    return readOf(
      asked.then((answer) => this.after(this.answerMs, () => answer)),
      reading,
    );
  }
}

/** A database of one row: how often it was asked, and what it answers. */
export class Database {
  value = 1;
  queries = 0;
  running = 0;
  mostRunning = 0;
  failure: Error | undefined;
  readonly #world: CacheWorld;
  readonly #loadMs: number;

  constructor(world: CacheWorld, loadMs = 50) {
    this.#world = world;
    this.#loadMs = loadMs;
  }

  /** Reads the row at once, and answers later. */
  readonly load = (): Promise<number> => {
    this.queries++;
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    const { value, failure } = this;
    return this.#world.after(this.#loadMs, () => {
      this.running--;
      if (failure !== undefined) throw failure;
      return value;
    });
  };
}

/** What a promise came to: its value, its error, or undefined as long as it is pending. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; done: boolean } {
  const watched: { value?: T; error?: unknown; done: boolean } = { done: false };
  promise.then(
    (value) => Object.assign(watched, { value, done: true }),
    (error) => Object.assign(watched, { error, done: true }),
  );
  return watched;
}

export async function read(world: CacheWorld, promise: Promise<unknown>, ms = 1_000): Promise<unknown> {
  const watched = watch(promise);
  await world.pass(ms);
  assert.ok(watched.done, 'it has ended');
  if (watched.error !== undefined) throw watched.error;
  return watched.value;
}
