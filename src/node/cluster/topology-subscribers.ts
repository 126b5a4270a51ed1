/**
 * Sessions that asked to be told of newer topologies, by CLUSTER TOPOLOGY PUSH: each gets a push [topology, version] when this node has learnt of
 * one, behind all that was executed before. What is in it they read themselves, once, from whom they like.
 *
 * Bounded by the sessions. Cost: nothing until a topology changes.
 */
import type { CacheNode } from '../cache-node.js';
import type { Session } from '../session.js';

/** What a push takes. */
const PUSH_BYTES = 48;

export class TopologySubscribers {
  readonly #node: CacheNode;
  readonly #sessions = new Set<Session>();

  constructor(node: CacheNode) {
    this.#node = node;
  }

  add(session: Session): void {
    this.#sessions.add(session);
  }

  /** It is closed, or begins anew. */
  forget(session: Session): void {
    this.#sessions.delete(session);
  }

  tell(version: number): void {
    const { limits, outbox } = this.#node;
    for (const session of [...this.#sessions]) {
      // HELLO 2 may have come since.
      if (session.protocol !== 3 || !limits.admitsPush(session, PUSH_BYTES)) continue;
      const out = outbox.push(session);
      out.push(2);
      out.bulkText('topology');
      out.integer(version);
    }
  }
}
