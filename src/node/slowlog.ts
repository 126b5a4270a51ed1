/** SLOWLOG: the commands that took longest lately, with enough of their arguments to recognize them. */
import { byteString } from '../base/index.js';
import type { Request } from '../resp/index.js';
import type { CacheNode } from './cache-node.js';
import type { Command } from './command.js';
import { REDACTED, secretArguments } from './secrets.js';
import type { Session } from './session.js';

/** Arguments an entry keeps, and bytes of each, as in Redis. */
const MAX_ARGUMENTS = 32;
const MAX_ARGUMENT_BYTES = 128;

export interface SlowlogEntry {
  readonly id: number;
  /** Seconds since 1970. */
  readonly atSeconds: number;
  readonly elapsedUs: number;
  readonly args: readonly string[];
  readonly address: string;
  readonly clientName: string;
}

export class Slowlog {
  readonly #node: CacheNode;
  /** The latest first. */
  readonly #entries: SlowlogEntry[] = [];
  #nextId = 0;

  constructor(node: CacheNode) {
    this.#node = node;
  }

  get length(): number {
    return this.#entries.length;
  }

  latest(count: number): readonly SlowlogEntry[] {
    return this.#entries.slice(0, count);
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /** Notes a command if it was slow. */
  add(session: Session, command: Command, request: Request, elapsedUs: number): void {
    const { slowlogThresholdUs, slowlogMaxEntries } = this.#node.config;
    if (slowlogThresholdUs < 0 || elapsedUs < slowlogThresholdUs) return;
    this.#entries.unshift({
      id: this.#nextId++,
      atSeconds: Math.floor(this.#node.clock.wallMs() / 1000),
      elapsedUs,
      args: shortened(command, request),
      address: session.address,
      clientName: session.name,
    });
    this.trim(slowlogMaxEntries);
  }

  trim(maxEntries: number): void {
    if (this.#entries.length > maxEntries) this.#entries.length = maxEntries;
  }
}

function shortened(command: Command, request: Request): string[] {
  const { count, lengths } = request;
  const secret = secretArguments(command, request);
  const shown = Math.min(count, MAX_ARGUMENTS);
  const args: string[] = [];
  for (let i = 0; i < shown; i++) {
    if (shown !== count && i === shown - 1) {
      args.push(`... (${count - shown + 1} more arguments)`);
    } else if (secret.has(i)) {
      args.push(REDACTED);
    } else if (lengths[i] > MAX_ARGUMENT_BYTES) {
      args.push(
        `${byteString(request.block, request.starts[i], MAX_ARGUMENT_BYTES)}... (${lengths[i] - MAX_ARGUMENT_BYTES} more bytes)`,
      );
    } else {
      args.push(request.text(i));
    }
  }
  return args;
}
