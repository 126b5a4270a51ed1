/**
 * CLIENT PAUSE: requests of all clients, or only those that may change something, wait until a time.
 *
 * A caught request is kept as a copy in `session.postponed`; its session executes nothing more and goes on
 * with it when the pause ends, so the order of replies is kept.
 */
import type { Request } from '../resp/index.js';
import type { CacheNode } from './cache-node.js';
import { type Command, Trait } from './command.js';
import { NodeMode } from './dispatch.js';
import { Hold, type Session } from './session.js';

const CHANGES = Trait.WRITE | Trait.PUBLISHES;

export class Pauses {
  /** Monotonic ms. */
  #untilMs = 0;
  #catchesAll = false;
  readonly #node: CacheNode;
  readonly #waiting = new Set<Session>();

  constructor(node: CacheNode) {
    this.#node = node;
  }

  get isActive(): boolean {
    return (this.#node.modes & NodeMode.PAUSED) !== 0;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** A second pause never shortens the first, nor makes it milder. */
  pause(durationMs: number, catchesAll: boolean): void {
    const untilMs = this.#node.clock.monotonicMs() + durationMs;
    this.#untilMs = this.isActive ? Math.max(this.#untilMs, untilMs) : untilMs;
    this.#catchesAll = catchesAll || (this.isActive && this.#catchesAll);
    this.#node.modes |= NodeMode.PAUSED;
    this.#node.cron.wakeAt(this.#untilMs);
  }

  unpause(): void {
    if (!this.isActive) return;
    this.#node.modes &= ~NodeMode.PAUSED;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const session of waiting) {
      session.holds &= ~Hold.PAUSED;
      this.#node.resumeLater(session);
    }
  }

  /** Ends the pause when its time has come. */
  check(nowMs: number): void {
    if (this.isActive && nowMs >= this.#untilMs) this.unpause();
  }

  catches(session: Session, command: Command): boolean {
    if (this.#node.clock.monotonicMs() >= this.#untilMs) {
      this.unpause();
      return false;
    }
    if (this.#catchesAll || (command.flags & CHANGES) !== 0) return true;
    const queued = session.transaction?.commands;
    return (
      command.name === 'exec' && queued !== undefined && queued.some((one) => (one.flags & CHANGES) !== 0)
    );
  }

  postpone(session: Session, request: Request): void {
    session.postponed = request.copy();
    session.holds |= Hold.PAUSED;
    this.#waiting.add(session);
  }

  forget(session: Session): void {
    this.#waiting.delete(session);
  }
}
