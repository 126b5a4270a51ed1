/**
 * Probes one member a period, and says who did not answer.
 *
 *   idle ──the period begins: ping──> waiting ──ack──> idle
 *                                        │ timeout: ask helpers
 *                                        v
 *                                     helped ──ack through one of them──> idle
 *                                        │ the period ends
 *                                        v
 *                                     failed: told to the caller
 *
 * A helper answers with the ack of its own ping, or, when it got none, with a nack a little before the period ends. Who gets
 * neither has to doubt itself: each missing nack makes it slower, each ack faster. Slowness s makes periods and
 * timeouts s + 1 times as long.
 *
 * The list is gone through in a random order and shuffled anew each round, so that a member is probed once within two
 * rounds at the latest.
 */
import type { RandomSource } from '../../base/index.js';
import type { Incarnation, NodeId, NodeLife } from '../../ring/index.js';
import type { Claim } from './member.js';
import type { BareMessage, MembershipShape } from './membership.js';

const MAX_SLOWNESS = 8;
/** Of the time of a probe, after which a helper gives up. */
const NACK_SHARE = 0.8;
/** Requests of others under way at once; more are not answered. */
const MAX_ERRANDS = 64;

interface Probe extends NodeLife {
  readonly sequence: number;
  readonly timeoutAtMs: number;
  readonly endAtMs: number;
  /** Asked, and their nacks that did not come. */
  helpers: number;
  nacksMissing: number;
}

/** A ping on behalf of somebody else. */
interface Errand {
  readonly asker: NodeId;
  readonly sequence: number;
  readonly endAtMs: number;
}

/** Who may be alive: looked up only when it is needed. */
type Alive = () => readonly Claim[];
type Send = (to: NodeId, message: BareMessage) => void;

export class Prober {
  readonly #shape: MembershipShape;
  readonly #random: RandomSource;
  #slowness = 0;
  #sequence = 0;
  #probe: Probe | undefined;
  #nextAtMs = 0;
  #round: NodeId[] = [];
  readonly #errands = new Map<number, Errand>();

  constructor(shape: MembershipShape, random: RandomSource) {
    this.#shape = shape;
    this.#random = random;
  }

  get slowness(): number {
    return this.#slowness;
  }

  /** This node has reason to doubt itself. */
  worse(by = 1): void {
    this.#slowness = Math.min(MAX_SLOWNESS, this.#slowness + by);
  }

  /** Goes on; `alive` may be probed. Returns whom nobody could reach. */
  tick(nowMs: number, alive: Alive, send: Send): NodeLife | undefined {
    for (const [own, errand] of this.#errands) {
      if (nowMs < errand.endAtMs) continue;
      this.#errands.delete(own);
      send(errand.asker, { kind: 'swim/nack', sequence: errand.sequence });
    }
    const probe = this.#probe;
    if (probe !== undefined) {
      if (nowMs >= probe.endAtMs) {
        this.#probe = undefined;
        this.worse(probe.helpers === 0 ? 1 : probe.nacksMissing);
        this.#begin(nowMs, alive, send);
        return probe;
      }
      if (nowMs >= probe.timeoutAtMs && probe.helpers === 0) this.#askHelpers(probe, alive, send);
    } else if (nowMs >= this.#nextAtMs) {
      this.#begin(nowMs, alive, send);
    }
    return undefined;
  }

  /** An ack came: to our own probe, or to what somebody asked of us. */
  acked(sequence: number, life: Incarnation, send: Send): void {
    const errand = this.#errands.get(sequence);
    if (errand !== undefined) {
      this.#errands.delete(sequence);
      send(errand.asker, { kind: 'swim/ack', sequence: errand.sequence, life });
    } else if (this.#probe?.sequence === sequence && this.#probe.incarnation === life) {
      this.#probe = undefined;
      this.#slowness = Math.max(0, this.#slowness - 1);
    }
  }

  nacked(sequence: number): void {
    const probe = this.#probe;
    if (probe?.sequence === sequence && probe.nacksMissing > 0) probe.nacksMissing--;
  }

  /** Somebody asks us to ping another. */
  asked(
    asker: NodeId,
    { sequence, target, life }: { sequence: number; target: NodeId; life: Incarnation },
    nowMs: number,
    send: Send,
  ): void {
    if (this.#errands.size >= MAX_ERRANDS) return;
    const own = ++this.#sequence;
    const { periodMs, probeTimeoutMs } = this.#shape;
    this.#errands.set(own, { asker, sequence, endAtMs: nowMs + NACK_SHARE * (periodMs - probeTimeoutMs) });
    send(target, { kind: 'swim/ping', sequence: own, life });
  }

  #begin(nowMs: number, alive: Alive, send: Send): void {
    const periodMs = this.#shape.periodMs * (this.#slowness + 1);
    this.#nextAtMs = nowMs + periodMs;
    const target = this.#next(alive);
    if (target === undefined) return;
    const { node, incarnation } = target;
    const sequence = ++this.#sequence;
    this.#probe = {
      node,
      incarnation,
      sequence,
      timeoutAtMs: nowMs + this.#shape.probeTimeoutMs * (this.#slowness + 1),
      endAtMs: nowMs + periodMs,
      helpers: 0,
      nacksMissing: 0,
    };
    send(node, { kind: 'swim/ping', sequence, life: incarnation });
  }

  #askHelpers(probe: Probe, alive: Alive, send: Send): void {
    const others = shuffled(
      alive().filter(({ node, state }) => node !== probe.node && state === 'alive'),
      this.#random,
    );
    const helpers = others.slice(0, this.#shape.helpers);
    const { sequence, node: target, incarnation: life } = probe;
    for (const { node } of helpers) send(node, { kind: 'swim/ask', sequence, target, life });
    // With nobody to ask it is asked once all the same.
    probe.helpers = Math.max(1, helpers.length);
    probe.nacksMissing = helpers.length;
  }

  #next(alive: Alive): Claim | undefined {
    const members = alive();
    for (let rounds = 0; rounds < 2; rounds++) {
      for (let id = this.#round.pop(); id !== undefined; id = this.#round.pop()) {
        const claim = members.find(({ node }) => node === id);
        if (claim !== undefined) return claim;
      }
      this.#round = shuffled(
        members.map(({ node }) => node),
        this.#random,
      );
    }
    return undefined;
  }
}

function shuffled<T>(items: readonly T[], random: RandomSource): T[] {
  const all = [...items];
  for (let at = all.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    const item = all[at] as T;
    all[at] = all[other] as T;
    all[other] = item;
  }
  return all;
}
