/**
 * A small world around a near cache: two nodes that track what is read, one connection to each, and a client.
 *
 *   client --requests--> node: executes in order, remembers the reader, answers; a write tells it, once
 *   client <--stream---- replies and pushes in the order of execution
 *   client: reads the stream, decodes a reply for a while, and lets it enter
 *
 * A value is the version its key had when the node executed the read. A cut loses both directions and what the node
 * remembered; the client learns of it later, and reads nothing from there meanwhile.
 *
 * `flaw` leaves out one of the client's rules, to show that the checks see it.
 */
import assert from 'node:assert/strict';
import { MIN_NEAR_BYTES, NearCache } from './near-cache.js';
import type { Ticket } from './near-tickets.js';

export type Flaw = 'none' | 'ticket drawn when decoded' | 'cut not told' | 'flush of a node ignored';

/** Node 0 has the even keys, node 1 the odd ones; to each there is one connection, of the same number. */
export const NODES = 2;
export const KEYS = 5;

export type Step =
  | { readonly op: 'read' | 'write'; readonly key: number; readonly isEarly: boolean }
  | { readonly op: 'execute' | 'deliver' | 'cut' | 'notice' | 'flush'; readonly node: number }
  | { readonly op: 'decode'; readonly at: number };

interface Read {
  readonly key: number;
  /** Drawn when the request was sent, or undefined when it is to be drawn at the reply. */
  readonly early: Ticket | undefined;
}

type Message =
  | { readonly kind: 'reply'; readonly read: Read; readonly version: number }
  | { readonly kind: 'push'; readonly key: number; readonly version: number }
  | { readonly kind: 'all' };

interface Node {
  requests: Read[];
  stream: Message[];
  readonly tracked: Set<number>;
  isCut: boolean;
}

interface Version {
  readonly version: number;
}

const YEARS_MS = 1e12;

export class NearWorld {
  readonly near = new NearCache<Version>(MIN_NEAR_BYTES);
  readonly #flaw: Flaw;
  readonly #versions = new Array<number>(KEYS).fill(1);
  /** Of each key, the version that the client has been told of. */
  readonly #told = new Array<number>(KEYS).fill(1);
  readonly #nodes: Node[] = Array.from({ length: NODES }, () => ({
    requests: [],
    stream: [],
    tracked: new Set<number>(),
    isCut: false,
  }));
  #decoding: { key: number; version: number; ticket: Ticket | undefined }[] = [];

  constructor(flaw: Flaw) {
    this.#flaw = flaw;
  }

  take(step: Step): void {
    switch (step.op) {
      case 'read':
        this.#read(step.key, step.isEarly);
        break;
      case 'write':
        this.#write(step.key);
        break;
      case 'execute':
        this.#execute(step.node);
        break;
      case 'deliver':
        this.#deliver(step.node);
        break;
      case 'decode':
        this.#decode(step.at);
        break;
      case 'cut':
        this.#cut(this.#nodes[step.node]);
        break;
      case 'notice':
        this.#notice(step.node);
        break;
      case 'flush':
        this.#flush(step.node);
        break;
    }
    this.near.verify();
  }

  /** Lets everything under way arrive; then what is near must be what the nodes have. */
  settle(): void {
    for (let node = 0; node < NODES; node++) {
      this.#notice(node);
      while (this.#nodes[node].requests.length > 0) this.#execute(node);
      while (this.#nodes[node].stream.length > 0) this.#deliver(node);
    }
    while (this.#decoding.length > 0) this.#decode(0);
    for (let key = 0; key < KEYS; key++) {
      const near = this.near.get(String(key), 0);
      if (near !== undefined) assert.equal(near.version, this.#versions[key], `key ${key} is stale for ever`);
    }
  }

  #read(key: number, isEarly: boolean): void {
    const near = this.near.get(String(key), 0);
    if (near !== undefined) {
      assert.ok(near.version >= this.#told[key], `key ${key}: a version that a push had ended`);
      return;
    }
    this.#nodes[key % NODES].requests.push({ key, early: isEarly ? this.near.drawTicket() : undefined });
  }

  #write(key: number): void {
    const version = ++this.#versions[key];
    const node = this.#nodes[key % NODES];
    if (node.tracked.delete(key)) node.stream.push({ kind: 'push', key, version });
  }

  #execute(at: number): void {
    const node = this.#nodes[at];
    const read = node.requests.shift();
    if (read === undefined || node.isCut) return;
    node.tracked.add(read.key);
    node.stream.push({ kind: 'reply', read, version: this.#versions[read.key] });
  }

  #deliver(at: number): void {
    const message = this.#nodes[at].stream.shift();
    if (message === undefined) return;
    if (message.kind === 'reply') {
      const { key, early } = message.read;
      const isLate = this.#flaw === 'ticket drawn when decoded';
      const ticket = isLate ? undefined : (early ?? this.near.drawTicket());
      this.#decoding.push({ key, version: message.version, ticket });
    } else if (message.kind === 'push') {
      this.near.invalidate(String(message.key));
      this.#told[message.key] = message.version;
    } else {
      this.near.invalidateAll();
    }
  }

  #decode(at: number): void {
    const [reply] = this.#decoding.splice(at, 1);
    if (reply === undefined) return;
    const { key, version } = reply;
    const entry = { handle: { version }, valueBytes: 100, node: key % NODES, freshUntilMs: YEARS_MS };
    this.near.enter(String(key), entry, reply.ticket ?? this.near.drawTicket(), 0);
  }

  #cut(node: Node): void {
    node.isCut = true;
    node.requests = [];
    node.stream = [];
    node.tracked.clear();
  }

  #notice(at: number): void {
    const node = this.#nodes[at];
    if (!node.isCut) return;
    node.isCut = false;
    node.requests = [];
    if (this.#flaw !== 'cut not told') this.near.flushNode(at);
  }

  /** All keys of the node change at once; it tells of that in one push. */
  #flush(at: number): void {
    const node = this.#nodes[at];
    for (let key = at; key < KEYS; key += NODES) this.#versions[key]++;
    node.tracked.clear();
    if (!node.isCut && this.#flaw !== 'flush of a node ignored') node.stream.push({ kind: 'all' });
  }
}
