/**
 * A connection that the application has already: ioredis or node-redis, known by their methods, so neither is imported.
 *
 *   call(args, options) ──> client.callBuffer / client.sendCommand ──> decode, take     as a connection of ours does
 *                     └── deadline of the call, by our own wheel
 *
 * The client stays its owner's: nothing of it is changed, and it is never closed here. While it is not ready, calls are
 * rejected at once instead of being queued: who comes back after an outage must find no writes from before it.
 *
 * What it cannot do: tell of changes. Waiters poll, and near caches need a connection of our own.
 */
import { Block } from '../../base/index.js';
import { bulkBytes, type Reply } from '../../resp/index.js';
import type { Argument } from '../connection/command-encoder.js';
import type { CallOptions } from '../connection/connection.js';
import { ClientError, ClientOptionsError, ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import { CallDeadlines } from './call-deadlines.js';
import type { Caller } from './caller.js';

type Listener = (...args: unknown[]) => void;

/** Both tell what becomes of their connection. */
interface ClientEvents {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** Of ioredis, what is used of it. */
export interface IoredisClient extends ClientEvents {
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  readonly status: string;
  readonly isCluster?: boolean;
  readonly options?: {
    readonly keyPrefix?: string | undefined;
    readonly stringNumbers?: boolean | undefined;
  };
}

/** Of a client of node-redis, what is used of it. */
export interface NodeRedisClient extends ClientEvents {
  sendCommand(args: (string | Buffer)[], options?: object): Promise<unknown>;
  select(database: number): Promise<unknown>;
  readonly isReady: boolean;
}

export type ExistingClient = IoredisClient | NodeRedisClient;

/** Of a connection of ours too: what a call waits for its answer unless it says otherwise. */
const DEADLINE_MS = 200;
/** What the libraries say when a connection is lost; none of these changes what they do, as a listener for errors would. */
const LOST = ['close', 'end', 'reconnecting'] as const;
/** Bulks as bytes: '$' is how they begin in the protocol, and node-redis 5 and later; the other for 4. */
const AS_BYTES = Object.freeze({ typeMapping: { [36]: Buffer }, returnBuffers: true });

export class ExistingCaller implements Caller {
  /** 'ioredis' or 'node-redis'. */
  readonly library: string;
  readonly #send: (args: readonly Argument[]) => Promise<unknown>;
  readonly #isReady: () => boolean;
  readonly #deadlines: CallDeadlines;
  readonly #client: ExistingClient;
  #unlisten: () => void = () => {};

  /** Throws a ClientOptionsError if it is no client that can be used. */
  constructor(client: ExistingClient, time: TimeSource) {
    const problem = problemOf(client);
    if (problem !== undefined) throw new ClientOptionsError([problem]);
    this.#client = client;
    this.#deadlines = new CallDeadlines(time);
    if (isIoredis(client)) {
      this.library = 'ioredis';
      this.#send = ([command, ...args]) => client.callBuffer(String(command), ...args.map(toIoredis));
      // `wait`: made with lazyConnect, it connects with the first call.
      this.#isReady = () => client.status === 'ready' || client.status === 'wait';
    } else {
      this.library = 'node-redis';
      this.#send = (args) => client.sendCommand(args.map(toNodeRedis), AS_BYTES);
      this.#isReady = () => client.isReady;
    }
  }

  get isReady(): boolean {
    return this.#isReady();
  }

  /** Why it is of no more use. */
  get end(): Error | undefined {
    return this.#deadlines.end;
  }

  /** Tells whether there is a connection, now and whenever that changes. */
  listen(told: (problem: ClientError | undefined) => void): void {
    let isThere: boolean | undefined;
    const look = (isLost: boolean): void => {
      if (this.end !== undefined || isThere === !isLost) return;
      isThere = !isLost;
      told(isLost ? this.#notConnected() : undefined);
    };
    const ready = (): void => look(false);
    const lost = (): void => look(true);
    this.#client.on('ready', ready);
    for (const event of LOST) this.#client.on(event, lost);
    this.#unlisten = () => {
      this.#client.off('ready', ready);
      for (const event of LOST) this.#client.off(event, lost);
    };
    // Not before the caller has what it makes of this.
    if (this.#isReady()) queueMicrotask(ready);
  }

  call<B = Uint8Array, R = Reply<B>>(args: readonly Argument[], options?: CallOptions<B, R>): Promise<R> {
    const command = String(args[0]);
    const deadlineMs = options?.deadlineMs ?? DEADLINE_MS;
    if (this.end !== undefined) return Promise.reject(this.end);
    if (!this.#isReady()) return Promise.reject(this.#notConnected());
    return this.#deadlines.within(this.#sent(args), deadlineMs, {
      resolved: (reply) => {
        const decode = (options?.decode ?? bulkBytes) as (bytes: Block, at: number, length: number) => B;
        const decoded = decodeReply(reply, (bytes) => decode(new Block(bytes), 0, bytes.length));
        return (options?.take === undefined ? decoded : options.take(decoded)) as R;
      },
      rejected: (error) => this.#failure(command, error),
      late: () => {
        const message = `${command} was not answered over ${this.library} within ${deadlineMs} ms`;
        return new ClientError('DEADLINE', message, { mayHaveRun: true });
      },
    });
  }

  /** No more calls, and those under way are rejected. The client stays open. */
  close(): void {
    this.#unlisten();
    this.#deadlines.close(new ClientError('CLOSED', 'the cache that used this client was closed'));
  }

  async #sent(args: readonly Argument[]): Promise<unknown> {
    return this.#send(args);
  }

  #notConnected(): ClientError {
    return new ClientError('NOT_CONNECTED', `the client of ${this.library} has no connection at the moment`);
  }

  #failure(command: string, error: unknown): ClientError {
    const text = error instanceof Error ? error.message : String(error);
    // Both libraries give the words of the server, which begin with a code in capitals; their own do not.
    const code = /^[A-Z][A-Z0-9]*(?= )/.exec(text)?.[0];
    if (code !== undefined) return new ReplyFailure(command, text, code);
    const message = `${command} failed over ${this.library}: ${text}`;
    return new ClientError('CONNECTION_LOST', message, { cause: error, mayHaveRun: true });
  }
}

function isIoredis(client: ExistingClient): client is IoredisClient {
  return typeof (client as Partial<IoredisClient>).callBuffer === 'function';
}

/** Why it cannot be used, as one sentence. */
function problemOf(client: ExistingClient): string | undefined {
  if (typeof client !== 'object' || client === null) {
    return `client is ${String(client)}; give a client of ioredis or node-redis.`;
  }
  if (isIoredis(client)) {
    if (client.isCluster === true) return 'client is a cluster of ioredis; give a client of one server.';
    if (client.options?.stringNumbers === true)
      return 'client has the option stringNumbers, and numbers that are no numbers cannot be read; give one without.';
    const prefix = client.options?.keyPrefix;
    if (prefix === undefined || prefix === '') return undefined;
    return `client has the keyPrefix '${prefix}', which SCAN does not know; give one without, and put the prefix into the keys.`;
  }
  const { sendCommand, isReady, select } = client as Partial<NodeRedisClient>;
  const isClient = typeof sendCommand === 'function' && typeof isReady === 'boolean';
  // What stands for several servers has no database to select.
  if (isClient && typeof select === 'function') return undefined;
  return 'client is neither a client of ioredis nor one of node-redis, or stands for several servers; give a client of one server.';
}

function toIoredis(arg: Argument): string | Buffer | number {
  return arg instanceof Uint8Array ? bufferOf(arg) : arg;
}

function toNodeRedis(arg: Argument): string | Buffer {
  return arg instanceof Uint8Array ? bufferOf(arg) : String(arg);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** What a library made of a reply, as our reader would have given it: bulks decoded in their order. */
function decodeReply<B>(reply: unknown, decode: (bytes: Uint8Array) => B): Reply<B> {
  if (Array.isArray(reply)) return reply.map((item) => decodeReply(item, decode));
  if (reply instanceof Uint8Array) return decode(reply);
  return (reply ?? null) as Reply<B>;
}
