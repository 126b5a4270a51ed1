/**
 * What the keys `s0`, `s1` ... are loaded from: a database beside the simulated world, always there, whose versions of a key rise. The value
 * that is filled says of which version it is, and by whom it was loaded, so that no two are alike.
 */

/** Above all ids of clients. */
const VERSION_STEP = 1e10;

export class Source {
  readonly #versions = new Map<string, number>();

  versionOf(key: string): number {
    return this.#versions.get(key) ?? 1;
  }

  /** The key becomes another one. Returns its version. */
  change(key: string): number {
    const version = this.versionOf(key) + 1;
    this.#versions.set(key, version);
    return version;
  }
}

export function loadedValue(version: number, id: number): number {
  return version * VERSION_STEP + id;
}

/** Of which version this value is; 0: it was written, not loaded. */
export function loadedVersion(value: number): number {
  return Math.floor(value / VERSION_STEP);
}
