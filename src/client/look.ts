/**
 * A read that loads nothing: what is there, fresh or within `staleWhileRevalidate`.
 *
 *   look ──> engine ── answered, at the answer's place in the stream ──> near cache, value
 *                   └─ failed ──> undefined, and an event
 *
 * Cost: the promise of the call is the caller's own; besides, one object that says what is to become of the answer.
 */
import { type CacheParts, noteCacheError } from './cache-parts.js';
import type { Answer, Reading } from './engine/engine.js';
import type { ResolvedLoadOptions } from './load-options.js';
import { decodeAnswer, type Stored } from './stored.js';

/** The value of the key that is called `name` at the node; undefined if there is none, and when the cache cannot say. */
export function look(
  parts: CacheParts,
  name: string,
  key: string,
  options: ResolvedLoadOptions,
): Promise<unknown> {
  if (parts.isPending(name)) return Promise.resolve(undefined);
  return parts.engine.read(name, 'look', parts.deadlineMs, new Look(parts, name, key, options));
}

class Look implements Reading<unknown> {
  readonly #parts: CacheParts;
  readonly #name: string;
  readonly #key: string;
  readonly #options: ResolvedLoadOptions;
  readonly #sentMs: number;

  constructor(parts: CacheParts, name: string, key: string, options: ResolvedLoadOptions) {
    this.#parts = parts;
    this.#name = name;
    this.#key = key;
    this.#options = options;
    // Only a near cache asks for how old an answer is.
    this.#sentMs = parts.near === undefined ? 0 : parts.time.now();
  }

  answered(answer: Answer): unknown {
    const isHit = answer.status === 'hit';
    if (!isHit && !(answer.isThere && answer.ms < this.#options.staleWhileRevalidateMs)) return undefined;
    const stored = decodeAnswer(this.#parts, answer);
    if (isHit) {
      this.#parts.counts.hits++;
      enterNear(this.#parts, this.#name, stored, answer, this.#sentMs, this.#options);
    }
    return stored.forReader();
  }

  failed(error: unknown): undefined {
    noteCacheError(this.#parts, 'read', this.#key, error);
    return undefined;
  }
}

/** Keeps a fresh value, asked for at `sentMs`, for those who read it near; but none that others may have invalidated without a word. */
export function enterNear(
  { near, isPending }: CacheParts,
  name: string,
  stored: Stored,
  { ms: freshMs, loadMs, node, ticket, staleMs }: Answer,
  sentMs: number,
  { earlyRefresh: refreshes }: ResolvedLoadOptions,
): void {
  if (near === undefined || staleMs !== undefined || isPending(name)) return;
  near.enter(name, near.hold(stored.near), { node, sentMs, freshMs, loadMs, refreshes }, ticket);
}
