/**
 * Calls scripts by their hash, and once more by their text when the server does not know them: at the first use, after a restart,
 * after SCRIPT FLUSH. The server executes nothing of what it does not know, so no call runs twice.
 */
import type { Argument } from '../connection/command-encoder.js';
import type { CallOptions } from '../connection/connection.js';
import { ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import type { Caller } from './caller.js';
import type { LuaScript } from './redis-scripts/lua-script.js';

export interface ScriptCall<B, R> extends CallOptions<B, R> {
  readonly deadlineMs: number;
}

export class ScriptCalls {
  readonly #caller: Caller;
  readonly #time: TimeSource;

  constructor(caller: Caller, time: TimeSource) {
    this.#caller = caller;
    this.#time = time;
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
    before();
    try {
      return await this.#caller.call(['EVALSHA', script.hash, 1, key, ...args], options);
    } catch (error) {
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
