/**
 * CLIENT TRACKING BCAST: prefix -> the sessions that want to know of changes below it, and the keys changed
 * in the event at hand. At the end of the event each session gets one message per prefix, its keys in the
 * order of their bytes. A NOLOOP session is not told of keys it was itself the last to change.
 *
 * Cost of a change: one comparison per prefix; nothing without prefixes. Only prefixes with changes are sorted.
 */
import type { Session } from './session.js';

interface Prefix {
  readonly text: string;
  readonly sessions: Set<Session>;
  /** Changed key -> who changed it last. */
  readonly keys: Map<string, Session | undefined>;
}

export class Broadcasts {
  readonly #prefixes = new Map<string, Prefix>();
  /** Those with changed keys. */
  #changed: Prefix[] = [];

  get prefixCount(): number {
    return this.#prefixes.size;
  }

  get hasPending(): boolean {
    return this.#changed.length > 0;
  }

  add(session: Session, text: string): void {
    let prefix = this.#prefixes.get(text);
    if (prefix === undefined) {
      prefix = { text, sessions: new Set(), keys: new Map() };
      this.#prefixes.set(text, prefix);
    }
    prefix.sessions.add(session);
  }

  remove(session: Session, texts: Iterable<string>): void {
    for (const text of texts) {
      const prefix = this.#prefixes.get(text);
      if (prefix === undefined) continue;
      prefix.sessions.delete(session);
      if (prefix.sessions.size === 0) this.#prefixes.delete(text);
    }
  }

  changed(session: Session | undefined, key: string): void {
    for (const prefix of this.#prefixes.values()) {
      if (!key.startsWith(prefix.text)) continue;
      if (prefix.keys.size === 0) this.#changed.push(prefix);
      prefix.keys.set(key, session);
    }
  }

  /** Tells everybody what has changed since the last call, in the order of the prefixes' bytes. */
  send(tell: (session: Session, keys: readonly string[]) => void): void {
    const changed = this.#changed.sort((a, b) => compareBytes(a.text, b.text));
    this.#changed = [];
    for (const prefix of changed) {
      const keys = [...prefix.keys.keys()].sort(compareBytes);
      for (const session of prefix.sessions) {
        const noLoop = session.tracking?.noLoop === true;
        const wanted = noLoop ? keys.filter((key) => prefix.keys.get(key) !== session) : keys;
        if (wanted.length > 0) tell(session, wanted);
      }
      prefix.keys.clear();
    }
  }
}

/** Byte strings compare as their bytes do. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
