/**
 * Calls scripts: the first time over a connection by their text, later by their hash.
 *
 *   EVAL text      the server runs it and knows it from then on
 *   EVALSHA hash   what is sent behind is executed behind, so it is known there
 *
 * So every call is sent once, in its order. Only a server that has forgotten a script while it was connected, after
 * SCRIPT FLUSH, says NOSCRIPT; it has executed nothing then, and the call is sent once more by its text, behind all that was sent
 * meanwhile.
 */
import type { Argument } from '../connection/command-encoder.js';
import type { CallOptions } from '../connection/connection.js';
import { ClientError, ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import type { Caller } from './caller.js';
import type { LuaScript } from './redis-scripts/lua-script.js';

export interface ScriptCall<B, R> extends CallOptions<B, R> {
  readonly deadlineMs: number;
}

export class ScriptCalls {
  readonly #caller: Caller;
  readonly #time: TimeSource;
  /** Those whose text was sent over this connection. */
  readonly #sent = new Set<LuaScript>();

  constructor(caller: Caller, time: TimeSource) {
    this.#caller = caller;
    this.#time = time;
  }

  /** The connection was lost. The next one may lead to a server that knows nothing. */
  lost(): void {
    this.#sent.clear();
  }

  /** Runs a script over one key, within the deadline. `before` is called right before each attempt is sent. */
  async run<B, R>(
    script: LuaScript,
    key: string | Uint8Array,
    args: readonly Argument[],
    options: ScriptCall<B, R>,
    before: () => void = () => {},
  ): Promise<R> {
    const startMs = this.#time.now();
    const isFirst = !this.#sent.has(script);
    if (isFirst) this.#sent.add(script);
    before();
    try {
      const command = isFirst ? 'EVAL' : 'EVALSHA';
      const text = isFirst ? script.source : script.hash;
      return await this.#caller.call([command, text, 1, key, ...args], options);
    } catch (error) {
      // Perhaps it was not even sent.
      if (isFirst && !(error instanceof ClientError && error.mayHaveRun)) this.#sent.delete(script);
      if (!(error instanceof ReplyFailure) || error.replyCode !== 'NOSCRIPT') throw error;
      const { decode, take } = options;
      const deadlineMs = Math.max(1, Math.ceil(options.deadlineMs - (this.#time.now() - startMs)));
      const again = {
        deadlineMs,
        ...(decode === undefined ? {} : { decode }),
        ...(take === undefined ? {} : { take }),
      };
      before();
      return this.#caller.call(['EVAL', script.source, 1, key, ...args], again);
    }
  }
}
