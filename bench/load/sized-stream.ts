/**
 * A closed loop of GETs and SETs whose values are log-uniform in size: as many of 1-10 bytes as of 100 KB-1 MB.
 *
 * The mean is 72 KB, so nearly all the bytes are in large values and nearly all the allocator's trouble is in their
 * mixture. Keys are drawn uniformly from far more than fit. One request at a time on each connection.
 */
import { connect, type Socket } from 'node:net';
import { answerAsChild, askChild } from '../processes.js';
import { SeededRandom } from '../random.js';
import { ReplyScanner } from './reply-scanner.js';
import { getRequest, keyText, setRequestAround } from './requests.js';

export interface SizedStreamJob {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly keys: number;
  readonly setShare: number;
  readonly mostBytes: number;
  readonly seed: number;
}

export interface SizedStreamResult {
  readonly sets: number;
  readonly gets: number;
  readonly misses: number;
  readonly bytesWritten: number;
  readonly errors: number;
  readonly firstError: string;
}

export function runSizedStream(core: number, job: SizedStreamJob): Promise<SizedStreamResult> {
  return askChild(core, new URL(import.meta.url), job);
}

class SizedStream {
  readonly #job: SizedStreamJob;
  readonly #random: SeededRandom;
  readonly #payload: Buffer;
  readonly #readBuffer = Buffer.allocUnsafe(1024 * 1024);
  readonly #scanners: ReplyScanner[] = [];
  #endMs = 0;
  #sets = 0;
  #gets = 0;
  #bytesWritten = 0;

  constructor(job: SizedStreamJob) {
    this.#job = job;
    this.#random = new SeededRandom(job.seed);
    this.#payload = Buffer.alloc(job.mostBytes, 'payload ');
  }

  async run(): Promise<SizedStreamResult> {
    this.#endMs = performance.now() + this.#job.seconds * 1000;
    await Promise.all(Array.from({ length: this.#job.connections }, () => this.#runConnection()));
    return {
      sets: this.#sets,
      gets: this.#gets,
      misses: this.#scanners.reduce((sum, scanner) => sum + scanner.misses, 0),
      bytesWritten: this.#bytesWritten,
      errors: this.#scanners.reduce((sum, scanner) => sum + scanner.errors, 0),
      firstError: this.#scanners.find((scanner) => scanner.errors > 0)?.firstError ?? '',
    };
  }

  #runConnection(): Promise<void> {
    return new Promise((resolve, reject) => {
      const scanner = new ReplyScanner('resp');
      this.#scanners.push(scanner);
      let sent = 0;
      const next = (): void => {
        if (performance.now() >= this.#endMs) {
          socket.destroy();
          resolve();
          return;
        }
        sent++;
        this.#send(socket);
      };
      const socket = connect({
        host: '127.0.0.1',
        port: this.#job.port,
        noDelay: true,
        onread: {
          buffer: this.#readBuffer,
          callback: (length) => {
            scanner.feed(this.#readBuffer, 0, length);
            if (scanner.replies === sent) next();
            return true;
          },
        },
      });
      socket.once('error', reject);
      socket.once('end', () => reject(new Error('The server closed a connection during the run')));
      socket.once('connect', next);
    });
  }

  #send(socket: Socket): void {
    const key = keyText(this.#random.below(this.#job.keys));
    if (this.#random.fraction() >= this.#job.setShare) {
      this.#gets++;
      socket.write(getRequest('resp', key), 'latin1');
      return;
    }
    const bytes = Math.floor(this.#job.mostBytes ** this.#random.fraction());
    this.#sets++;
    this.#bytesWritten += bytes;
    const [before, after] = setRequestAround('resp', key, bytes);
    socket.cork();
    socket.write(before, 'latin1');
    socket.write(this.#payload.subarray(0, bytes));
    socket.write(after, 'latin1');
    socket.uncork();
  }
}

answerAsChild(import.meta.url, (job: SizedStreamJob) => new SizedStream(job).run());
