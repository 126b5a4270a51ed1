/**
 * `nuthatch call`: sends commands to a node and prints what it answers, for who has no redis-cli.
 *
 * One command from the arguments, or one a line from standard input, each sent when the one before is
 * answered. Replies go to standard output; an error that is the whole answer goes to standard error and
 * makes the exit code 1, also when the node refuses what has to come first (password, protocol, database).
 */
import { createInterface } from 'node:readline';
import { Block } from '../base/index.js';
import { type Reply, ReplyError, ReplyPush, Request, splitInline } from '../resp/index.js';
import { CallConnection, type CallTarget, ConnectionError } from './call-connection.js';
import { ExitCode } from './exit-codes.js';
import { GreetingError, greet, hintFor } from './greeting.js';
import { jsonReply, rawReply, shownReply } from './reply-text.js';

export interface CallOptions extends CallTarget {
  /** Empty: none. */
  readonly password: string;
  readonly db: number;
  readonly resp: 2 | 3;
  readonly format: CallFormat;
}

export type CallFormat = 'shown' | 'raw' | 'json';

/** `words`: the command; none, or "-" alone, reads commands from standard input. */
export async function call(words: readonly string[], options: CallOptions): Promise<ExitCode> {
  // Who reads our output may stop reading it: `nuthatch call KEYS '*' | head`.
  process.stdout.on('error', () => process.exit(ExitCode.OK));
  let connection: CallConnection | undefined;
  try {
    connection = await CallConnection.connect(options);
    await greet(connection, options);
    const caller = new Caller(connection, options);
    if (words.length > 0 && !(words.length === 1 && words[0] === '-')) {
      return await caller.call(words.map((word) => Buffer.from(word)));
    }
    return await callLines(caller);
  } catch (error) {
    if (!(error instanceof ConnectionError || error instanceof GreetingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof GreetingError ? ExitCode.ERROR_REPLY : ExitCode.UNAVAILABLE;
  } finally {
    connection?.close();
  }
}

async function callLines(caller: Caller): Promise<ExitCode> {
  let worst: ExitCode = ExitCode.OK;
  let number = 0;
  // One char per byte, so that what is no UTF-8 passes unharmed.
  for await (const line of createInterface({ input: process.stdin.setEncoding('latin1') })) {
    number++;
    const words = splitLine(line);
    if (words === undefined) {
      process.stderr.write(
        `Line ${number}: a quote is not closed, or something follows it without a blank.\n`,
      );
      worst = ExitCode.USAGE;
    } else if (words.length > 0) {
      worst = Math.max(worst, await caller.call(words)) as ExitCode;
    }
  }
  return worst;
}

/** A line by the rules of inline commands: "double \x00 quotes", 'single'. Undefined when quotes do not match. */
export function splitLine(line: string): Uint8Array[] | undefined {
  const request = new Request();
  if (!splitInline(request, Block.of(line), 0, line.length)) return undefined;
  const { block, starts, lengths, count } = request;
  return Array.from({ length: count }, (_, i) => block.bytes.slice(starts[i], starts[i] + lengths[i]));
}

/** Commands whose reply is a text for people: it is shown as it is, without quotes. */
const TEXTS = [
  'INFO',
  'CLIENT INFO',
  'CLIENT LIST',
  'CLUSTER INFO',
  'CLUSTER NODES',
  'LATENCY DOCTOR',
  'LATENCY GRAPH',
  'MEMORY DOCTOR',
  'MEMORY MALLOC-STATS',
];

/** Commands that are answered for as long as the connection lasts. */
const ENDLESS = ['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'MONITOR'];

class Caller {
  readonly #connection: CallConnection;
  readonly #format: CallFormat;
  /** What CLIENT REPLY has left of the replies. */
  #replies: 'on' | 'off' | 'skip next' = 'on';

  constructor(connection: CallConnection, { format }: CallOptions) {
    this.#connection = connection;
    this.#format = format;
  }

  async call(words: readonly Uint8Array[]): Promise<ExitCode> {
    const names = words.slice(0, 3).map((word) => Buffer.from(word).toString('latin1').toUpperCase());
    this.#connection.send(words);
    if (!this.#isAnswered(names)) return ExitCode.OK;
    if (ENDLESS.includes(names[0])) return this.#printForEver();
    try {
      let reply = await this.#connection.next();
      // A push answers nothing.
      while (reply instanceof ReplyPush && !names[0].endsWith('UNSUBSCRIBE'))
        reply = await this.#connection.next();
      return this.#print(reply, TEXTS.includes(names[0]) || TEXTS.includes(names.slice(0, 2).join(' ')));
    } catch (error) {
      // A node that shuts down says nothing more.
      if (names[0] === 'SHUTDOWN' && error instanceof ConnectionError) return ExitCode.OK;
      throw error;
    }
  }

  #isAnswered([command, subcommand, mode]: readonly string[]): boolean {
    const before = this.#replies;
    if (before === 'skip next') this.#replies = 'on';
    if (command === 'CLIENT' && subcommand === 'REPLY') {
      if (mode === 'ON') this.#replies = 'on';
      if (mode === 'OFF') this.#replies = 'off';
      if (mode === 'SKIP' && before !== 'off') this.#replies = 'skip next';
      if (mode === 'SKIP' || mode === 'OFF') return false;
      return true;
    }
    return before === 'on';
  }

  async #printForEver(): Promise<ExitCode> {
    for (;;) {
      const reply = await this.#connection.next();
      const code = this.#print(reply);
      if (code !== ExitCode.OK) return code;
    }
  }

  #print(reply: Reply, isText = false): ExitCode {
    if (reply instanceof ReplyError) {
      const text = this.#format === 'raw' ? reply.text : `(error) ${reply.text}`;
      process.stderr.write(`${Buffer.from(text, 'latin1')}\n${hintFor(reply)}`);
      return ExitCode.ERROR_REPLY;
    }
    const format = isText && this.#format === 'shown' ? 'raw' : this.#format;
    if (format === 'json') process.stdout.write(`${jsonReply(reply)}\n`);
    else process.stdout.write(`${format === 'raw' ? rawReply(reply) : shownReply(reply)}\n`, 'latin1');
    return ExitCode.OK;
  }
}
