/**
 * What the callers of one client do, each over its shard and its own connections, one operation after the other:
 *
 *   setter    SET of values that are never written twice
 *   deleter   SET and DEL
 *   reader    reads at the primary; of any copy when that does not answer
 *
 * A write is asked between two questions for the epoch, in one packet: if both have the same answer it was executed at that epoch.
 */

import type { Plain } from '../kit/frames.js';
import { nowNs, type Rows } from '../kit/rows.js';
import type { Seeded } from '../kit/seeded.js';
import { HOT, keysOfShard, nameOf, OWN } from './keys.js';
import { Links, NoAnswer, type NodeAddress, Unreachable } from './links.js';
import { DELETE, DONE, READ, REFUSED, rowOf, UNKNOWN, UNSURE, WRITE } from './operations.js';

export interface Load {
  readonly nodes: readonly NodeAddress[];
  /** Of each shard. */
  readonly tags: readonly string[];
  /** Its number among so many. */
  readonly client: number;
  readonly clients: number;
  readonly password: string;
  /** Redis knows no reads that say whether they are sure. */
  readonly isRedis: boolean;
}

/** Between two operations of a caller, and after one that was refused: how sharp gaps are seen. */
const PAUSE_MS = 10;
const WRITE_MS = 500;
/** It waits for all copies. */
const DELETE_MS = 2000;
/** Then the reader asks another copy. */
const READ_MS = 150;
/** Of an audit, which is of thousands of keys on a machine that may be busy; and of one of its answers. */
const AUDIT_MS = 30_000;
const AUDITED_MS = 5000;
const AUDITED_AT_ONCE = 100;
/** Values of one client. */
const VALUES = 1e9;

const EPOCH = ['CLUSTER', 'INFO'];

/** Texts of errors that were not expected, each once. */
const MAX_ERRORS = 8;

export class Callers {
  readonly errors = new Set<string>();
  readonly #load: Load;
  readonly #rows: Rows;
  readonly #random: Seeded;
  readonly #greeting: readonly (readonly string[])[];
  readonly #perShard: number;
  #lastValue: number;
  #isStopping = false;

  constructor(load: Load, rows: Rows, random: Seeded) {
    this.#load = load;
    this.#rows = rows;
    this.#random = random;
    this.#perShard = keysOfShard(load.clients);
    this.#lastValue = (load.client + 1) * VALUES;
    const { password, isRedis } = load;
    // A replica of Redis would not say that it is one.
    this.#greeting = [...(password === '' ? [] : [['AUTH', password]]), ...(isRedis ? [] : [['READONLY']])];
  }

  /** Resolves when all have ended what they had begun. */
  async run(): Promise<void> {
    const callers = this.#load.tags.flatMap((_, shard) => [
      this.#repeat((links, at) => this.#write(links, at, this.#own(shard), WRITE)),
      this.#repeat((links, at) => {
        const isDelete = this.#random.chance(0.4);
        const key = this.#random.chance(0.6) ? this.#hot(shard) : this.#own(shard, isDelete ? 0 : 1);
        return this.#write(links, at, key, isDelete ? DELETE : WRITE);
      }),
      this.#repeat((links, at) => this.#read(links, at, this.#hot(shard))),
    ]);
    await Promise.all(callers);
  }

  stop(): void {
    this.#isStopping = true;
  }

  /** Reads all these keys of one shard, each at its primary, and tells what it saw as of any read. Resolves with whether it could. */
  async audit(keys: readonly number[]): Promise<boolean> {
    const links = new Links(this.#load.nodes, this.#greeting);
    const untilMs = performance.now() + AUDIT_MS;
    let node = 0;
    let at = 0;
    while (at < keys.length && performance.now() < untilMs) {
      const some = keys.slice(at, at + AUDITED_AT_ONCE);
      const startNs = nowNs();
      try {
        await links.reach(node);
        const replies = await links.ask(
          node,
          some.map((key) => this.#readOf(key)),
          AUDITED_MS,
        );
        const seen = replies.map((reply) => this.#seen(reply));
        const moved = seen.find((one) => typeof one === 'string');
        if (moved === undefined) {
          const endNs = nowNs();
          for (const [i, key] of some.entries()) this.#tellRead(key, seen[i] as Seen, startNs, endNs, node);
          at += some.length;
        } else node = this.#elsewhere(links, node, moved);
      } catch (error) {
        if (!(error instanceof Unreachable || error instanceof NoAnswer)) throw error;
        node = links.after(node);
      }
    }
    links.close();
    return at === keys.length;
  }

  async #repeat(one: (links: Links, node: number) => Promise<number>): Promise<void> {
    const links = new Links(this.#load.nodes, this.#greeting);
    // As clients of clusters do: they know all nodes before they need them.
    await Promise.allSettled(this.#load.nodes.map((_, number) => links.reach(number)));
    let node = 0;
    while (!this.#isStopping) {
      try {
        node = await one(links, node);
      } catch (error) {
        if (!(error instanceof Unreachable || error instanceof NoAnswer)) throw error;
        node = links.after(node);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    links.close();
  }

  readonly #nextOwn = new Map<number, number>();

  /** The next of its own keys, or the one before. */
  #own(shard: number, step = 1): number {
    const next = (this.#nextOwn.get(shard) ?? 0) + step;
    this.#nextOwn.set(shard, next);
    return shard * this.#perShard + HOT + this.#load.client * OWN + (next % OWN);
  }

  #hot(shard: number): number {
    return shard * this.#perShard + this.#random.below(HOT);
  }

  #nameOf(key: number): string {
    return nameOf(key, this.#perShard, this.#load.tags);
  }

  /** Resolves with the node to ask next. */
  async #write(links: Links, node: number, key: number, kind: number): Promise<number> {
    await links.reach(node);
    const value = kind === WRITE ? ++this.#lastValue : 0;
    const name = this.#nameOf(key);
    const command = kind === WRITE ? ['SET', name, String(value)] : ['DEL', name];
    const startNs = nowNs();
    const tell = (outcome: number, epoch: number) =>
      this.#rows.add(...rowOf({ kind, key, value, startNs, endNs: nowNs(), outcome, node, epoch }));
    let replies: readonly Plain[];
    try {
      replies = await links.ask(node, [EPOCH, command, EPOCH], kind === WRITE ? WRITE_MS : DELETE_MS);
    } catch (error) {
      tell(UNKNOWN, 0);
      throw error;
    }
    const [before, reply, after] = replies;
    const text = String(reply);
    if (!text.startsWith('-')) {
      const epoch = epochOf(before);
      tell(DONE, epoch === epochOf(after) ? epoch : 0);
      return node;
    }
    tell(isRefusal(text) ? REFUSED : UNKNOWN, 0);
    return this.#elsewhere(links, node, text);
  }

  /** At the primary first, then of any copy, until one answers. */
  async #read(links: Links, node: number, key: number): Promise<number> {
    const startNs = nowNs();
    if (links.isAvoided(node)) node = links.after(node);
    while (!this.#isStopping) {
      try {
        await links.reach(node);
        const [reply] = await links.ask(node, [this.#readOf(key)], READ_MS);
        const seen = this.#seen(reply);
        if (typeof seen !== 'string') {
          this.#tellRead(key, seen, startNs, nowNs(), node);
          // Any other one knows where the primary is.
          return seen.isSure ? node : links.after(node);
        }
        node = this.#elsewhere(links, node, seen);
      } catch (error) {
        if (!(error instanceof Unreachable || error instanceof NoAnswer)) throw error;
        node = links.after(node);
      }
    }
    return node;
  }

  #readOf(key: number): readonly string[] {
    const name = this.#nameOf(key);
    return this.#load.isRedis ? ['GET', name] : ['LEASE.GET', name, 'NOLEASE'];
  }

  /** What was read; the error text if nothing was. */
  #seen(reply: Plain): Seen | string {
    if (typeof reply === 'string' && reply.startsWith('-')) return reply;
    if (this.#load.isRedis) return { value: Number(reply ?? 0), isSure: true };
    const parts = reply as readonly Plain[];
    if (parts[0] === 'hit') return { value: Number(parts[1]), isSure: parts.length === 4 };
    return { value: 0, isSure: parts.length === 1 };
  }

  #tellRead(key: number, { value, isSure }: Seen, startNs: number, endNs: number, node: number): void {
    const outcome = isSure ? DONE : UNSURE;
    this.#rows.add(...rowOf({ kind: READ, key, value, startNs, endNs, outcome, node, epoch: 0 }));
  }

  /** Where to go with this error: where it says, unless that node does not answer at present. */
  #elsewhere(links: Links, node: number, text: string): number {
    if (!isRefusal(text) && !text.startsWith('-UNCERTAIN ') && this.errors.size < MAX_ERRORS)
      this.errors.add(text);
    const named = /^-MOVED \d+ (\S+)/.exec(text)?.[1];
    const next = named === undefined ? -1 : links.named(named);
    return next < 0 || links.isAvoided(next) ? links.after(node) : next;
  }
}

interface Seen {
  readonly value: number;
  readonly isSure: boolean;
}

function epochOf(reply: Plain): number {
  return Number(/cluster_my_epoch:(\d+)/.exec(String(reply))?.[1] ?? 0);
}

function isRefusal(text: string): boolean {
  return /^-(MOVED|CLUSTERDOWN|READONLY|MASTERDOWN|LOADING|CUTOFF) /.test(text);
}
