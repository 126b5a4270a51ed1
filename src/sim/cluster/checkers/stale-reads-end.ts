/**
 * What a node reads that may be old ends in time: no read, of a primary without its lease or of a replica, finds a value that was
 * replaced or deleted more than MAX_STALE_MS ago, as all of the in-sync set acknowledged. That a read is old only if it says so is
 * what nothing-returns looks at.
 */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';
import { MAX_STALE_MS } from '../service.js';

/** By clocks within rho, and the granularity of the acknowledgement's and the read's way. */
const SLOWEST = 1 / (1 - 0.05);
const SLACK_MS = 50;

interface KeyHistory {
  readonly places: Map<number, number>;
  /** Of each place that all acknowledged, when that was; both rise. */
  readonly floors: { readonly place: number; readonly atMs: number }[];
}

export class StaleReadsEnd implements Checker<ClusterFact> {
  readonly name = 'stale-reads-end';
  readonly #keys = new Map<string, KeyHistory>();
  readonly #began = new Map<number, number>();
  /** Of the writes that were executed, by where they stand. */
  readonly #written = new Map<string, number>();
  #place = 0;

  onFact(fact: ClusterFact, { nowMs }: Moment): void {
    switch (fact.kind) {
      case 'wrote': {
        const place = ++this.#place;
        if (fact.value !== undefined) this.#key(fact.key).places.set(fact.value, place);
        this.#written.set(`${fact.shard} ${fact.epoch} ${fact.offset}`, place);
        break;
      }
      case 'acknowledged': {
        const { floors } = this.#key(fact.key);
        const place = this.#written.get(`${fact.shard} ${fact.epoch} ${fact.offset}`);
        if (!fact.byAll || place === undefined || place <= (floors.at(-1)?.place ?? 0)) break;
        floors.push({ place, atMs: nowMs });
        break;
      }
      case 'read-began':
        this.#began.set(fact.id, nowMs);
        break;
      case 'read':
        this.#check(fact);
        break;
    }
  }

  #check({ id, key, value }: Extract<ClusterFact, { kind: 'read' }>): void {
    const beganMs = this.#began.get(id);
    this.#began.delete(id);
    if (beganMs === undefined || value === undefined) return;
    const { places, floors } = this.#key(key);
    const place = places.get(value) ?? 0;
    const replaced = floors.find((floor) => floor.place > place);
    if (replaced === undefined) return;
    const oldMs = beganMs - replaced.atMs;
    if (oldMs <= MAX_STALE_MS * SLOWEST + SLACK_MS) return;
    throw new Violation(`a read of ${key} finds ${value}, which was gone for ${Math.round(oldMs)} ms`);
  }

  #key(name: string): KeyHistory {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { places: new Map(), floors: [] };
      this.#keys.set(name, key);
    }
    return key;
  }
}
