/**
 * A server that does exactly what a test tells it, and time that moves when a test says so.
 *
 *   const server = await FakeServer.start();
 *   const peer = await server.peer();        the next connection
 *   await peer.greet();                      answers the handshake
 *   await peer.request()                     the next command, as words
 *   peer.write('$1\r\nv\r\n')                any bytes
 *
 * Nothing sleeps: a wait ends when what it waits for is there, or fails after PATIENCE_MS.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Block } from '../../base/index.js';
import { bulkText, READY, type Reply, ReplyReader } from '../../resp/index.js';
import type { Timer, TimeSource } from '../time.js';

const PATIENCE_MS = 10_000;

export const GREETING =
  '%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:17\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n';

/** Things that arrive one by one and are taken one by one. */
class Inbox<T> {
  readonly #items: T[] = [];
  #wake: () => void = () => {};

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  get size(): number {
    return this.#items.length;
  }

  async take(what: string): Promise<T> {
    if (this.#items.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const item = this.#items.shift();
    assert.ok(item !== undefined, `no ${what} has come`);
    return item;
  }
}

export class FakePeer {
  readonly socket: Socket;
  readonly #requests = new Inbox<string[]>();
  readonly #ends = new Inbox<true>();
  /** Commands per chunk that the socket has read. */
  readonly chunks: number[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = ReplyReader.of(bulkText);
    socket.on('data', (chunk: Buffer) => {
      reader.feed(new Block(chunk), 0, chunk.length);
      let commands = 0;
      while (reader.next() === READY) {
        commands++;
        this.#requests.put((reader.reply as Reply<string>[]).map(String));
      }
      this.chunks.push(commands);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#ends.put(true));
  }

  /** The next command; its words as byte strings. */
  async request(): Promise<string[]> {
    return this.#requests.take('command');
  }

  /** Commands that have come and were not looked at. */
  get unread(): number {
    return this.#requests.size;
  }

  /** Bytes as a byte string. */
  write(bytes: string): void {
    this.socket.write(Buffer.from(bytes, 'latin1'));
  }

  /** Takes the handshake and answers it; returns its commands. `more` of them come behind the usual ones. */
  async greet(more = 0): Promise<string[][]> {
    const commands: string[][] = [];
    for (let i = 0; i < 3 + more; i++) commands.push(await this.request());
    this.write(GREETING + '+OK\r\n'.repeat(2 + more));
    return commands;
  }

  /** The client has closed. */
  async closed(): Promise<void> {
    await this.#ends.take('end of the connection');
  }

  close(): void {
    this.socket.destroy();
  }
}

export class FakeServer {
  readonly port: number;
  readonly #server: Server;
  readonly #peers = new Inbox<FakePeer>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    server.on('tlsClientError', () => {});
  }

  /** With `tls` it speaks TLS. */
  static async start(tls?: TlsOptions): Promise<FakeServer> {
    const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const fake = new FakeServer(server, address.port);
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      fake.#peers.put(new FakePeer(socket));
    });
    return fake;
  }

  /** The next connection. */
  async peer(): Promise<FakePeer> {
    return this.#peers.take('connection');
  }

  /** All connections end as if this host had crashed. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

interface ManualTimer extends Timer {
  readonly run: () => void;
  readonly dueMs: number;
  readonly keepsAlive: boolean;
}

/** A clock that stands until it is moved, and its timers. */
export class ManualTime implements TimeSource {
  #nowMs = 1_000;
  readonly #timers = new Set<ManualTimer>();

  now(): number {
    return this.#nowMs;
  }

  later(run: () => void, ms: number, keepsAlive: boolean): Timer {
    const timer: ManualTimer = {
      run,
      dueMs: this.#nowMs + ms,
      keepsAlive,
      cancel: () => {
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Timers that would keep the process from ending. */
  get alive(): number {
    return [...this.#timers].filter((timer) => timer.keepsAlive).length;
  }

  /** Time passes while the event loop is held up: no timer runs. */
  holdUp(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets time pass; timers run when theirs has come. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined || next.dueMs > untilMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }
}

/** Waits until something is so that no reply tells of: it looks again at every turn of the event loop. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < untilMs, `it never came to pass that ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
