/** What a node decided and why, in words and with the time of day, for people. The newest are kept. */

/** Some hours of a quiet cluster, some minutes of one in trouble. */
const MAX_ENTRIES = 500;
/** Notes are sentences; what a longer one quotes of others is cut. */
const MAX_TEXT_LENGTH = 1_000;

export interface TimelineEntry {
  /** Wall time of this node, in ms. */
  readonly atMs: number;
  /** A sentence: what happened, and why. */
  readonly text: string;
  /** Of the topology that made it so, if one did: nodes that saw the same say the same version. */
  readonly version?: number;
}

export class Timeline {
  #entries: TimelineEntry[] = [];

  add(atMs: number, text: string, version?: number): void {
    this.#entries.push({
      atMs,
      text: text.slice(0, MAX_TEXT_LENGTH),
      ...(version !== undefined && { version }),
    });
    if (this.#entries.length >= 2 * MAX_ENTRIES) this.#entries = this.entries.slice();
  }

  /** Oldest first. */
  get entries(): readonly TimelineEntry[] {
    return this.#entries.slice(-MAX_ENTRIES);
  }
}
