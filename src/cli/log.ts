/**
 * The log of a node: pino, as one JSON object a line, or as lines for people.
 *
 * The loggers are loaded after the node listens, since loading them takes a quarter of a start and nothing
 * else runs meanwhile. What is logged before waits in `#early` and keeps its place, not its time.
 *
 * JSON is written without blocking: a log reader that hangs must not hang a cache. What it does not take
 * is kept up to MAX_PENDING_BYTES, and dropped beyond.
 */
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../node/index.js';
import type { Screen } from './screen.js';

/** From the least important on. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];
type Facts = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'human' | 'json';
  readonly color: boolean;
  readonly screen: Screen;
}

/** How long after the start the loggers are loaded. */
const FIRST_CLIENTS_MS = 50;
/** Messages that wait for the loggers; further ones are lost. */
const MAX_EARLY = 1000;
/** Log lines that wait for their reader, in bytes. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

interface Sink {
  readonly write: (level: LogLevel, message: string, facts: Facts) => void;
  readonly flush: () => void;
}

export class NodeLog implements Log {
  readonly #options: LogOptions;
  #early: [level: LogLevel, message: string, facts: Facts][] = [];
  #sink: Sink | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  debug(message: string, facts: Facts = {}): void {
    this.#write('debug', message, facts);
  }

  info(message: string, facts: Facts = {}): void {
    this.#write('info', message, facts);
  }

  warn(message: string, facts: Facts = {}): void {
    this.#write('warn', message, facts);
  }

  error(message: string, facts: Facts = {}): void {
    this.#write('error', message, facts);
  }

  /** Loads the loggers, after the first clients had their turn, and writes what has waited for them. */
  async open(): Promise<void> {
    await delay(FIRST_CLIENTS_MS);
    this.#sink =
      this.#options.format === 'json' ? await jsonSink(this.#options) : await humanSink(this.#options);
    for (const [level, message, facts] of this.#early) this.#sink.write(level, message, facts);
    this.#early = [];
  }

  /** Writes out everything before the process ends. */
  flush(): void {
    this.#sink?.flush();
    // It ends before the loggers were loaded: what they would have said is said without them.
    const early = this.#early;
    this.#early = [];
    for (const [level, message, facts] of early) {
      const line = { level, time: new Date().toISOString(), pid: process.pid, ...plain(facts), message };
      if (this.#options.format === 'json') writeNow(`${JSON.stringify(line)}\n`);
      else this.#options.screen.print(`${level.toUpperCase()}: ${message} ${JSON.stringify(plain(facts))}\n`);
    }
  }

  #write(level: LogLevel, message: string, facts: Facts): void {
    if (this.#sink !== undefined) this.#sink.write(level, message, facts);
    else if (
      logLevels.indexOf(level) >= logLevels.indexOf(this.#options.level) &&
      this.#early.length < MAX_EARLY
    ) {
      this.#early.push([level, message, facts]);
    }
  }
}

/** Nobody may read it any more: that is no reason not to end. */
function writeNow(line: string): void {
  try {
    writeSync(1, line);
  } catch {}
}

async function jsonSink({ level }: LogOptions): Promise<Sink> {
  const { destination } = await import('pino');
  const output = destination({ dest: 1, sync: false, maxLength: MAX_PENDING_BYTES });
  return { write: await pinoWriter(level, output), flush: () => output.flushSync() };
}

async function humanSink({ level, color, screen }: LogOptions): Promise<Sink> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: color,
    singleLine: true,
    messageKey: 'message',
    errorLikeObjectKeys: ['error'],
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid',
  });
  const output = {
    write(line: string) {
      screen.print(pretty(line));
    },
  };
  return { write: await pinoWriter(level, output), flush: () => {} };
}

async function pinoWriter(level: LogLevel, output: { write(line: string): void }): Promise<Sink['write']> {
  const { pino, stdSerializers, stdTimeFunctions } = await import('pino');
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    output,
  );
  return (at, message, facts) => logger[at](facts, message);
}

/** Errors have nothing that JSON would show. */
function plain(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
}
