/**
 * Membership: who is in the cluster and who of them is alive, by SWIM with the additions of Lifeguard.
 *
 *   each period   ping the next of a shuffled list ──ack──> alive
 *                    └─ no ack in time ─> ask 3 others to ping it ──ack──> alive
 *                                            └─ none until the period ends ─> suspect, told to all
 *                                                  └─ not refuted in time ─> dead, told to all
 *   any message   carries news; besides, gossip to 3 members while there is news, and now and then an exchange of everything,
 *                 also with one of the dead, which refutes that if it is not
 *
 * - Load: a constant number of messages a node and period, whatever the number of nodes. A dead node is suspected within some
 *   periods, and all know it O(log n) periods later.
 * - Local health: who misses acks and gets no nacks is slow itself. It then waits longer and suspects less.
 * - Its time goes on by at most half a period a tick. So a node that was stopped does not, when it goes on, take all the
 *   others for dead that were silent meanwhile, since it was it that did not listen.
 * - Who does not belong to the cluster (`belong`) is forgotten some time after it died or left; what others say of the dead that are
 *   not known is not taken in. Otherwise all that ever were would be looked for and told of for good.
 * - It decides nothing: whoever is dead here is still primary until the register says otherwise.
 *
 * Cost: a tick without news is a few comparisons; a message carries up to NEWS_PER_MESSAGE claims.
 * Source: A. Das et al., SWIM (2002); A. Dadgar et al., Lifeguard (2017).
 */
import { assert, type RandomSource } from '../../base/index.js';
import type { NodeId, NodeLife, TopologyNode } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import { Gossip } from './gossip.js';
import { type Claim, compareLives, isNewer, type MemberState } from './member.js';
import type { SwimMessage } from './messages.js';
import { Prober } from './prober.js';
import { Suspicion } from './suspicion.js';

export interface MembershipOptions {
  readonly self: TopologyNode;
  readonly random: RandomSource;
  /** Default: `membershipDefaults`. */
  readonly shape?: MembershipShape;
}

export interface MembershipShape {
  /** One member is probed in each, in ms. */
  readonly periodMs: number;
  /** An ack that takes longer is asked for through others, in ms; about the 99th percentile of a round trip, doubled. */
  readonly probeTimeoutMs: number;
  /** Through so many others. */
  readonly helpers: number;
  /** The shortest suspicion lasts so many periods, times log10 of the members. */
  readonly suspicionFactor: number;
}

export const membershipDefaults: MembershipShape = Object.freeze({
  periodMs: 500,
  probeTimeoutMs: 250,
  helpers: 3,
  suspicionFactor: 4,
});

/** More nodes are not taken in: far more than a cluster has, few enough to hold. */
const MAX_MEMBERS = 4_096;
const GOSSIP_MS = 200;
const GOSSIP_TO = 3;
/** Two members compare all they know so often: what gossip missed comes right. */
const EXCHANGE_MS = 30_000;
/** Who is gone and does not belong to the cluster is forgotten after so long: news of it is not under way any more. */
const FORGET_MS = 120_000;
/** One that is missing is looked for so often. */
const SEEK_MS = 1_000;

export class Membership {
  readonly #shape: MembershipShape;
  readonly #random: RandomSource;
  readonly #members = new Map<NodeId, Claim>();
  readonly #suspicions = new Map<NodeId, Suspicion>();
  readonly #gossip = new Gossip();
  readonly #prober: Prober;
  #self: Claim;
  /** Where others may be found, as '@HOST:PORT'. */
  #seeds: readonly string[] = [];
  /** The nodes of the topology; undefined while that is not known. */
  #belonging: ReadonlySet<NodeId> | undefined;
  /** Since when members are dead or have left, by our time. */
  readonly #goneMs = new Map<NodeId, number>();
  /** Our time, which goes on by no more than half a period a tick. */
  #nowMs = 0;
  #lastTickMs: number | undefined;
  #gossipAtMs = 0;
  #exchangeAtMs: number;
  #seekAtMs = 0;

  constructor({ self, random, shape = membershipDefaults }: MembershipOptions) {
    this.#shape = shape;
    this.#random = random;
    this.#self = { ...self, state: 'alive', assertion: 0 };
    this.#exchangeAtMs = random.below(EXCHANGE_MS);
    this.#prober = new Prober(shape, random);
    this.#gossip.tell(this.#self);
  }

  /** Looks for whom it does not know to be alive at these addresses of theirs, HOST:PORT of the bus. */
  seek(addresses: readonly string[]): void {
    const own = `${this.#self.host}:${this.#self.busPort}`;
    this.#seeds = [...new Set(addresses)]
      .filter((address) => address !== own)
      .map((address) => `@${address}`);
  }

  /** These are the nodes of the cluster. */
  belong(nodes: readonly NodeId[]): void {
    this.#belonging = new Set(nodes);
  }

  /** Whether its newest life is dead or has left, or none was ever heard of. */
  isGone(node: NodeId): boolean {
    if (node === this.#self.node) return false;
    const state = this.#members.get(node)?.state;
    return state !== 'alive' && state !== 'suspect';
  }

  /** What is believed of this life: dead also if a later one is known; undefined if it was never heard of. */
  stateOf({ node, incarnation }: NodeLife): MemberState | undefined {
    const claim = node === this.#self.node ? this.#self : this.#members.get(node);
    if (claim === undefined) return undefined;
    const lives = compareLives(claim.incarnation, incarnation);
    return lives === 0 ? claim.state : lives > 0 ? 'dead' : undefined;
  }

  /** How a node is now, in its newest life; undefined if that is not believed to be alive. */
  aliveAs(node: NodeId): TopologyNode | undefined {
    const claim = node === this.#self.node ? this.#self : this.#members.get(node);
    return claim?.state === 'alive' ? recordOf(claim) : undefined;
  }

  /** What is believed of everyone, oneself first. */
  *claims(): Generator<Claim> {
    yield this.#self;
    yield* this.#members.values();
  }

  /** How much slower than usual this node takes itself to be: 0 for as it should be, up to 8. */
  get slowness(): number {
    return this.#prober.slowness;
  }

  tick({ monotonicMs }: Clocks, outbox: Outbox<SwimMessage>): void {
    const passedMs = monotonicMs - (this.#lastTickMs ?? monotonicMs);
    this.#lastTickMs = monotonicMs;
    this.#nowMs += Math.min(passedMs, this.#shape.periodMs / 2);
    const nowMs = this.#nowMs;
    this.#endSuspicions(outbox);
    const failed = this.#prober.tick(
      nowMs,
      () => this.#alive(),
      (to, message) => this.#send(to, message, outbox),
    );
    if (failed !== undefined) this.#suspect(failed, outbox);
    if (nowMs >= this.#seekAtMs) {
      this.#seekAtMs = nowMs + SEEK_MS;
      this.#seek(outbox);
    }
    if (nowMs >= this.#gossipAtMs && this.#gossip.size > 0) {
      this.#gossipAtMs = nowMs + GOSSIP_MS;
      for (const { node } of this.#some(GOSSIP_TO)) this.#send(node, { kind: 'swim/gossip' }, outbox);
    }
    if (nowMs >= this.#exchangeAtMs) {
      this.#exchangeAtMs = nowMs + EXCHANGE_MS / 2 + this.#random.below(EXCHANGE_MS);
      this.#forget();
      for (const { node } of this.#some(1)) this.#exchange(node, false, outbox);
    }
  }

  receive(sender: NodeLife, message: SwimMessage, outbox: Outbox<SwimMessage>): void {
    const from = sender.node;
    for (const claim of message.news) this.#hear(claim, outbox);
    const state = this.stateOf(sender);
    // Whom we missed, or took for dead, has more to tell than it knows.
    if ((state === undefined || state === 'dead') && message.kind !== 'swim/exchange')
      this.#exchange(from, false, outbox);
    const send = (to: NodeId, answer: BareMessage): void => this.#send(to, answer, outbox);
    switch (message.kind) {
      case 'swim/ping': {
        const { sequence } = message;
        // Who looks for an earlier life of ours hears of this one.
        if (message.life !== this.#self.incarnation) this.#gossip.tell(this.#self);
        send(from, { kind: 'swim/ack', sequence, life: this.#self.incarnation });
        break;
      }
      case 'swim/ack':
        this.#prober.acked(message.sequence, message.life, send);
        break;
      case 'swim/ask':
        this.#prober.asked(from, message, this.#nowMs, send);
        break;
      case 'swim/nack':
        this.#prober.nacked(message.sequence);
        break;
      case 'swim/exchange':
        if (!message.isAnswer) this.#exchange(from, true, outbox);
        break;
      case 'swim/gossip':
        break;
    }
  }

  /** This node ends of its own will: the others need not find out. Nothing is to be done with it afterwards. */
  leave(outbox: Outbox<SwimMessage>): void {
    this.#self = { ...this.#self, state: 'left' };
    this.#gossip.tell(this.#self);
    for (const { node } of this.#some(2 * GOSSIP_TO)) this.#send(node, { kind: 'swim/gossip' }, outbox);
  }

  /** Takes in a claim, and tells it on if it is news. */
  #hear(claim: Claim, outbox: Outbox<SwimMessage>): void {
    const { node } = claim;
    if (node === this.#self.node) {
      this.#hearOfSelf(claim, outbox);
      return;
    }
    const believed = this.#members.get(node);
    if (believed === undefined) {
      const isOfUse = isThere(claim) || this.#belongs(node);
      if (isOfUse && this.#members.size < MAX_MEMBERS) this.#believe(claim, outbox);
    } else if (isNewer(claim, believed)) {
      this.#believe(claim, outbox);
    } else if (isSameSuspicion(claim, believed) && this.#suspicions.get(node)?.confirm(claim.by)) {
      // Told on, so that others count this one too.
      this.#gossip.tell(claim);
    }
  }

  #hearOfSelf(claim: Claim, outbox: Outbox<SwimMessage>): void {
    const { incarnation, assertion, state } = this.#self;
    const lives = compareLives(claim.incarnation, incarnation);
    if (lives > 0) {
      outbox.note(
        `there is another node ${claim.node}, in life ${claim.incarnation}; this is ${incarnation}`,
      );
    } else if (lives === 0 && state === 'alive' && claim.state !== 'alive' && claim.assertion >= assertion) {
      this.#self = { ...this.#self, assertion: claim.assertion + 1 };
      this.#gossip.tell(this.#self);
      this.#prober.worse();
      outbox.note(
        `was taken for ${claim.state}${claim.by === undefined ? '' : ` by ${claim.by}`}; refuted it`,
      );
    } else if (lives < 0) {
      this.#gossip.tell(this.#self);
    }
  }

  #believe(claim: Claim, outbox: Outbox<SwimMessage>): void {
    const { node, state, by } = claim;
    const before = this.#members.get(node);
    this.#members.set(node, claim);
    this.#gossip.tell(claim);
    this.#suspicions.delete(node);
    if (isThere(claim)) this.#goneMs.delete(node);
    else if (!this.#goneMs.has(node)) this.#goneMs.set(node, this.#nowMs);
    if (state === 'suspect') {
      const { suspicionFactor, periodMs } = this.#shape;
      const suspicion = new Suspicion(
        this.#nowMs,
        by ?? '',
        this.#members.size + 1,
        suspicionFactor,
        periodMs,
      );
      this.#suspicions.set(node, suspicion);
    }
    if (before?.state !== state || before.incarnation !== claim.incarnation) {
      outbox.note(`${node} is ${state}${by === undefined || state !== 'suspect' ? '' : `, says ${by}`}`);
    }
  }

  #forget(): void {
    for (const [node, sinceMs] of this.#goneMs) {
      if (this.#belongs(node) || this.#nowMs - sinceMs < FORGET_MS) continue;
      this.#members.delete(node);
      this.#goneMs.delete(node);
    }
  }

  /** While the topology is not known everyone may. */
  #belongs(node: NodeId): boolean {
    return this.#belonging?.has(node) ?? true;
  }

  #suspect({ node, incarnation }: NodeLife, outbox: Outbox<SwimMessage>): void {
    const believed = this.#members.get(node);
    if (believed?.incarnation !== incarnation) return;
    const claim: Claim = { ...believed, state: 'suspect', by: this.#self.node };
    if (believed.state === 'alive') {
      this.#believe(claim, outbox);
      this.#send(node, { kind: 'swim/gossip' }, outbox);
    } else if (believed.state === 'suspect') {
      this.#hear(claim, outbox);
    }
  }

  #endSuspicions(outbox: Outbox<SwimMessage>): void {
    for (const [node, suspicion] of this.#suspicions) {
      if (suspicion.endMs > this.#nowMs) continue;
      const believed = this.#members.get(node);
      assert(believed?.state === 'suspect', 'who is under suspicion is a suspect');
      const { by: _, ...claim } = believed;
      this.#believe({ ...claim, state: 'dead' }, outbox);
    }
  }

  /**
   * Whoever is not known, or taken for dead, is looked for, one after the other: so islands find each other that formed while the
   * links between them were down, or that took each other for dead.
   */
  #seek(outbox: Outbox<SwimMessage>): void {
    const known = new Set(this.#alive().map(({ host, busPort }) => `@${host}:${busPort}`));
    const missing = this.#seeds.filter((seed) => !known.has(seed));
    for (const { node, state } of this.#members.values()) if (state === 'dead') missing.push(node);
    const first = this.#random.below(Math.max(1, missing.length));
    // Who is alone asks all.
    const count = known.size === 0 ? missing.length : Math.min(1, missing.length);
    for (let i = 0; i < count; i++) {
      this.#exchange(missing[(first + i) % missing.length] as NodeId, false, outbox);
    }
  }

  #exchange(to: NodeId, isAnswer: boolean, outbox: Outbox<SwimMessage>): void {
    outbox.send(to, { kind: 'swim/exchange', isAnswer, news: [...this.claims()] });
  }

  #send(to: NodeId, message: BareMessage, outbox: Outbox<SwimMessage>): void {
    const news = this.#gossip.take(this.#members.size + 1);
    const believed = this.#members.get(to);
    // So that whoever is suspected can refute it at once, and whoever suspects hears that it was refuted.
    if (believed !== undefined && believed.state !== 'alive' && !news.includes(believed)) news.push(believed);
    if (message.kind === 'swim/ack' && !news.includes(this.#self)) news.push(this.#self);
    outbox.send(to, { ...message, news } as SwimMessage);
  }

  /** Who may be alive. */
  #alive(): Claim[] {
    return [...this.#members.values()].filter(isThere);
  }

  /** So many of them, drawn at random. */
  #some(count: number): Claim[] {
    const from = this.#alive();
    const chosen: Claim[] = [];
    while (chosen.length < count && from.length > 0) {
      chosen.push(...from.splice(this.#random.below(from.length), 1));
    }
    return chosen;
  }
}

function isThere({ state }: Claim): boolean {
  return state === 'alive' || state === 'suspect';
}

function recordOf({ node, incarnation, host, port, busPort, zone, holdsData }: Claim): TopologyNode {
  return { node, incarnation, host, port, busPort, zone, holdsData };
}

/** A message before the news is put on its back. */
export type BareMessage = SwimMessage extends infer M ? (M extends unknown ? Omit<M, 'news'> : never) : never;

function isSameSuspicion(claim: Claim, believed: Claim): claim is Claim & { readonly by: NodeId } {
  return (
    claim.state === 'suspect' &&
    believed.state === 'suspect' &&
    claim.by !== undefined &&
    claim.incarnation === believed.incarnation &&
    claim.assertion === believed.assertion
  );
}
