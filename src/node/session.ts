/**
 * A session: everything the node knows about one connection.
 *
 *   socket --bytes--> reader --request--> dispatch --> handler --reply--> out --bytes--> socket
 *
 * Invariants
 * - One class, one shape. Every field exists from the start, so the hot path stays monomorphic; what few
 *   sessions need (a transaction, subscriptions, tracking) hangs on it as `undefined` or an object.
 * - `modes` is 0 for an ordinary session. Dispatch tests that one number and takes the short way.
 * - `out` is a pooled writer only while an event is at work on this session or output is left over;
 *   otherwise it is the pool's empty writer, and an idle connection owns no output buffer.
 *
 * Cost: about 600 bytes an idle connection beside its socket.
 * It is not the place of behavior: intake.ts reads, dispatch.ts executes, outbox.ts writes.
 */
import type { Socket } from 'node:net';
import { Block } from '../base/index.js';
import type { ReplyWriter, Request, RequestReader } from '../resp/index.js';
import { addressText } from './addresses.js';
import type { CacheNode } from './cache-node.js';
import type { Marks } from './cluster/held-replies.js';
import type { Command } from './command.js';
import type { SessionLeases } from './leases.js';
import type { Subscriptions } from './pubsub.js';
import type { TrackingState } from './tracking.js';
import type { Transaction } from './transaction.js';
import type { WatchedKeys } from './watches.js';
import type { Wire } from './wire.js';

/** Executes one request and writes its reply to `session.out`. Synchronous; `request` is void afterwards. */
export type Handler = (session: Session, request: Request) => void;

/** What makes a session take the long way through dispatch. Bits of `Session.modes`. */
export const Mode = {
  /** A password is set and this connection has not given it. */
  UNAUTHENTICATED: 1,
  /** Between MULTI and EXEC: requests are queued. */
  TRANSACTION: 2,
  /** RESP2 with at least one subscription: few commands are allowed. */
  SUBSCRIBED: 4,
  /** CLIENT REPLY OFF or SKIP: replies are dropped. */
  MUTED: 8,
  /** CLIENT TRACKING ON without BCAST: keys that were read are remembered. */
  TRACKING: 16,
  /** MONITOR: sees the commands of all others. */
  MONITOR: 32,
  /** CLIENT TRACKING ON BCAST: its own changes are told after the reply. */
  BROADCAST: 128,
  /** CLIENT NO-TOUCH: reads leave the order of eviction alone. */
  NO_TOUCH: 64,
  /** Another connection has redirected its invalidations here, now or before: they are told after the reply. */
  REDIRECTED_TO: 256,
} as const;

/** Why a session executes nothing for the moment. Bits of `Session.holds`; 0 means it runs. */
export const Hold = {
  /** Its unsent output is over the bound: it goes on when the client has read. */
  OUTPUT: 1,
  /** Blocked in WAIT or LEASE.GET. */
  BLOCKED: 2,
  /** CLIENT PAUSE. */
  PAUSED: 4,
  /** It is being closed: nothing more is executed. */
  CLOSING: 8,
} as const;

/** A command that waits for something. */
export interface BlockedCommand {
  /** Monotonic ms at which it gives up; Infinity = never. */
  readonly deadlineMs: number;
  /** It was called under CLIENT REPLY OFF or SKIP: its reply is dropped, whenever it comes. */
  readonly isMuted: boolean;
  /** Writes the reply of giving up. */
  timeOut(session: Session): void;
  /** Of a command that is woken: looks again, and if it need not wait any more writes its reply. Whether it did. */
  askAgain?(): boolean;
}

/** Whether replies are dropped: CLIENT REPLY SKIP drops its own (it has none) and the next. */
export const ReplyMode = { ON: 0, OFF: 1, SKIP: 2 } as const;
export type ReplyMode = (typeof ReplyMode)[keyof typeof ReplyMode];

/** Replies of requests that follow are dropped: of all, or of the next. */
export function muteReplies(session: Session, mode: ReplyMode): void {
  session.replyMode = mode;
  session.modes |= Mode.MUTED;
}

/** No output is in flight. */
export const NO_BLOCK = Block.ofLength(0);

export class Session {
  readonly node: CacheNode;
  /** Unique for the life of the node, growing: 1, 2, 3 ... */
  readonly id: number;
  readonly socket: Socket;
  /** The way of its replies. */
  readonly wire: Wire;
  readonly reader: RequestReader;
  /** Where replies of the request at hand go. */
  out: ReplyWriter;
  /** 2 or 3, as HELLO said. */
  protocol: 2 | 3 = 2;
  /** The selected database, 0 to 15. */
  db = 0;
  /** Bits of `Mode`. */
  modes = 0;
  /** Bits of `Hold`. */
  holds = 0;

  // Output.
  /** Bytes handed to the wire and not yet taken by the kernel. */
  inFlightBytes = 0;
  /** The block in which they stand. */
  inFlight: Block = NO_BLOCK;
  /** Which of its unsent replies speak of writes; in a cluster, once it has written. */
  marks: Marks | undefined = undefined;
  /** This session is in the list of those to flush at the end of the event. */
  dirty = false;
  /** Close as soon as everything written so far is sent. */
  closeAfterReply = false;
  /** The writer that pushes go to while `out` swallows muted replies. */
  unmuted: ReplyWriter | undefined = undefined;
  /** Present during EXEC: takes the pushes that must not stand within its reply. */
  deferred: ReplyWriter | undefined = undefined;
  replyMode: ReplyMode = ReplyMode.ON;
  /** When the soft output limit was first exceeded, monotonic ms; 0 = not exceeded. */
  softLimitSinceMs = 0;
  /** What the bound over all clients counts for this one, in bytes. */
  accountedBytes = 0;

  // Features, present only when used.
  transaction: Transaction | undefined = undefined;
  watched: WatchedKeys | undefined = undefined;
  subscriptions: Subscriptions | undefined = undefined;
  tracking: TrackingState | undefined = undefined;
  /** Invalidations that were due to this connection since it was made, its own or redirected to it: LEASE.PUSHES. */
  invalidations = 0;
  leases: SessionLeases | undefined = undefined;
  /** Present while blocked in a command: answers and lets the session go on. */
  blocked: BlockedCommand | undefined = undefined;
  /** The request that CLIENT PAUSE caught, executed when the pause is over. */
  postponed: Request | undefined = undefined;
  /** At work on the queue of EXEC: commands that would block answer at once. */
  inExec = false;

  // What CLIENT LIST tells.
  name = '';
  libName = '';
  libVersion = '';
  readonly address: string;
  readonly localAddress: string;
  readonly connectedAtMs: number;
  /** Monotonic ms of the last readable event. */
  lastActiveMs: number;
  lastCommand: Command | undefined = undefined;
  noEvict = false;
  /** The client sent READONLY: in a cluster it reads also where its keys are only copied. */
  readOnly = false;
  closed = false;
  /** It never gave a password, and one was set when it came: whenever one is set again, it has to give it. */
  isGuest = false;

  constructor(
    node: CacheNode,
    id: number,
    socket: Socket,
    wire: Wire,
    reader: RequestReader,
    idleWriter: ReplyWriter,
  ) {
    this.node = node;
    this.id = id;
    this.socket = socket;
    this.wire = wire;
    this.reader = reader;
    this.out = idleWriter;
    this.address = endpoint(socket.remoteAddress, socket.remotePort);
    this.localAddress = endpoint(socket.localAddress, socket.localPort);
    this.connectedAtMs = node.tickMs;
    this.lastActiveMs = this.connectedAtMs;
    wire.onSent = (error) => {
      if (error) node.sessions.close(this);
      else node.outbox.sent(this);
    };
  }
}

function endpoint(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return '?:0';
  // An IPv4 client of a socket that listens on all addresses.
  if (address.startsWith('::ffff:')) return `${address.slice('::ffff:'.length)}:${port}`;
  return addressText(address, port ?? 0);
}
