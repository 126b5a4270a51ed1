/**
 * Writes the states of the register to the disk, one after the other, and tells the mind what became of each.
 *
 *   persist(7)  ──write──────────> persisted(7)
 *   persist(8), persist(9)         wait; then 9 alone is written, since it holds all that 8 promised
 *                  ──write───────> persisted(8), persisted(9)
 *                  ──disk full───> persistFailed(8), persistFailed(9)
 *
 * A disk that fails says so once in the log, and once more when it writes again; in between the mind tries with each new state.
 * At most one state is being written and one waits, whatever the mind asks for.
 */
import type { MindDisk } from '../../cluster/index.js';
import type { Log } from '../options.js';

/** Where states go: a meta folder. */
export interface StateDisk {
  write(state: MindDisk): Promise<void>;
}

export interface WriterEvents {
  persisted(number: number): void;
  persistFailed(number: number): void;
}

export class RegisterWriter {
  readonly #disk: StateDisk;
  readonly #log: Log;
  readonly #events: WriterEvents;
  #waiting: { readonly state: MindDisk; readonly first: number; readonly last: number } | undefined;
  #running: Promise<void> | undefined;
  #isFailing = false;

  constructor(disk: StateDisk, log: Log, events: WriterEvents) {
    this.#disk = disk;
    this.#log = log;
    this.#events = events;
  }

  /** Numbers are raised by one with each call. The events come later, never within the call. */
  persist(state: MindDisk, number: number): void {
    this.#waiting = { state, first: this.#waiting?.first ?? number, last: number };
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is being written and nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What the same step asks for next is written with it.
    await Promise.resolve();
    while (this.#waiting !== undefined) {
      const { state, first, last } = this.#waiting;
      this.#waiting = undefined;
      const isKept = await this.#write(state);
      for (let number = first; number <= last; number++) {
        if (isKept) this.#events.persisted(number);
        else this.#events.persistFailed(number);
      }
    }
    this.#running = undefined;
  }

  async #write(state: MindDisk): Promise<boolean> {
    try {
      await this.#disk.write(state);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      if (!this.#isFailing) {
        this.#log.error(
          `what this node agrees to cannot be kept: ${error.message}. It promises nothing until its disk writes again: make room, or look at the disk.`,
        );
      }
      this.#isFailing = true;
      return false;
    }
    if (this.#isFailing) this.#log.info('the disk keeps what this node agrees to again');
    this.#isFailing = false;
    return true;
  }
}
