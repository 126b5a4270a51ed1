/**
 * The scripts under a clock that a test moves. Where they ask the server for the time, or how long a key lives, they get
 * it from the test; the keys themselves live until long after the test, and what has expired is deleted when time moves.
 */
import assert from 'node:assert/strict';
import type { Reply } from '../../../resp/index.js';
import { utf8Text } from '../../bulk-decoders.js';
import type { Argument, Connection } from '../../index.js';
import { PATIENCE_MS } from '../redis-server.testkit.js';
import { beginWriteScript } from './begin-write.js';
import { failScript } from './fail.js';
import { fillScript } from './fill.js';
import { type LuaScript, luaScript } from './lua-script.js';
import { putScript } from './put.js';
import { readScript } from './read.js';
import { removeScript } from './remove.js';
import { renewScript } from './renew.js';
import { softenScript } from './soften.js';
import { watchScript } from './watch.js';

const TEXT = { decode: utf8Text, deadlineMs: PATIENCE_MS };
/** In the year 2100, so that no key expires by itself. */
export const START_MS = 4_102_444_800_000;

export const scripts = {
  read: readScript,
  watch: watchScript,
  fill: fillScript,
  fail: failScript,
  renew: renewScript,
  soften: softenScript,
  beginWrite: beginWriteScript,
  put: putScript,
  remove: removeScript,
};

function replaced(text: string, part: string, by: string): string {
  assert.ok(text.includes(part), `the script says ${part}`);
  return text.replaceAll(part, by);
}

function inTime(script: LuaScript): LuaScript {
  const ask = "redis.call('PTTL', key)";
  const compute =
    "(function () local e = redis.call('PEXPIRETIME', key) return e < 0 and e or e - now end)()";
  const clock = 'clock[1] * 1000 + math.floor(clock[2] / 1000)';
  return luaScript(replaced(replaced(script.source, clock, 'tonumber(ARGV[#ARGV])'), ask, compute));
}

const timed = Object.fromEntries(
  Object.entries(scripts).map(([name, script]) => [name, inTime(script)]),
) as Record<keyof typeof scripts, LuaScript>;

export class ScriptsInTime {
  readonly connection: Connection;
  nowMs = START_MS;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Runs a script; its answer with all texts decoded. */
  run(name: keyof typeof scripts, key: string, ...args: Argument[]): Promise<Reply<string>> {
    return this.connection.call(['EVAL', timed[name].source, 1, key, ...args, this.nowMs], TEXT);
  }

  /** The text of a script, which takes the time as its last argument. */
  source(name: keyof typeof scripts): string {
    return timed[name].source;
  }

  read(key: string, mode = 'lease', token = 't', leaseMs = 5_000): Promise<Reply<string>> {
    return this.run('read', key, mode, token, leaseMs);
  }

  fill(key: string, token: string, value: string, ttl = 0, fresh = 0, load = 0, absent = 0) {
    return this.run('fill', key, token, value, ttl, fresh, load, absent);
  }

  /** A plain command, as a stranger would send it. */
  call(...args: Argument[]): Promise<Reply<string>> {
    return this.connection.call(args, TEXT);
  }

  /** Time passes, and what has expired is gone. */
  async pass(ms: number, ...keys: string[]): Promise<void> {
    this.nowMs += ms;
    for (const key of keys) {
      const end = (await this.call('PEXPIRETIME', key)) as number;
      if (end >= 0 && end < this.nowMs) await this.call('DEL', key);
    }
  }
}
