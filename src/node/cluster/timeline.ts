/** What a node decided and why, in words and with the time of day, for people. The newest are kept. */

/** Some hours of a quiet cluster, some minutes of one in trouble. */
const MAX_ENTRIES = 500;
/** Notes are sentences; what a longer one quotes of others is cut. */
const MAX_TEXT_LENGTH = 1_000;

export interface TimelineEntry {
  /** Wall time of this node, in ms. */
  readonly atMs: number;
  readonly text: string;
}

export class Timeline {
  #entries: TimelineEntry[] = [];

  add(atMs: number, text: string): void {
    this.#entries.push({ atMs, text: text.slice(0, MAX_TEXT_LENGTH) });
    if (this.#entries.length >= 2 * MAX_ENTRIES) this.#entries = this.entries.slice();
  }

  /** Oldest first. */
  get entries(): readonly TimelineEntry[] {
    return this.#entries.slice(-MAX_ENTRIES);
  }
}
