/**
 * The connections of one caller to the nodes, one to each, made when needed; and which nodes it does without for a while, since they did
 * not answer.
 */
import { RawConnection } from '../kit/connection.js';
import { decode, type Plain, plain } from '../kit/frames.js';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

const CONNECT_MS = 300;
/** A node that did not answer is tried again after so long. */
const AVOID_MS = 1000;

/** Nothing was sent: the node cannot be reached. */
export class Unreachable extends Error {}

/** What was sent had no answer. */
export class NoAnswer extends Error {}

export class Links {
  readonly #nodes: readonly NodeAddress[];
  readonly #greeting: readonly (readonly string[])[];
  readonly #links: (RawConnection | undefined)[];
  readonly #avoidedUntilMs: number[];

  /** `greeting`: commands for each new connection. */
  constructor(nodes: readonly NodeAddress[], greeting: readonly (readonly string[])[]) {
    this.#nodes = nodes;
    this.#greeting = greeting;
    this.#links = nodes.map(() => undefined);
    this.#avoidedUntilMs = nodes.map(() => 0);
  }

  isAvoided(node: number): boolean {
    return this.#avoidedUntilMs[node] > performance.now();
  }

  /** The node behind this one that is not avoided; just the next one if all are. */
  after(node: number): number {
    const count = this.#nodes.length;
    for (let i = 1; i <= count; i++) {
      const next = (node + i) % count;
      if (!this.isAvoided(next)) return next;
    }
    return (node + 1) % count;
  }

  /** The number of the node that a MOVED names. */
  named(address: string): number {
    return this.#nodes.findIndex(({ host, port }) => address === `${host}:${port}`);
  }

  /** Connects, so that what is asked next is sent at once. Throws Unreachable. */
  async reach(node: number): Promise<void> {
    const old = this.#links[node];
    if (old !== undefined && !old.closed) return;
    this.#links[node] = undefined;
    const { host, port } = this.#nodes[node];
    let link: RawConnection | undefined;
    try {
      link = await RawConnection.open(port, host, CONNECT_MS);
      for (const words of this.#greeting) link.request(...words);
      for (const _ of this.#greeting) {
        if ((await link.frame(CONNECT_MS)) === undefined) throw new Error('closed');
      }
      this.#links[node] = link;
    } catch (error) {
      link?.reset();
      this.#avoid(node);
      throw new Unreachable((error as Error).message);
    }
  }

  /** Sends these together and gives their replies; an error reply is the text `-ERR ...`. Throws NoAnswer. */
  async ask(
    node: number,
    commands: readonly (readonly string[])[],
    timeoutMs: number,
  ): Promise<readonly Plain[]> {
    const link = this.#links[node];
    if (link === undefined) throw new Unreachable('not connected');
    const untilMs = performance.now() + timeoutMs;
    try {
      for (const words of commands) link.request(...words);
      const replies: Plain[] = [];
      for (const _ of commands) {
        const frame = await link.frame(Math.max(1, untilMs - performance.now()));
        if (frame === undefined) throw new Error('closed');
        const reply = decode(frame);
        replies.push(reply.type === '-' ? `-${reply.value}` : plain(reply));
      }
      return replies;
    } catch (error) {
      link.reset();
      this.#links[node] = undefined;
      this.#avoid(node);
      throw new NoAnswer((error as Error).message);
    }
  }

  close(): void {
    for (const link of this.#links) link?.close();
  }

  #avoid(node: number): void {
    this.#avoidedUntilMs[node] = performance.now() + AVOID_MS;
  }
}
