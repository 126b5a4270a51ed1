/** Buses on the loopback whose time a test advances, and a wire between them that a test can hold, cut and falsify. */
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Random } from '../../base/index.js';
import { recordingLog } from '../meta/states.testkit.js';
import { Bus } from './bus.js';
import type { ByteStream } from './byte-stream.js';
import { ClusterSecret } from './cluster-secret.js';

/** Tells a hang from slowness, in ms. */
const HANG_MS = 20_000;

/** Lets the network go on until the condition holds. */
export async function until(condition: () => boolean, meanwhile = () => {}): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > HANG_MS) throw new Error(`never: ${condition}`);
    meanwhile();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface TestBus {
  readonly bus: Bus;
  readonly log: ReturnType<typeof recordingLog>;
  /** 'from: message' as JSON. */
  readonly heard: string[];
  readonly streams: ByteStream[];
  readonly port: number;
  readonly address: string;
  /** What people would read: no debug lines. */
  readonly told: () => readonly string[];
}

export interface BusForm {
  readonly secret?: string | undefined;
  readonly cluster?: string;
  readonly port?: number;
}

export const SECRET = 'a secret of these tests';

export class TestNet {
  /** Where nodes are, for all. */
  readonly addresses = new Map<string, string>();
  readonly #t: TestContext;
  #buses: Bus[] = [];
  #nowMs = 0;

  constructor(t: TestContext) {
    this.#t = t;
  }

  async start(node: string, form: BusForm = {}): Promise<TestBus> {
    const { cluster, port = 0 } = form;
    const log = recordingLog();
    const heard: string[] = [];
    const streams: ByteStream[] = [];
    const bus = new Bus({
      node,
      secret: new ClusterSecret('secret' in form ? form.secret : SECRET),
      random: new Random(1),
      log,
      cluster: () => cluster,
      addressOf: (other) => this.addresses.get(other),
      events: {
        message: (from, message) => heard.push(`${from}: ${JSON.stringify(message)}`),
        stream: (_, stream) => streams.push(stream),
      },
    });
    this.#t.after(() => bus.close());
    const actual = await bus.listen({ host: '127.0.0.1', port, announced: '127.0.0.1' });
    this.#buses.push(bus);
    const address = `127.0.0.1:${actual}`;
    this.addresses.set(node, address);
    const told = () => log.lines.filter((line) => !line.startsWith('debug'));
    return { bus, log, heard, streams, port: actual, address, told };
  }

  /** Time passes for all, in ticks. */
  advance(ms: number, buses: readonly Bus[] = this.#buses): void {
    for (const endMs = this.#nowMs + ms; this.#nowMs < endMs; ) {
      this.#nowMs += 50;
      for (const bus of buses) bus.tick(this.#nowMs);
    }
  }
}

/** What passes of a frame from the dialer, given with its number. */
export type Falsify = (frame: Buffer, number: number) => readonly Buffer[] | 'cut';

/** A wire before a bus: it is dialed in its place. */
export class Wire {
  readonly address: string;
  isHeld = false;
  readonly sockets: Socket[] = [];

  private constructor(address: string) {
    this.address = address;
  }

  static async before(
    t: TestContext,
    port: number,
    falsify: Falsify = (frame) => [frame],
    back: (chunk: Buffer, number: number) => Buffer = (chunk) => chunk,
  ): Promise<Wire> {
    let wire: Wire | undefined;
    const server = createServer((dialer) => {
      const acceptor = connect(port, '127.0.0.1');
      wire?.sockets.push(dialer, acceptor);
      for (const [socket, other] of [
        [dialer, acceptor],
        [acceptor, dialer],
      ] as const) {
        socket.on('error', () => {});
        socket.on('close', () => other.destroy());
      }
      let number = 0;
      let rest: Buffer = Buffer.alloc(0);
      dialer.on('data', (chunk) => {
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
          const end = 4 + rest.readUInt32BE(0);
          const passes = falsify(rest.subarray(0, end), number++);
          rest = rest.subarray(end);
          if (passes === 'cut') acceptor.destroy();
          else for (const frame of passes) acceptor.write(frame);
        }
      });
      let chunks = 0;
      acceptor.on('data', (chunk) => dialer.write(back(chunk, chunks++)));
      if (wire?.isHeld) wire.hold();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port: own } = server.address() as { port: number };
    wire = new Wire(`127.0.0.1:${own}`);
    const { sockets } = wire;
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return wire;
  }

  /** Nothing passes any more, and nobody is told. */
  hold(): void {
    this.isHeld = true;
    for (const socket of this.sockets) socket.pause();
  }
}
