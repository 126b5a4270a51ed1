/**
 * What is logged once for each address: a client that is set up wrongly tries again for ever, and must not fill the log.
 */
import type { Log } from './options.js';

/** Addresses and reasons that are remembered; further ones are logged for `debug` only. */
const MAX_TOLD = 1_000;

export class Complaints {
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  refused(address: string | undefined, reason: string): void {
    const message = `a client at ${address ?? 'an unknown address'} is closed: ${reason}`;
    const isNew = !this.#told.has(message) && this.#told.size < MAX_TOLD;
    if (isNew) this.#told.add(message);
    this.#log[isNew ? 'warn' : 'debug'](message);
  }
}
