/**
 * A real node, and clients that see every byte of it.
 *
 *   client.send('GET', 'k')         one request, as RESP
 *   await client.expect('+OK\r\n')  exactly these bytes come next
 *   await client.ask(...)           one request and its reply, decoded
 *   await client.quiet()            nothing else has come: a PING is answered and nothing stands before it
 *   await client.closed()           the node closes; returns what was left to read
 *
 * Nothing sleeps: a wait ends when the bytes are there, or fails when none have come for PATIENCE_MS.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';
import { Block } from '../base/index.js';
import { bulkText, READY, type Reply, ReplyReader } from '../resp/index.js';
import type { CacheNode } from './cache-node.js';
import { type RunningNode, startCacheNode } from './node.js';
import type { Log, NodeOptions } from './options.js';

const PATIENCE_MS = 10_000;
const SMALL_MEMORY_BYTES = 16 * 2 ** 20;

export interface TestNode {
  readonly running: RunningNode;
  readonly inside: CacheNode;
  /** Messages the node has logged. */
  readonly logged: readonly string[];
  connect(): Promise<TestClient>;
}

/** Runs a test's body with a new node, and stops it whatever happens. */
export async function withNode(
  options: NodeOptions,
  body: (node: TestNode) => Promise<void>,
  prepare?: (inside: CacheNode) => void,
): Promise<void> {
  const logged: string[] = [];
  const note = (message: string): void => {
    logged.push(message);
  };
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const all: NodeOptions = { port: 0, maxMemoryBytes: SMALL_MEMORY_BYTES, log, ...options };
  const { running, inside } = await startCacheNode(all, prepare);
  const clients: TestClient[] = [];
  const node: TestNode = {
    running,
    inside,
    logged,
    async connect() {
      const client = await TestClient.connect(running.port);
      clients.push(client);
      return client;
    },
  };
  try {
    await body(node);
    inside.store.verify();
    inside.tracking.table.verify();
    assert.equal(inside.outbox.idle.length + inside.outbox.swallow.length, 0, 'no reply has gone astray');
  } finally {
    for (const client of clients) client.close();
    await running.stop();
  }
}

export class TestClient {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #length = 0;
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<TestClient> {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    await once(socket, 'connect');
    return new TestClient(socket);
  }

  /** Over TLS; also when the node then closes. Rejects when the handshake fails. */
  static async connectSecure(port: number, options: ConnectionOptions): Promise<TestClient> {
    const socket = connectSecure({ port, host: '127.0.0.1', ...options });
    await once(socket, 'secureConnect');
    return new TestClient(socket);
  }

  /** Bytes as a byte string. */
  write(bytes: string): void {
    this.socket.write(Buffer.from(bytes, 'latin1'));
  }

  send(...words: readonly string[]): void {
    this.write(encode(words));
  }

  /** The next bytes are these, all parts in a row. */
  async expect(...parts: readonly string[]): Promise<void> {
    const expected = parts.join('');
    await this.#until(
      () => this.#length >= expected.length || this.#ended || !expected.startsWith(this.#text()),
    );
    const text = this.#text();
    assert.equal(text.slice(0, Math.max(expected.length, 1)), expected);
    this.#keep(text.slice(expected.length));
  }

  /** Sends one request, and these bytes come next. */
  async exchange(words: string, ...parts: readonly string[]): Promise<void> {
    this.send(...words.split(' '));
    await this.expect(...parts);
  }

  /** Nothing has come that nobody expected. */
  async quiet(): Promise<void> {
    await this.exchange('ECHO quiet', '$5\r\nquiet\r\n');
    assert.equal(this.#text(), '');
  }

  /** Sends one request and returns its reply; bulks as byte strings. */
  async ask(...words: readonly string[]): Promise<Reply<string>> {
    this.send(...words);
    return this.reply();
  }

  /** The next reply. */
  async reply(): Promise<Reply<string>> {
    const reader = ReplyReader.of(bulkText);
    let fed = 0;
    for (;;) {
      const bytes = Buffer.from(this.#text(), 'latin1');
      // One byte at a time, so that the reader stops exactly at the end of this reply.
      for (; fed < bytes.length; fed++) {
        reader.feed(new Block(bytes), fed, fed + 1);
        if (reader.next() !== READY) continue;
        this.#keep(bytes.subarray(fed + 1).toString('latin1'));
        return reader.reply;
      }
      if (this.#ended) assert.fail(`the node closed within a reply: ${JSON.stringify(this.#text())}`);
      const before = this.#length;
      await this.#until(() => this.#length > before || this.#ended);
    }
  }

  /** Takes and drops this many bytes, which nobody wants to look at. */
  async drop(bytes: number): Promise<void> {
    await this.#until(() => this.#length >= bytes || this.#ended);
    assert.ok(this.#length >= bytes, `the node closed after ${this.#length} of ${bytes} bytes`);
    this.#keep(Buffer.concat(this.#received).toString('latin1', bytes));
  }

  /** The node closes the connection; returns the bytes that came before. */
  async closed(): Promise<string> {
    await this.#until(() => this.#ended);
    return this.#text();
  }

  /** Reads nothing more until `read`. */
  stopReading(): void {
    this.socket.pause();
  }

  read(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.destroy();
  }

  #text(): string {
    const text = Buffer.concat(this.#received).toString('latin1');
    this.#keep(text);
    return text;
  }

  #keep(text: string): void {
    this.#received = text === '' ? [] : [Buffer.from(text, 'latin1')];
    this.#length = text.length;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const hasNews = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), PATIENCE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
      if (!hasNews) assert.fail(`nothing more came; so far: ${JSON.stringify(this.#text().slice(0, 500))}`);
    }
  }
}

/** A request as clients send it. */
export function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** The reply to HELLO is long and of no interest: switches to RESP3 and drops it. */
export async function resp3(client: TestClient): Promise<void> {
  await client.ask('HELLO', '3');
}

/** Waits until something is so that no reply tells of: it looks again at every turn of the event loop. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `it never came to pass that ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
