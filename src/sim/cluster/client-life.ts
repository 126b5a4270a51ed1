/**
 * A client of the simulated cluster: one question after the other, each about one of a few keys, with values that nobody writes twice.
 * It follows redirections, asks again where nothing was done, and gives up what was not answered. Now and then it is an operator.
 */
import type { RandomSource } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Effects, Host, HostClocks, Life, TrialSetup } from '../program.js';
import type { ClusterFact } from './facts.js';
import { LoadClient, type LoadShape } from './load-client.js';
import type { Source } from './source.js';
import { type ClientQuestion, isAnswer, type Wire } from './wire.js';

export interface ClientShape extends LoadShape {
  readonly keys: number;
  /** Ms between two questions, at most. */
  readonly pauseMs: number;
  /** Of a thousand questions, so many ask for a hand-over, or for other voters. */
  readonly handOverPermille: number;
  readonly votersPermille: number;
  /** Of a hundred writes and deletes, so many are the first of some that are sent at once. */
  readonly burstPercent: number;
}

const PATIENCE_MS = 1_000;
const AGAIN_MS = 100;
const MAX_TRIES = 40;
/** A quarter of the questions is about so many keys. */
const HOT_KEYS = 3;
/** Writes of a burst, at most: several between two ticks of a node, so that whatever happens to it falls between them. */
const MAX_BURST = 12;
/** Different for each client and each of its lives. */
const LIFE_VALUES = 1_000_000;

type ClientEffects = Effects<Wire, never, ClusterFact>;
type Asked = Extract<ClientQuestion, { readonly id: number }>;

export class ClientLife implements Life<Wire, never, ClusterFact> {
  readonly #life: string;
  readonly #random: RandomSource;
  readonly #nodes: readonly NodeId[];
  readonly #shape: ClientShape;
  readonly #primaries = new Map<string, NodeId>();
  #asked: Asked | undefined;
  #tries = 0;
  #askAtMs = 0;
  #giveUpAtMs = 0;
  readonly #loads: LoadClient;
  #ids: number;

  constructor(host: Host<never>, { nodes }: TrialSetup, shape: ClientShape, source: Source) {
    this.#life = host.incarnation;
    this.#random = host.random;
    this.#nodes = nodes;
    this.#shape = shape;
    const lives = Number.parseInt(host.incarnation, 10);
    this.#ids = (Number.parseInt(host.id.slice(1), 10) * 1_000 + lives) * LIFE_VALUES;
    const nextId = (): number => ++this.#ids;
    this.#loads = new LoadClient(source, shape, this.#random, nodes, this.#life, nextId);
  }

  tick({ monotonicMs }: HostClocks, effects: ClientEffects): void {
    this.#loads.tick(monotonicMs, effects);
    if (this.#asked !== undefined && monotonicMs >= this.#giveUpAtMs) {
      // Whether it was done is not known; a read is asked again elsewhere.
      this.#primaries.delete(this.#asked.key);
      if (this.#asked.kind === 'client/read') this.#again(this.#asked, monotonicMs);
      else this.#asked = undefined;
    }
    if (monotonicMs < this.#askAtMs) return;
    if (this.#asked === undefined) this.#next(monotonicMs, effects);
    else this.#ask(this.#asked, monotonicMs, effects);
  }

  receive(from: NodeId, { body }: Wire, { monotonicMs }: HostClocks, effects: ClientEffects): void {
    const asked = this.#asked;
    if (!isAnswer(body)) return;
    if (body.id !== asked?.id) {
      this.#loads.receive(from, body, monotonicMs, effects);
      return;
    }
    switch (body.kind) {
      case 'client/done':
        if (asked.kind === 'client/read') {
          const { value, isUnderLease } = body;
          effects.report({ kind: 'read', id: asked.id, key: asked.key, value, isUnderLease });
        }
        this.#asked = undefined;
        return;
      case 'client/moved':
        this.#primaries.set(asked.key, body.to);
        this.#again(asked, monotonicMs - AGAIN_MS);
        return;
      case 'client/down':
        this.#primaries.delete(asked.key);
        this.#again(asked, monotonicMs);
        return;
      case 'client/uncertain':
        this.#asked = undefined;
        return;
    }
  }

  persisted(): void {}

  persistFailed(): void {}

  #again(asked: Asked, nowMs: number): void {
    if (++this.#tries > MAX_TRIES) {
      this.#asked = undefined;
      return;
    }
    this.#asked = asked;
    this.#askAtMs = nowMs + AGAIN_MS;
    this.#giveUpAtMs = Number.POSITIVE_INFINITY;
  }

  #next(nowMs: number, effects: ClientEffects): void {
    const { keys, pauseMs, handOverPermille, votersPermille } = this.#shape;
    this.#askAtMs = nowMs + this.#random.below(pauseMs);
    const die = this.#random.below(1_000);
    if (die < handOverPermille + votersPermille) {
      const voters = this.#someVoters();
      const isHandOver = die < handOverPermille;
      const [primary] = this.#primaries.values();
      const to = (isHandOver ? primary : undefined) ?? this.#someNode();
      const body = isHandOver
        ? ({ kind: 'client/hand-over' } as const)
        : ({ kind: 'client/voters', voters } as const);
      effects.send(to, { life: this.#life, body });
      return;
    }
    const id = ++this.#ids;
    const key = `k${this.#random.below(this.#random.below(4) === 0 ? HOT_KEYS : keys)}`;
    const what = this.#random.below(100);
    this.#tries = 0;
    if (what < 45) {
      effects.report({ kind: 'read-began', id, key });
      this.#ask({ kind: 'client/read', id, key, atReplica: what < 10 }, nowMs, effects);
    } else {
      const asked = this.#change(id, key);
      this.#ask(asked, nowMs, effects);
      if (this.#random.below(100) < this.#shape.burstPercent) this.#burst(asked.key, effects);
    }
  }

  #change(id: number, key: string): Asked {
    const what = this.#random.below(100);
    if (what < 36) return { kind: 'client/delete', id, key };
    return { kind: 'client/write', id, key, value: id, needsAll: what < 55 };
  }

  /** More of them at the same primary, about the same key and others. Nobody waits for their answers. */
  #burst(key: string, effects: ClientEffects): void {
    const primary = this.#primaries.get(key);
    if (primary === undefined) return;
    for (let left = this.#random.below(MAX_BURST); left > 0; left--) {
      const other = this.#random.below(3) === 0 ? key : `k${this.#random.below(this.#shape.keys)}`;
      effects.send(primary, { life: this.#life, body: this.#change(++this.#ids, other) });
    }
  }

  #ask(asked: Asked, nowMs: number, effects: ClientEffects): void {
    this.#asked = asked;
    this.#giveUpAtMs = nowMs + PATIENCE_MS;
    this.#askAtMs = Number.POSITIVE_INFINITY;
    const isAnywhere = asked.kind === 'client/read' && asked.atReplica;
    const primary = isAnywhere ? undefined : this.#primaries.get(asked.key);
    effects.send(primary ?? this.#someNode(), { life: this.#life, body: asked });
    this.#askAtMs = nowMs + PATIENCE_MS;
  }

  #someNode(): NodeId {
    return this.#nodes[this.#random.below(this.#nodes.length)] as NodeId;
  }

  /** One, three or five nodes. */
  #someVoters(): NodeId[] {
    const from = [...this.#nodes];
    const count = Math.min(
      from.length - (1 - (from.length % 2)),
      [1, 3, 3, 5][this.#random.below(4)] as number,
    );
    return Array.from(
      { length: count },
      () => from.splice(this.#random.below(from.length), 1)[0] as NodeId,
    ).sort();
  }
}
