/**
 * What was acknowledged by the in-sync set is never undone: a read that begins after the acknowledgement of a delete or a write, and is
 * answered by a primary under its lease, sees that or what was executed after it.
 *
 * Values are unique, and executed one after the other (single-writer), so each has its place in one order. A key that was
 * re-homed may be missing: then all copies were given up.
 */
import { type Checker, type Moment, Violation } from '../../checker.js';
import type { ClusterFact } from '../facts.js';

interface KeyHistory {
  /** The place of each value, and of the last delete. */
  readonly places: Map<number, number>;
  lastDelete: number;
  /** Of what was acknowledged by all. */
  floor: number;
  floorIsDelete: boolean;
  /** Of the floor: its time; what was re-homed later may be missing. */
  floorMs: number;
}

interface Read {
  readonly floor: number;
  readonly floorIsDelete: boolean;
  readonly floorMs: number;
}

export class NothingReturns implements Checker<ClusterFact> {
  readonly name = 'nothing-returns';
  readonly #keys = new Map<string, KeyHistory>();
  readonly #reads = new Map<number, Read>();
  readonly #pending = new Map<string, number>();
  #place = 0;
  /** When a shard was last re-homed, by its id; and the version that told so. */
  readonly #rehomed = new Map<number, number>();
  readonly #began = new Map<number, number>();
  readonly #shardOf = new Map<string, number>();

  onFact(fact: ClusterFact, { nowMs }: Moment): void {
    switch (fact.kind) {
      case 'wrote': {
        const key = this.#key(fact.key);
        this.#shardOf.set(fact.key, fact.shard);
        const place = ++this.#place;
        if (fact.value === undefined) key.lastDelete = place;
        else key.places.set(fact.value, place);
        this.#pending.set(`${fact.shard} ${fact.epoch} ${fact.offset}`, place);
        this.#pending.set(nameOf(fact), place);
        break;
      }
      case 'acknowledged': {
        if (!fact.byAll) break;
        const key = this.#key(fact.key);
        const place = fact.value === undefined ? this.#pending.get(nameOf(fact)) : key.places.get(fact.value);
        if (place === undefined || place <= key.floor) break;
        Object.assign(key, { floor: place, floorIsDelete: fact.value === undefined, floorMs: nowMs });
        break;
      }
      case 'committed':
        for (const { id, beganEpoch } of fact.topology.shards) {
          if (beganEpoch <= (this.#began.get(id) ?? 1)) continue;
          this.#began.set(id, beganEpoch);
          this.#rehomed.set(id, nowMs);
        }
        break;
      case 'read-began': {
        const { floor, floorIsDelete, floorMs } = this.#key(fact.key);
        this.#reads.set(fact.id, { floor, floorIsDelete, floorMs });
        break;
      }
      case 'read':
        this.#check(fact);
        break;
      case 'holds':
        break;
    }
  }

  #check({ id, key: name, value, isUnderLease }: Extract<ClusterFact, { kind: 'read' }>): void {
    const read = this.#reads.get(id);
    this.#reads.delete(id);
    if (read === undefined || !isUnderLease) return;
    const key = this.#key(name);
    if (value === undefined) {
      const wasRehomed = (this.#rehomed.get(this.#shardOf.get(name) ?? 0) ?? -1) >= read.floorMs;
      if (read.floor === 0 || read.floorIsDelete || key.lastDelete > read.floor || wasRehomed) return;
      throw new Violation(`a read of ${name} found nothing, after a write of it was acknowledged by all`);
    }
    const place = key.places.get(value);
    if (place === undefined) throw new Violation(`a read of ${name} found ${value}, which nobody wrote`);
    if (place >= read.floor) return;
    const what = read.floorIsDelete ? 'a delete' : 'a later write';
    throw new Violation(`a read of ${name} found ${value}, after ${what} of it was acknowledged by all`);
  }

  #key(name: string): KeyHistory {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { places: new Map(), lastDelete: 0, floor: 0, floorIsDelete: false, floorMs: 0 };
      this.#keys.set(name, key);
    }
    return key;
  }
}

/** Of a delete, which has no value of its own. */
function nameOf({ shard, offset, key }: { shard: number; offset: number; key: string }): string {
  return `${shard} ${offset} ${key}`;
}
