/** Members in one world of virtual time, whose network loses, delays and cuts. */
import { Random } from '../../base/index.js';
import type { NodeId, NodeLife, TopologyNode } from '../../ring/index.js';
import type { MemberState } from './member.js';
import { Membership } from './membership.js';
import type { SwimMessage } from './messages.js';

const TICK_MS = 50;

interface Letter {
  readonly atMs: number;
  readonly from: NodeLife;
  readonly to: NodeId;
  readonly message: SwimMessage;
}

export class World {
  nowMs = 0;
  loss = 0;
  mostDelayMs = 20;
  /** Who hears nothing and says nothing. */
  readonly cut = new Set<NodeId>();
  /** Who does not run: what is sent to it waits. */
  readonly paused = new Set<NodeId>();
  /** Messages pass only within a side. */
  side: (node: NodeId) => number = () => 0;
  /** The share of messages that a node does not hear. */
  readonly deafness = new Map<NodeId, number>();
  readonly #links = new Set<string>();
  sent = 0;
  readonly notes: string[] = [];
  readonly members = new Map<NodeId, Membership>();
  readonly #lives = new Map<NodeId, string>();
  readonly #random: Random;
  #letters: Letter[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  start(node: NodeId, life = 1): Membership {
    const member = new Membership({ self: record(node, life), random: new Random(this.#random.uint32()) });
    this.members.set(node, member);
    this.#lives.set(node, incarnation(life));
    return member;
  }

  /** So many nodes n1, n2, ... of which all but the first seek the first. */
  startAll(count: number): void {
    for (let i = 1; i <= count; i++) {
      const member = this.start(`n${i}`);
      if (i > 1) member.seek(['n1:1']);
    }
  }

  stop(node: NodeId): void {
    this.members.delete(node);
  }

  run(ms: number, until: () => boolean = () => false): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs && !until(); this.nowMs += TICK_MS) this.#tick();
  }

  /** Nothing passes between these two. */
  cutLink(a: NodeId, b: NodeId): void {
    this.#links.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  /** How each of the others sees a node. */
  seen(node: NodeId, life = 1): (MemberState | undefined)[] {
    const others = [...this.members].filter(([id]) => id !== node);
    return others.map(([, member]) => member.stateOf({ node, incarnation: incarnation(life) }));
  }

  areAllAlive(): boolean {
    return [...this.members.keys()].every((node) => this.seen(node).every((state) => state === 'alive'));
  }

  outboxOf(from: NodeId) {
    return {
      send: (to: NodeId, message: SwimMessage) =>
        this.#post(from, to.startsWith('@') ? (to.slice(1).split(':')[0] as NodeId) : to, message),
      persist: () => {},
      sendAfterPersist: () => {},
      note: (what: string) => void this.notes.push(`${from}: ${what}`),
    };
  }

  #tick(): void {
    const due = this.#letters.filter(({ atMs, to }) => atMs <= this.nowMs && !this.paused.has(to));
    this.#letters = this.#letters.filter((letter) => !due.includes(letter));
    for (const { from, to, message } of due) this.members.get(to)?.receive(from, message, this.outboxOf(to));
    for (const [node, member] of this.members) {
      if (this.paused.has(node)) continue;
      member.tick({ monotonicMs: this.nowMs, holderMs: this.nowMs }, this.outboxOf(node));
    }
  }

  #post(from: NodeId, to: NodeId, message: SwimMessage): void {
    this.sent++;
    const isCut =
      this.cut.has(from) ||
      this.cut.has(to) ||
      this.side(from) !== this.side(to) ||
      this.#links.has(`${from} ${to}`);
    const lost = Math.max(this.loss, this.deafness.get(to) ?? 0);
    if (isCut || this.#random.below(1_000) < 1_000 * lost) return;
    // As it would come over the wire.
    const copy = JSON.parse(JSON.stringify(message)) as SwimMessage;
    this.#letters.push({
      atMs: this.nowMs + 1 + this.#random.below(this.mostDelayMs),
      from: { node: from, incarnation: this.#lives.get(from) ?? '' },
      to,
      message: copy,
    });
  }
}

export function incarnation(life: number): string {
  return `${life}-abc`;
}

export function record(node: NodeId, life = 1): TopologyNode {
  return {
    node,
    incarnation: incarnation(life),
    host: node,
    port: 1,
    busPort: 2,
    zone: '',
    holdsData: true,
  };
}
