/**
 * The good client, a process of its own so that its clock is not the bad clients' clock: it sets and reads its own keys at a
 * steady pace, whether replies come or not (open loop), checks every value, and tells its parent the delay of each reply. It does
 * the same to two nodes: the one that is attacked, and one that is not, whose delay is what the machine alone does.
 *
 * Started by `run.ts` with both ports as arguments. Each message of the parent asks for what happened since the last one.
 */
import { connect, type Socket } from 'node:net';
import { encodeRequest, FrameScanner, show } from '../kit/frames.js';

export interface GoodReport {
  /** Milliseconds from sending to the reply, for each request since the last report. */
  readonly delaysMs: readonly number[];
  /** Replies that were neither the value set nor nil. */
  readonly wrong: readonly string[];
  /** Requests that are still unanswered. */
  readonly waiting: number;
}

/** One report for each port. */
export type GoodReports = readonly GoodReport[];

const intervalMs = 2;
const keyCount = 500;

class GoodClient {
  readonly #socket: Socket;
  readonly #scanner = new FrameScanner();
  readonly #sent: { readonly atMs: number; readonly expected: readonly string[] }[] = [];
  readonly #values = new Map<string, string>();
  #delaysMs: number[] = [];
  #wrong: string[] = [];
  #count = 0;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#wrong.push(error.message));
    this.#socket.on('close', () => this.#wrong.push('the connection was closed'));
  }

  act(): void {
    if (!this.#socket.writable) return;
    const key = `good:${this.#count % keyCount}`;
    if (this.#count++ % 3 === 0) {
      const value = `value ${this.#count}`.padEnd(64, '.');
      this.#values.set(key, value);
      this.#send(['SET', key, value], ['+OK\r\n']);
      return;
    }
    const value = this.#values.get(key);
    // A bad client may have flushed the database or swapped it.
    this.#send(
      ['GET', key],
      ['$-1\r\n', ...(value === undefined ? [] : [`$${value.length}\r\n${value}\r\n`])],
    );
  }

  report(): GoodReport {
    const report = { delaysMs: this.#delaysMs, wrong: this.#wrong, waiting: this.#sent.length };
    this.#delaysMs = [];
    this.#wrong = [];
    return report;
  }

  #send(request: readonly string[], expected: readonly string[]): void {
    this.#sent.push({ atMs: performance.now(), expected });
    this.#socket.write(encodeRequest(request));
  }

  #receive(chunk: Buffer): void {
    const now = performance.now();
    for (const frame of this.#scanner.feed(chunk)) {
      const text = frame.toString('latin1');
      const request = this.#sent.shift();
      if (request) this.#delaysMs.push(now - request.atMs);
      if (request?.expected.includes(text)) continue;
      this.#wrong.push(
        `${show(text)} instead of ${request?.expected.map((each) => show(each)).join(' or ')}`,
      );
    }
  }
}

const clients = process.argv.slice(2).map((port) => new GoodClient(Number(port)));

setInterval(() => {
  for (const client of clients) client.act();
}, intervalMs);

process.on('message', () => {
  const reports: GoodReports = clients.map((client) => client.report());
  process.send?.(reports);
});
process.on('disconnect', () => process.exit());
