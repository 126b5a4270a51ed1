/** A connection to one node on which questions are asked one after the other, each with a time to be answered in. */
import { type Reply, ReplyError } from '../../resp/index.js';
import { CallConnection, ConnectionError } from '../call-connection.js';
import type { AskedNode } from '../flag-reader.js';
import { greet, hintFor } from '../greeting.js';
import { addressText } from '../node-address.js';

/** A node that takes longer to connect, or to say how it is, counts as away. */
const PATIENCE_MS = 2000;

/** The node answered with an error. */
export class RefusedError extends Error {
  constructor(address: string, words: readonly string[], { text }: ReplyError, hint: string) {
    super(`${address} refused ${words.slice(0, 2).join(' ')}: ${text}${hint === '' ? '' : `\n${hint}`}`);
    this.name = 'RefusedError';
  }
}

export class NodeClient {
  readonly address: string;
  /** Commands that it was asked. */
  asked = 0;
  readonly #connection: CallConnection;

  private constructor(address: string, connection: CallConnection) {
    this.address = address;
    this.#connection = connection;
  }

  /** Rejects with a ConnectionError, or with a GreetingError. */
  static async connect(node: AskedNode): Promise<NodeClient> {
    const { host, port, password } = node;
    const connection = await CallConnection.connect(node, PATIENCE_MS);
    const client = new NodeClient(addressText(host, port), connection);
    if (password !== '') client.asked++;
    try {
      await client.#inTime(greet(connection, { password, db: 0, resp: 2 }), PATIENCE_MS);
      return client;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The reply. Rejects with a RefusedError for an error, with a ConnectionError when none comes. */
  async ask(words: readonly string[], patienceMs = PATIENCE_MS): Promise<Reply> {
    this.asked++;
    this.#connection.send(words.map((word) => Buffer.from(word)));
    const reply = await this.#inTime(this.#connection.next(), patienceMs);
    if (reply instanceof ReplyError)
      throw new RefusedError(this.address, words, reply, hintFor(reply).trimEnd());
    return reply;
  }

  /** The same for a reply that is a text. */
  async askText(words: readonly string[], patienceMs = PATIENCE_MS): Promise<string | undefined> {
    const reply = await this.ask(words, patienceMs);
    if (reply instanceof Uint8Array) return Buffer.from(reply).toString('utf8');
    return typeof reply === 'string' ? reply : undefined;
  }

  close(): void {
    this.#connection.close();
  }

  async #inTime<T>(answer: Promise<T>, patienceMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#connection.close();
        const brief = `no answer within ${patienceMs / 1000} s`;
        reject(new ConnectionError(`${this.address} gave ${brief}.`, brief));
      }, patienceMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
