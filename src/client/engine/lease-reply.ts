/**
 * The answers of LEASE.GET, from the wire to an `Answer` in one pass. The scripts of other servers answer alike.
 *
 *   hit      value, ms until it is stale or gone (-1: never), load ms
 *   refresh  value, ms since it is stale, load ms, token
 *   stale    value, ms since it is stale, load ms, ms left of the lease
 *   load     token, ms of the lease
 *   wait     ms left of the lease
 *   failed   error, and if there is a stale value: value, ms, load ms
 *   miss
 *
 * The first element, the error and all texts are bulks, numbers are integers. A nil value says that there is nothing, a nil token
 * that there is no right to fill. In a cluster one element more, the last, says that this was not read from a primary under its lease: for how many ms
 * it may be stale.
 *
 * Each bulk is decoded from the read buffer: the value by the serializer, the rest as text. Which bulk it is must be
 * counted, since a value may look like anything; so each call has a `LeaseReply` of its own, which counts from 0. It
 * goes back to the pool when its answer was read; one whose deadline passed before never does. Of an answer that comes later
 * the token is read, and nothing else: the lease that it grants has to be given back.
 *
 * What the serializer cannot decode it has not written: somebody else has, with a plain SET. Then its text is the value.
 *
 * What is made of the answer is made at its place in the stream too: `Reading`.
 *
 * Cost: the array of the reply, the answer, and what the serializer makes.
 */
import { type Block, byteString, InvariantError } from '../../base/index.js';
import { bulkBytes, type Reply } from '../../resp/index.js';
import { shortText, utf8Text } from '../bulk-decoders.js';
import type { ConnectionCallOptions } from '../connection/connection.js';
import type { LateAnswer } from '../connection/pending-calls.js';
import { ClientError } from '../errors.js';
import type { Serializer } from '../serializer.js';
import type { Answer, AnswerStatus, EngineHost, Reading } from './engine.js';

/** Replies kept for later calls, no more: calls under way at the same time may be many for a moment only. */
const MAX_SPARE = 1_024;
/** Of a status that nobody knows, so many bytes are shown. */
const SHOWN_BYTES = 32;

/** Makes the replies for all calls of one connection. */
export class LeaseReplies {
  readonly serializer: Serializer;
  readonly host: EngineHost;
  readonly node: number;
  /** Told of the token of an answer that came too late. */
  readonly grantedLate: (key: string, token: string) => void;
  readonly #spare: LeaseReply<unknown>[] = [];

  constructor(
    serializer: Serializer,
    host: EngineHost,
    node: number,
    grantedLate: (key: string, token: string) => void = () => {},
  ) {
    this.serializer = serializer;
    this.host = host;
    this.node = node;
    this.grantedLate = grantedLate;
  }

  /** How a call is to read its answer, and what is to become of it. */
  next<R>(key: string, deadlineMs: number, reading: Reading<R>): LeaseReply<R> {
    const reply = (this.#spare.pop() ?? new LeaseReply(this)) as LeaseReply<R>;
    reply.key = key;
    reply.deadlineMs = deadlineMs;
    reply.reading = reading;
    return reply;
  }

  /** The answer was read. */
  release(reply: LeaseReply<unknown>): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(reply);
  }
}

class LeaseReply<R> implements ConnectionCallOptions<unknown, R> {
  key = '';
  deadlineMs = 0;
  reading: Reading<R> = nobody;
  readonly #all: LeaseReplies;
  /** Bulks decoded of the answer that is being read. */
  #bulks = 0;
  #status: AnswerStatus = 'miss';
  #valueBytes = 0;
  /** The second bulk of `refresh` as text, if it is short: when the value is nil, that is the token. */
  #second = '';

  constructor(all: LeaseReplies) {
    this.#all = all;
  }

  readonly decode = (block: Block, at: number, length: number, owned: boolean): unknown => {
    const place = this.#bulks++;
    if (place === 0) {
      this.#status = statusOf(block, at, length);
      return this.#status;
    }
    if (place !== valuePlace(this.#status)) return utf8Text(block, at, length, owned);
    this.#valueBytes = length;
    if (this.#status === 'refresh') this.#second = shortText(block, at, length, owned) ?? '';
    const value = decodeValue(this.#all.serializer, block, at, length, owned);
    return value === null ? NULL : value;
  };

  readonly take = (reply: Reply<unknown>): R => {
    const { reading } = this;
    const { host, node } = this.#all;
    // First of all: whatever the host does when it is told something belongs behind this answer.
    const ticket = host.drawTicket(node);
    const answer = this.#answer(reply, ticket, node);
    this.#bulks = 0;
    this.#valueBytes = 0;
    this.#second = '';
    this.key = '';
    this.reading = nobody;
    this.#all.release(this);
    // A promise of the result is as good: the call's own resolves to what that does.
    return reading.answered(answer) as R;
  };

  readonly failed = (error: unknown): R | Promise<R> => this.reading.failed(error);

  readonly late = lateToken((token) => this.#all.grantedLate(this.key, token));

  #answer(reply: Reply<unknown>, ticket: number, node: number): Answer {
    if (!Array.isArray(reply) || this.#bulks === 0) throw unexpected('no answer to a question for a lease');
    const status = this.#status;
    switch (status) {
      case 'hit': {
        const ms = integer(reply, 2);
        const left = ms < 0 ? Number.POSITIVE_INFINITY : ms;
        return this.#entry(reply, left, undefined, 0, ticket, node);
      }
      case 'refresh': {
        const token = reply[1] === null ? this.#tokenOfNothing(reply) : reply[4];
        return this.#entry(reply, integer(reply, 2), textOrNone(token), 0, ticket, node);
      }
      case 'stale':
        return this.#entry(reply, integer(reply, 2), undefined, integer(reply, 4), ticket, node);
      case 'load': {
        const token = textOrNone(reply[1]);
        const stale = staleMsAt(reply, 3);
        return newAnswer(
          status,
          false,
          undefined,
          0,
          0,
          0,
          token,
          integer(reply, 2),
          '',
          ticket,
          node,
          stale,
        );
      }
      case 'wait': {
        const leaseMs = integer(reply, 1);
        const stale = staleMsAt(reply, 2);
        return newAnswer(status, false, undefined, 0, 0, 0, undefined, leaseMs, '', ticket, node, stale);
      }
      case 'failed':
        return this.#failed(reply, ticket, node);
      default: {
        const stale = staleMsAt(reply, 1);
        return newAnswer(status, false, undefined, 0, 0, 0, undefined, 0, '', ticket, node, stale);
      }
    }
  }

  #entry(
    reply: Reply<unknown>[],
    ms: number,
    token: string | undefined,
    leaseMs: number,
    ticket: number,
    node: number,
  ): Answer {
    const value = itemValue(reply[1]);
    const bytes = reply[1] === null ? 0 : this.#valueBytes;
    return newAnswer(
      this.#status,
      true,
      value,
      bytes,
      ms,
      integer(reply, 3),
      token,
      leaseMs,
      '',
      ticket,
      node,
      staleMsAt(reply, this.#status === 'hit' ? 4 : 5),
    );
  }

  #failed(reply: Reply<unknown>[], ticket: number, node: number): Answer {
    const error = String(reply[1] ?? '');
    if (reply.length < 5) {
      const stale = staleMsAt(reply, 2);
      return newAnswer('failed', false, undefined, 0, 0, 0, undefined, 0, error, ticket, node, stale);
    }
    const value = itemValue(reply[2]);
    const [ms, loadMs] = [integer(reply, 3), integer(reply, 4)];
    const bytes = this.#valueBytes;
    const stale = staleMsAt(reply, 5);
    return newAnswer('failed', true, value, bytes, ms, loadMs, undefined, 0, error, ticket, node, stale);
  }

  /** Of a nil value nothing was decoded, so the token was taken for it. */
  #tokenOfNothing(reply: Reply<unknown>[]): string | undefined {
    return reply[4] === null ? undefined : this.#second;
  }
}

/** Of a reply that is not in use. */
const nobody: Reading<never> = { answered: unasked, failed: unasked };

function unasked(): never {
  throw new InvariantError('LeaseReply: told of a call that is over');
}

/** Reads the token of an answer to LEASE.GET that comes too late, if it grants a lease. */
export function lateToken(granted: (token: string) => void): LateAnswer {
  return {
    decode: shortText,
    take: (reply) => {
      const token = grantedToken(reply);
      if (token !== undefined) granted(token);
    },
  };
}

/** The token of `load` and `refresh`, in an answer of texts. */
export function grantedToken(reply: unknown): string | undefined {
  if (!Array.isArray(reply)) return undefined;
  return reply[0] === 'load'
    ? textOrNone(reply[1])
    : reply[0] === 'refresh'
      ? textOrNone(reply[4])
      : undefined;
}

/** Stands for a value that is null, apart from nil: no value. */
const NULL = Symbol('null');

function itemValue(item: unknown): unknown {
  return item === null ? undefined : item === NULL ? null : item;
}

/** A stored value as the serializer reads it; its text if it cannot. */
export function decodeValue(
  serializer: Serializer,
  block: Block,
  at: number,
  length: number,
  owned: boolean,
): unknown {
  try {
    return serializer.decode(
      serializer.reads === 'text' ? utf8Text(block, at, length, owned) : bulkBytes(block, at, length, owned),
    );
  } catch {
    return utf8Text(block, at, length, owned);
  }
}

/** The one place where answers are made, so that all are of one shape. */
export function newAnswer(
  status: AnswerStatus,
  isThere: boolean,
  value: unknown,
  valueBytes: number,
  ms: number,
  loadMs: number,
  token: string | undefined,
  leaseMs: number,
  error: string,
  ticket: number,
  node: number,
  staleMs: number | undefined,
): Answer {
  return { status, isThere, value, valueBytes, ms, loadMs, token, leaseMs, error, ticket, node, staleMs };
}

const statuses: readonly AnswerStatus[] = ['hit', 'refresh', 'stale', 'load', 'wait', 'failed', 'miss'];

/** The first letters differ. */
const byFirstLetter: readonly (AnswerStatus | undefined)[] = Array.from({ length: 128 }, (_, code) =>
  statuses.find((status) => status.charCodeAt(0) === code),
);

function statusOf(block: Block, at: number, length: number): AnswerStatus {
  const status = byFirstLetter[block.bytes[at] & 127];
  if (status !== undefined && isText(block, at, length, status)) return status;
  const shown = byteString(block, at, Math.min(length, SHOWN_BYTES));
  throw unexpected(`a status '${shown}' that is none`);
}

function isText(block: Block, at: number, length: number, text: string): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (block.bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Which bulk of the answer is the value. */
function valuePlace(status: AnswerStatus): number {
  switch (status) {
    case 'hit':
    case 'refresh':
    case 'stale':
      return 1;
    case 'failed':
      return 2;
    default:
      return -1;
  }
}

function integer(reply: readonly unknown[], place: number): number {
  const value = reply[place];
  if (typeof value === 'number') return value;
  throw unexpected(`no number at place ${place} of its answer`);
}

/** What stands behind all else, if it is there. */
function staleMsAt(reply: readonly unknown[], place: number): number | undefined {
  return reply.length > place ? integer(reply, place) : undefined;
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function unexpected(what: string): ClientError {
  const message = `the server has sent ${what}; check that its version fits that of this library`;
  return new ClientError('PROTOCOL', message, { mayHaveRun: true });
}
