/**
 * What one client, and all together, may take of the node's memory and time; and what happens at each limit.
 *
 *   bound                          | of                                | at the limit
 *   -------------------------------|-----------------------------------|------------------------------------
 *   outputPauseBytes               | one client's unsent output        | its requests wait until it has read
 *   client-output-buffer-limit     | the same, by class                | closed
 *   GUEST_OUTPUT_BYTES             | the same, before the password     | closed
 *   client-query-buffer-limit      | one client's unexecuted input     | closed
 *   GUEST_QUERY_BYTES              | the same, before the password     | closed
 *   maxmemory-clients              | input + output + state of all     | the largest is closed
 *   timeout, authTimeoutMs         | silence                           | closed
 *
 * The sum over all clients is kept up to date where a client's share changes, so nothing is walked per event.
 */
import type { CacheNode } from './cache-node.js';
import type { OutputLimit } from './options.js';
import { type OutputOwner, unsentBytes } from './outbox.js';
import { Hold, Mode, type Session } from './session.js';

/** Unsent replies of a client without password. It has nothing to ask that is larger. */
const GUEST_OUTPUT_BYTES = 16 * 1024;
/** Unsent output that pushes may bring about where the class has no limit: a writer must still hold it. */
const MAX_PUSHED_BYTES = 512 * 1024 * 1024;
/** Unexecuted input of a client without password. */
const GUEST_QUERY_BYTES = 1024 * 1024;
/**
 * Input that is taken from a client whose requests wait, and never more than half of the query limit; the rest stays in the
 * kernel. It is so much because many clients send a whole pipeline before they read a reply: reading on is what lets
 * them finish. And a client that leaves is noticed only by who reads.
 */
const WAITING_INPUT_BYTES = 64 * 1024 * 1024;
/** What a session, its socket and its reader take while idle, roughly. */
const SESSION_BYTES = 2048;

export class Limits implements OutputOwner {
  /** Memory of all clients together, without the idle sessions' fixed cost. */
  clientsBytes = 0;
  readonly #node: CacheNode;

  constructor(node: CacheNode) {
    this.#node = node;
  }

  // -- output

  outputGrew(session: Session): void {
    const unsent = unsentBytes(session);
    if (this.#exceedsOutput(session, unsent)) {
      this.#node.stats.outputLimitCloses++;
      this.#closeFor(session, 'its unsent output exceeds the limit of its class', unsent);
      return;
    }
    if (unsent > this.#node.config.outputPauseBytes && (session.holds & Hold.OUTPUT) === 0) {
      session.holds |= Hold.OUTPUT;
    }
    this.account(session);
  }

  outputDrained(session: Session): void {
    session.softLimitSinceMs = 0;
    this.account(session);
    if ((session.holds & Hold.OUTPUT) === 0) return;
    session.holds &= ~Hold.OUTPUT;
    this.#node.intake.resume(session);
  }

  /** Its replies are more than one client may be given at once. */
  overflowed(session: Session): void {
    this.#closeFor(session, 'the replies to its requests are too large to gather', unsentBytes(session));
  }

  outputFinished(session: Session): void {
    this.#node.sessions.finish(session);
  }

  /** Whether a push of `bytes` may be written: a client that would be over its hard limit is closed instead. */
  admitsPush(session: Session, bytes: number): boolean {
    const { hardBytes } = this.#classLimit(session);
    const unsent = unsentBytes(session) + bytes;
    if (unsent <= (hardBytes === 0 ? MAX_PUSHED_BYTES : hardBytes)) return true;
    this.#node.stats.outputLimitCloses++;
    this.#closeFor(session, 'a message would exceed the output limit of its class', unsent);
    return false;
  }

  #exceedsOutput(session: Session, unsent: number): boolean {
    if ((session.modes & Mode.UNAUTHENTICATED) !== 0) return unsent > GUEST_OUTPUT_BYTES;
    const { hardBytes, softBytes, softSeconds } = this.#classLimit(session);
    if (hardBytes !== 0 && unsent > hardBytes) return true;
    if (softBytes === 0 || unsent <= softBytes) {
      session.softLimitSinceMs = 0;
      return false;
    }
    const now = this.#node.tickMs;
    if (session.softLimitSinceMs === 0) session.softLimitSinceMs = now;
    return now - session.softLimitSinceMs > softSeconds * 1000;
  }

  #classLimit(session: Session): OutputLimit {
    const { normal, replica, pubsub } = this.#node.config.outputLimits;
    // A monitor is sent all that everybody asks: unlike in Redis, whose monitors are in the class without a limit.
    if ((session.modes & Mode.MONITOR) !== 0) return replica;
    return session.subscriptions === undefined ? normal : pubsub;
  }

  // -- input

  /** Called when input is left over that could not be executed yet. Returns whether the session lives on. */
  inputKept(session: Session): boolean {
    const pending = session.reader.pendingBytes;
    const queued = session.transaction === undefined ? 0 : session.transaction.bytes;
    const guest = (session.modes & Mode.UNAUTHENTICATED) !== 0;
    const most = guest ? GUEST_QUERY_BYTES : this.#node.config.maxQueryBytes;
    if (pending + queued > most) {
      this.#node.stats.queryLimitCloses++;
      this.#closeFor(session, 'its requests exceed the limit of the query buffer', pending + queued);
      return false;
    }
    if (session.holds !== 0 && pending > Math.min(WAITING_INPUT_BYTES, most / 2)) session.socket.pause();
    this.account(session);
    return !session.closed;
  }

  // -- all clients

  /** Brings the sum over all clients up to date, and closes the largest while it is over the bound. */
  account(session: Session): void {
    const bytes = session.closed ? 0 : clientBytes(session);
    this.clientsBytes += bytes - session.accountedBytes;
    session.accountedBytes = bytes;
    const bound = this.#node.config.maxClientsBytes;
    while (bound > 0 && this.clientsBytes > bound) {
      const largest = this.#largest();
      if (largest === undefined) return;
      this.#node.stats.evictedClients++;
      this.#closeFor(
        largest,
        'all clients together exceed maxmemory-clients and it takes most',
        largest.accountedBytes,
      );
    }
  }

  forget(session: Session): void {
    this.clientsBytes -= session.accountedBytes;
    session.accountedBytes = 0;
  }

  #largest(): Session | undefined {
    let largest: Session | undefined;
    for (const session of this.#node.sessions.all()) {
      if (session.noEvict || session.accountedBytes === 0) continue;
      if (largest === undefined || session.accountedBytes > largest.accountedBytes) largest = session;
    }
    return largest;
  }

  // -- time

  /** Closes who has been silent for too long; some times a second. */
  checkSilence(): void {
    const { idleTimeoutMs, password } = this.#node.config;
    const { authTimeoutMs } = this.#node.options;
    const guards = password !== undefined && authTimeoutMs > 0;
    const now = this.#node.tickMs;
    for (const session of this.#node.sessions.all()) {
      const silence = now - session.lastActiveMs;
      if (guards && (session.modes & Mode.UNAUTHENTICATED) !== 0 && silence > authTimeoutMs) {
        this.#closeFor(session, 'it has not given the password in time', silence);
      } else if (idleTimeoutMs > 0 && silence > idleTimeoutMs && mayTimeOut(session)) {
        this.#closeFor(session, 'it has been idle for too long', silence);
      } else if (session.softLimitSinceMs !== 0) {
        this.outputGrew(session);
      }
    }
  }

  #closeFor(session: Session, reason: string, amount: number): void {
    this.#node.log.warn(`client closed: ${reason}`, { client: session.id, address: session.address, amount });
    this.#node.sessions.close(session);
  }
}

/** Memory of one client beyond an idle session's. */
export function clientBytes(session: Session): number {
  const { reader, marks, transaction, subscriptions, watched, tracking } = session;
  return (
    reader.pendingCapacity +
    session.inFlightBytes +
    (session.inFlightBytes > 0 ? session.out.block.bytes.length : session.out.length) +
    (marks === undefined ? 0 : marks.bytes) +
    (transaction === undefined ? 0 : transaction.bytes) +
    (subscriptions === undefined ? 0 : subscriptions.bytes) +
    (watched === undefined ? 0 : watched.bytes) +
    (tracking === undefined ? 0 : tracking.bytes)
  );
}

/** The same with the fixed cost, as CLIENT LIST tells it. */
export function totalClientBytes(session: Session): number {
  return SESSION_BYTES + clientBytes(session);
}

/** Subscribers, monitors and blocked clients have a reason to be silent. */
function mayTimeOut(session: Session): boolean {
  return (
    session.subscriptions === undefined &&
    (session.modes & Mode.MONITOR) === 0 &&
    (session.holds & Hold.BLOCKED) === 0
  );
}
