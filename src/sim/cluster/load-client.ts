/**
 * The part of a simulated client that reads through the cluster: several loads and invalidations at a time, of the keys s0, s1 ...
 *
 *   load         asks ── granted ──> reads the source at once, works for a while ──> fills with its token ──> over
 *                  ^ └── there it is ──> over
 *                  └ woken ── wait: somebody else loads it
 *   invalidate   changes the source ──> deletes the key, again and again until that is acknowledged ──> over
 */
import type { RandomSource } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Effects } from '../program.js';
import type { ClusterFact } from './facts.js';
import { LOAD_LEASE_MS } from './load-desk.js';
import { loadedValue, type Source } from './source.js';
import type { ClientAnswer, ClientQuestion, Wire } from './wire.js';

export interface LoadShape {
  readonly sourceKeys: number;
  /** Ms between two beginnings, at most. */
  readonly loadPauseMs: number;
  /** A load takes so long, at most. */
  readonly loadMs: number;
  /** Of a hundred, so many are invalidations. */
  readonly invalidatePercent: number;
}

const MAX_AT_ONCE = 3;
const PATIENCE_MS = 1_000;
const AGAIN_MS = 100;
const MAX_TRIES = 40;

type LoadEffects = Effects<Wire, never, ClusterFact>;

interface Load {
  readonly kind: 'load';
  readonly key: string;
  state: 'asks' | 'waits' | 'works' | 'fills';
  id: number;
  tries: number;
  atMs: number;
  /** Of who works: who gave it, and what is to be filled. */
  granted?: { readonly by: NodeId; readonly token: string; readonly value: number };
}

interface Invalidation {
  readonly kind: 'invalidation';
  readonly key: string;
  readonly version: number;
  readonly id: number;
  tries: number;
  atMs: number;
}

export class LoadClient {
  readonly #source: Source;
  readonly #shape: LoadShape;
  readonly #random: RandomSource;
  readonly #nodes: readonly NodeId[];
  readonly #life: string;
  readonly #nextId: () => number;
  readonly #primaries = new Map<string, NodeId>();
  readonly #open = new Set<Load | Invalidation>();
  #beginAtMs = 0;

  constructor(
    source: Source,
    shape: LoadShape,
    random: RandomSource,
    nodes: readonly NodeId[],
    life: string,
    nextId: () => number,
  ) {
    this.#source = source;
    this.#shape = shape;
    this.#random = random;
    this.#nodes = nodes;
    this.#life = life;
    this.#nextId = nextId;
  }

  tick(nowMs: number, effects: LoadEffects): void {
    for (const one of this.#open) {
      if (nowMs < one.atMs) continue;
      if (one.kind === 'load' && one.state === 'works') this.#fill(one, one.granted?.by, nowMs, effects);
      else if (one.kind === 'load' && one.state === 'fills') this.#open.delete(one);
      else {
        this.#primaries.delete(one.key);
        this.#askAgain(one, nowMs, effects);
      }
    }
    if (nowMs < this.#beginAtMs || this.#open.size >= MAX_AT_ONCE) return;
    const { sourceKeys, loadPauseMs, invalidatePercent } = this.#shape;
    this.#beginAtMs = nowMs + this.#random.below(loadPauseMs);
    const key = `s${this.#random.below(sourceKeys)}`;
    const [id, tries, atMs] = [this.#nextId(), 0, nowMs];
    const one: Load | Invalidation =
      this.#random.below(100) < invalidatePercent
        ? { kind: 'invalidation', key, version: this.#source.change(key), id, tries, atMs }
        : { kind: 'load', key, state: 'asks', id, tries, atMs };
    this.#open.add(one);
    this.#askAgain(one, nowMs, effects);
  }

  /** Takes what is an answer to a question of its own. */
  receive(from: NodeId, answer: ClientAnswer, nowMs: number, effects: LoadEffects): void {
    for (const one of this.#open) {
      if (one.id !== answer.id) continue;
      if (one.kind === 'load') this.#takeForLoad(one, from, answer, nowMs, effects);
      else this.#takeForInvalidation(one, answer, nowMs, effects);
      return;
    }
  }

  #takeForInvalidation(one: Invalidation, answer: ClientAnswer, nowMs: number, effects: LoadEffects): void {
    if (answer.kind === 'client/done') {
      effects.report({ kind: 'invalidated', key: one.key, version: one.version });
      this.#open.delete(one);
    } else if (answer.kind === 'client/moved') {
      this.#primaries.set(one.key, answer.to);
      one.atMs = nowMs + AGAIN_MS / 2;
      this.#askAgain(one, nowMs, effects);
    } else one.atMs = nowMs + AGAIN_MS;
  }

  #takeForLoad(one: Load, from: NodeId, answer: ClientAnswer, nowMs: number, effects: LoadEffects): void {
    const { key } = one;
    switch (answer.kind) {
      case 'client/done': {
        const { value, isUnderLease } = answer;
        effects.report({ kind: 'read', id: one.id, key, value, isUnderLease });
        this.#open.delete(one);
        return;
      }
      case 'client/granted': {
        if (one.state !== 'asks') return;
        const value = loadedValue(this.#source.versionOf(key), one.id);
        one.granted = { by: from, token: answer.token, value };
        one.state = 'works';
        one.atMs = nowMs + this.#random.below(this.#shape.loadMs);
        return;
      }
      case 'client/wait':
        if (one.state !== 'asks') return;
        one.state = 'waits';
        one.atMs = nowMs + 2 * LOAD_LEASE_MS;
        return;
      case 'client/woken':
        if (one.state === 'waits') this.#askAgain(one, nowMs, effects);
        return;
      case 'client/moved':
        this.#primaries.set(key, answer.to);
        // The token of another node is of no use, and must not be.
        if (one.state === 'fills') this.#fill(one, answer.to, nowMs, effects);
        else this.#askAgain(one, nowMs, effects);
        return;
      case 'client/down':
        if (one.state === 'fills') this.#open.delete(one);
        else {
          this.#primaries.delete(key);
          one.atMs = nowMs + AGAIN_MS;
        }
        return;
      default:
        this.#open.delete(one);
    }
  }

  #askAgain(one: Load | Invalidation, nowMs: number, effects: LoadEffects): void {
    if (++one.tries > MAX_TRIES) {
      this.#open.delete(one);
      return;
    }
    one.atMs = nowMs + PATIENCE_MS;
    const { key } = one;
    let question: ClientQuestion = { kind: 'client/delete', id: one.id, key };
    if (one.kind === 'load') {
      // A new question: an answer to the one before is none to this.
      one.state = 'asks';
      one.id = this.#nextId();
      effects.report({ kind: 'read-began', id: one.id, key });
      question = { kind: 'client/load', id: one.id, key };
    }
    this.#send(this.#primaries.get(key) ?? this.#someNode(), question, effects);
  }

  #fill(one: Load, to: NodeId | undefined, nowMs: number, effects: LoadEffects): void {
    const { key, granted } = one;
    if (granted === undefined || to === undefined || ++one.tries > MAX_TRIES) {
      this.#open.delete(one);
      return;
    }
    one.state = 'fills';
    one.atMs = nowMs + PATIENCE_MS;
    const { token, value } = granted;
    this.#send(to, { kind: 'client/fill', id: one.id, key, token, value }, effects);
  }

  #send(to: NodeId, body: ClientQuestion, effects: LoadEffects): void {
    effects.send(to, { life: this.#life, body });
  }

  #someNode(): NodeId {
    return this.#nodes[this.#random.below(this.#nodes.length)] as NodeId;
  }
}
