/**
 * A raw connection: bytes out, frames in. It knows no protocol version, no pipelining rule and no reconnect, since the
 * tests which use it want to see exactly what a server sends, also when that is wrong.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decode, encodeRequest, FrameScanner, type Plain, plain, show } from './frames.js';

/** How long a reply may take before the test says that it is missing. Far above anything a working server needs. */
export const replyTimeoutMs = 10_000;

export class RawConnection {
  readonly socket: Socket;
  /** True once the server has closed (or reset) the connection. */
  closed = false;
  /** Bytes received in all. */
  receivedBytes = 0;

  readonly #scanner = new FrameScanner();
  readonly #frames: Buffer[] = [];
  #waiter: (() => void) | undefined;
  #broken: Error | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      try {
        this.#frames.push(...this.#scanner.feed(chunk));
      } catch (error) {
        this.#broken = error as Error;
      }
      this.#wake();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    // A reset is a close to these tests; 'close' follows.
    socket.on('error', () => {});
  }

  /** Rejects when there is no connection in time; without a time it is left to the system. */
  static async open(port: number, host = '127.0.0.1', timeoutMs?: number): Promise<RawConnection> {
    const socket = connect({ port, host, noDelay: true });
    const late = () => socket.destroy(new Error(`no connection to ${host}:${port} within ${timeoutMs} ms`));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    try {
      await once(socket, 'connect');
    } finally {
      clearTimeout(timer);
    }
    return new RawConnection(socket);
  }

  /** Sends bytes as they are (text is latin1: a char, a byte). */
  send(bytes: string | Buffer): void {
    if (!this.socket.writable) return;
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends one request. */
  request(...args: (string | Buffer)[]): void {
    this.send(encodeRequest(args));
  }

  /** The next frame as bytes; undefined when the server closed instead. Throws when nothing comes. */
  async frame(timeoutMs = replyTimeoutMs): Promise<Buffer | undefined> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) return frame;
      if (this.#broken) throw this.#broken;
      if (this.closed) return undefined;
      await this.#wait(until, 'a reply');
    }
  }

  /** Sends a request and returns the values of its reply; an error reply is the text `-ERR ...`. */
  async call(...args: (string | Buffer)[]): Promise<Plain> {
    this.request(...args);
    const frame = await this.frame();
    if (!frame) throw new Error(`the server closed the connection at ${show(args.join(' '))}`);
    const reply = decode(frame);
    return reply.type === '-' ? `-${reply.value}` : plain(reply);
  }

  /** Everything that arrives until the server closes, as bytes. */
  async untilClosed(timeoutMs = replyTimeoutMs): Promise<Buffer> {
    const until = performance.now() + timeoutMs;
    while (!this.closed) await this.#wait(until, 'the end of the connection');
    return Buffer.concat([...this.#frames.splice(0), this.#scanner.rest]);
  }

  /** Frames which have arrived and were not taken. */
  get unread(): number {
    return this.#frames.length;
  }

  /** Bytes which have arrived and form no whole frame. */
  get rest(): Buffer {
    return this.#scanner.rest;
  }

  close(): void {
    this.socket.destroy();
  }

  /** Closes it so that what was not sent yet never is. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async #wait(until: number, what: string): Promise<void> {
    const left = until - performance.now();
    if (left <= 0) throw new Error(`${what} did not come in time; so far: ${show(this.#scanner.rest)}`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#waiter = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#waiter = undefined;
  }

  #wake(): void {
    this.#waiter?.();
  }
}
