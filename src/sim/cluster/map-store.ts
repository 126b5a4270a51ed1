/** The store of a simulated node: a map, and a walk over it in slices of a few keys. */
import type { ReplicatedStore, StoreWalk } from '../../cluster/index.js';

export interface Write {
  readonly key: string;
  /** Undefined: deleted. */
  readonly value: number | undefined;
}

const SLICE_KEYS = 4;

export class MapStore implements ReplicatedStore<Write> {
  readonly entries = new Map<string, number>();

  apply({ key, value }: Write): void {
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, value);
  }

  clear(): void {
    this.entries.clear();
  }

  walk(): StoreWalk<Write> {
    // Keys that come later are told as writes.
    const keys = [...this.entries.keys()];
    let at = 0;
    return {
      next: () => {
        if (at >= keys.length) return undefined;
        const slice: Write[] = [];
        for (const key of keys.slice(at, at + SLICE_KEYS)) {
          const value = this.entries.get(key);
          if (value !== undefined) slice.push({ key, value });
        }
        at += SLICE_KEYS;
        return slice;
      },
      end: () => {},
    };
  }
}
