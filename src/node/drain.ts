/**
 * The drain: ends all sessions without losing a request that has arrived, or its reply.
 *
 *   served --calm: little came between two looks--> replies sent --> lingering (lingering.ts) --> closed
 *      |                                               ^
 *      +--SERVING_SHARE of the time is over------------+         at the deadline whatever is left is closed
 *
 * One turn of the event loop reads at most 2 MiB of a client, and while the node reads, the kernel of a client
 * that sends ahead goes on sending. A client that sends less than one read between two looks has nothing left
 * under way; to wait until it sends nothing at all would mean to serve a busy client until the deadline.
 *
 * Sessions that hear of what others do (subscribers, monitors, those that track) are ended last.
 */
import type { CacheNode } from './cache-node.js';
import { Hold, Mode, type Session } from './session.js';
import { READ_BYTES } from './socket-seam.js';

/** Time between two looks: longer than a process that waits to send takes to wake up. */
const LOOK_MS = 10;
/** The part of the time in which requests are still executed; the rest is for the replies to be read. */
const SERVING_SHARE = 0.5;

/** Resolves when all sessions and their sockets are closed, or the node's `drainTimeoutMs` is over. */
export async function drain(node: CacheNode): Promise<void> {
  const { clock, sessions } = node;
  const startMs = clock.monotonicMs();
  const deadlineMs = startMs + node.options.drainTimeoutMs;
  const servingEndsMs = startMs + node.options.drainTimeoutMs * SERVING_SHARE;
  const calmness = new Calmness(sessions.all());
  sessions.lingers = true;
  let nowMs = startMs;
  do {
    // A client may also pause the others while it is served.
    node.pauses.unpause();
    node.endEvent();
    await delay(Math.min(LOOK_MS, deadlineMs - nowMs));
    // The loop may have been busy for all that time: whatever has arrived meanwhile is read in the next turn.
    await nextTurn();
    nowMs = clock.monotonicMs();
    endCalm(node, calmness, nowMs >= servingEndsMs);
    sessions.lingering.closeQuiet(nowMs);
  } while (sessions.size + sessions.lingering.size > 0 && nowMs < deadlineMs);
}

function endCalm(node: CacheNode, calmness: Calmness, isTimeUp: boolean): void {
  const served = [...node.sessions.all()].filter((session) => !session.closeAfterReply);
  const calm = served.filter((session) => calmness.isCalm(session) || isTimeUp);
  const areAllCalm = calm.length === served.length;
  for (const session of calm) {
    if (!areAllCalm && hearsOthers(session)) continue;
    node.sessions.closeAfterReply(session);
    node.outbox.end(session);
  }
}

/** Which sessions have sent little since the last look. */
class Calmness {
  readonly #bytesRead = new Map<Session, number>();

  constructor(sessions: Iterable<Session>) {
    for (const session of sessions) this.#bytesRead.set(session, session.socket.bytesRead);
  }

  isCalm(session: Session): boolean {
    const { bytesRead } = session.socket;
    const before = this.#bytesRead.get(session) ?? 0;
    this.#bytesRead.set(session, bytesRead);
    // Who has to read first has requests that wait, here and in the kernel.
    return bytesRead - before < READ_BYTES && (session.holds & Hold.OUTPUT) === 0;
  }
}

function hearsOthers(session: Session): boolean {
  return (
    session.subscriptions !== undefined ||
    session.tracking !== undefined ||
    (session.modes & Mode.MONITOR) !== 0
  );
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
