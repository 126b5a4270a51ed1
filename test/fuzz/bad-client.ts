/**
 * A client that behaves badly in one way for a while, then in another, on one connection or many.
 *
 * `act` does one small thing. The runner calls it as often as its rate allows, so the load of bad clients is bounded, as it is
 * in a network: what is tested is that a bad request harms nobody, not that a server is fast without limit.
 */
import { connect, type Socket } from 'node:net';
import { encodeRequest } from '../kit/frames.js';
import type { Seeded } from '../kit/seeded.js';
import type { Mutator } from './mutator.js';

const kinds = [
  'chatty',
  'mutant',
  'half',
  'dribbler',
  'deaf',
  'stormy',
  'pipeliner',
  'listener',
  'hoarder',
] as const;
type Kind = (typeof kinds)[number];

/** Acts before a client changes its kind and its connection. */
const actsPerLife = 30;
/** Requests in a huge pipeline. */
const pipelineLength = 300;

export interface BadCounts {
  acts: number;
  bytes: number;
  connects: number;
  closedByNode: number;
}

export class BadClient {
  readonly #port: number;
  readonly #random: Seeded;
  readonly #mutator: Mutator;
  readonly #counts: BadCounts;
  #kind: Kind;
  #left = 0;
  #socket: Socket | undefined;

  constructor(port: number, random: Seeded, mutator: Mutator, counts: BadCounts) {
    this.#port = port;
    this.#random = random;
    this.#mutator = mutator;
    this.#counts = counts;
    this.#kind = random.pick(kinds);
  }

  act(): void {
    this.#counts.acts++;
    if (this.#left-- <= 0) {
      this.#kind = this.#random.pick(kinds);
      this.#left = 1 + this.#random.below(actsPerLife);
      this.#leave();
    }
    this.#behave();
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #behave(): void {
    const random = this.#random;
    const mutator = this.#mutator;
    switch (this.#kind) {
      case 'chatty':
        this.#send(mutator.pipeline(1 + random.below(5)));
        break;
      case 'mutant':
        this.#send(mutator.broken());
        break;
      case 'half': {
        // Half a request, and perhaps, much later, the other half.
        const request = mutator.request();
        this.#send(request.subarray(0, random.below(request.length)));
        if (random.chance(0.3)) this.#leave();
        break;
      }
      case 'dribbler':
        for (const byte of mutator.request().subarray(0, 8)) this.#send(Buffer.of(byte));
        break;
      case 'deaf':
        this.#open().pause();
        this.#send(
          encodeRequest(
            random.chance(0.2) ? ['SET', 'bad:large', 'v'.repeat(200_000)] : ['GET', 'bad:large'],
          ),
        );
        break;
      case 'stormy':
        for (let i = 0; i < 3; i++) {
          this.#open();
          if (random.chance(0.5)) this.#send(mutator.broken());
          this.#leave();
        }
        break;
      case 'pipeliner':
        this.#send(mutator.pipeline(random.below(random.chance(0.1) ? pipelineLength : 20)));
        break;
      case 'listener':
        this.#listen();
        break;
      case 'hoarder':
        this.#send(
          encodeRequest(
            random.chance(0.1)
              ? ['MULTI']
              : ['SET', `bad:${random.below(2_000)}`, 'h'.repeat(random.below(5_000))],
          ),
        );
        if (random.chance(0.05)) this.#send(encodeRequest(['WATCH', 'bad:1', 'bad:2']));
        break;
    }
  }

  /** Asks to be told of everything, and perhaps does not listen. */
  #listen(): void {
    const random = this.#random;
    const socket = this.#open();
    if (random.chance(0.3)) socket.pause();
    this.#send(
      encodeRequest(
        random.pick([
          ['SUBSCRIBE', 'a', 'b', `c${random.below(100)}`],
          ['PSUBSCRIBE', '*', `${'a*'.repeat(random.below(20))}b`],
          ['SSUBSCRIBE', `s${random.below(100)}`],
          ['HELLO', '3'],
          ['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', `bad:${random.below(10)}`],
          ['CLIENT', 'TRACKING', 'ON'],
          ['MGET', 'bad:1', 'bad:2', `bad:${random.below(2_000)}`],
          ['PUBLISH', 'a', 'm'.repeat(random.below(2_000))],
          ['UNSUBSCRIBE'],
          ['RESET'],
        ]),
      ),
    );
  }

  #send(bytes: Buffer): void {
    const socket = this.#open();
    if (!socket.writable) return;
    this.#counts.bytes += bytes.length;
    socket.write(bytes);
  }

  #open(): Socket {
    if (this.#socket) return this.#socket;
    this.#counts.connects++;
    const socket = connect({ port: this.#port, host: '127.0.0.1' });
    socket.on('data', () => {});
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#counts.closedByNode++;
      this.#socket = undefined;
    });
    this.#socket = socket;
    return socket;
  }

  #leave(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    if (this.#random.chance(0.5)) socket.end();
    else socket.resetAndDestroy();
    // What is paused would never see the end.
    socket.resume();
  }
}
