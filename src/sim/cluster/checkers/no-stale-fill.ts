/**
 * A fill never puts back what was changed since its load began.
 *
 *   at the node    a fill is accepted only with a token that was given for its key, while its time lasts, if nothing was written or
 *                  deleted under that key since, anywhere and at whatever epoch
 *   for clients    who changes the source and then hears that the key is deleted: a read under a lease that begins after that finds
 *                  no version from before the change
 *
 * Clients read the source when they have got their token, so the second follows from the first.
 */
import { type Checker, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';
import { loadedVersion } from '../source.js';

interface Grant {
  readonly key: string;
  readonly endsMs: number;
  /** Changes of the key until then. */
  readonly changes: number;
}

export class NoStaleFill implements Checker<ClusterFact> {
  readonly name = 'no-stale-fill';
  readonly #grants = new Map<string, Grant>();
  readonly #changes = new Map<string, number>();
  /** The version that every key is known to have at least. */
  readonly #floors = new Map<string, number>();
  /** The floor of its key when a read began, by its id. */
  readonly #reads = new Map<number, number>();

  onFact(fact: ClusterFact): void {
    switch (fact.kind) {
      case 'granted': {
        const { key, token, endsMs } = fact;
        if (this.#grants.has(token)) throw new Violation(`the token ${token} was given twice`);
        this.#grants.set(token, { key, endsMs, changes: this.#changes.get(key) ?? 0 });
        break;
      }
      case 'wrote':
        this.#changes.set(fact.key, (this.#changes.get(fact.key) ?? 0) + 1);
        break;
      case 'filled':
        this.#checkFill(fact);
        break;
      case 'invalidated':
        this.#floors.set(fact.key, Math.max(fact.version, this.#floors.get(fact.key) ?? 0));
        break;
      case 'read-began':
        this.#reads.set(fact.id, this.#floors.get(fact.key) ?? 0);
        break;
      case 'read':
        this.#checkRead(fact);
        break;
    }
  }

  #checkFill({ key, token, monotonicMs }: Extract<ClusterFact, { kind: 'filled' }>): void {
    const grant = this.#grants.get(token);
    if (grant?.key !== key) throw new Violation(`${key} is filled with ${token}, which nobody was given`);
    const changes = (this.#changes.get(key) ?? 0) - grant.changes;
    if (changes > 0)
      throw new Violation(
        `${key} is filled with ${token}, and was changed ${changes} times since that was given`,
      );
    if (monotonicMs >= grant.endsMs)
      throw new Violation(
        `${key} is filled with ${token} ${Math.round(monotonicMs - grant.endsMs)} ms after its end`,
      );
  }

  #checkRead({ id, key, value, isUnderLease }: Extract<ClusterFact, { kind: 'read' }>): void {
    const floor = this.#reads.get(id) ?? 0;
    this.#reads.delete(id);
    if (!isUnderLease || value === undefined || loadedVersion(value) >= floor) return;
    throw new Violation(
      `a read of ${key} finds its version ${loadedVersion(value)}, after it was deleted for version ${floor}`,
    );
  }
}
