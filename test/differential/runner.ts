/**
 * Plays one scenario on two servers, step by step, and compares what each connection receives.
 *
 * A step is done on both servers before the next begins, so that "who came first" is the same on both. Nothing is
 * awaited by time: a reply that does not come is a failure after `replyTimeoutMs`, and at the end of a scenario each connection
 * is asked once more, so a frame too many is seen as well.
 */
import { RawConnection } from '../kit/connection.js';
import { decode, encodeRequest, plain } from '../kit/frames.js';
import type { TestServer } from '../kit/servers.js';
import { type Context, explain, type Names, rules } from './compare.js';
import type { Scenario, Step } from './script.js';

/** Most repetitions of a question whose answer must change in the end. */
const mostRounds = 100_000;

export interface Mismatch {
  readonly source: string;
  readonly args: readonly string[];
  readonly redis: readonly Buffer[];
  readonly node: readonly Buffer[];
  readonly text: string;
}

export interface Outcome {
  readonly commands: number;
  readonly mismatches: readonly Mismatch[];
}

export async function playScenario(
  scenario: Scenario,
  protocol: 2 | 3,
  redis: TestServer,
  node: TestServer,
): Promise<Outcome> {
  const sides = [await Side.start(redis, protocol), await Side.start(node, protocol)] as const;
  const mismatches: Mismatch[] = [];
  let commands = 0;
  const begun = performance.now();
  try {
    for (const step of [...scenario.steps, ...farewell(scenario)]) {
      const startedAt = Date.now();
      const [fromRedis, fromNode] = await Promise.all(sides.map((side) => side.perform(step, startedAt)));
      if (step.kind === 'request' || step.kind === 'raw') commands++;
      const context = {
        redisNames: sides[0].names(),
        nodeNames: sides[1].names(),
        slackMs: performance.now() - begun,
      };
      const problem = compare(step, fromRedis, fromNode, context);
      if (problem) {
        const { source, args } = step;
        const text = `${source} [RESP${protocol}]${problem}`;
        mismatches.push({ source, args, redis: fromRedis.frames, node: fromNode.frames, text });
      }
      // After a missing frame every later reply would be compared with its neighbor.
      if (fromRedis.problem || fromNode.problem) break;
    }
  } finally {
    await Promise.all(sides.map((side) => side.end()));
  }
  return { commands, mismatches };
}

/** What a step brought: frames, and what went wrong besides. */
export interface Received {
  readonly frames: readonly Buffer[];
  readonly problem?: string;
}

/** One server's part in a scenario: its connections. */
export class Side {
  readonly #server: TestServer;
  readonly #protocol: 2 | 3;
  readonly #connections = new Map<number, RawConnection>();
  readonly #names = new Map<string, string>();

  private constructor(server: TestServer, protocol: 2 | 3) {
    this.#server = server;
    this.#protocol = protocol;
  }

  static async start(server: TestServer, protocol: 2 | 3): Promise<Side> {
    const side = new Side(server, protocol);
    const control = await RawConnection.open(server.port);
    await control.call('FLUSHALL');
    control.close();
    return side;
  }

  names(): Names {
    return [...this.#names];
  }

  async perform(step: Step, startedAt: number): Promise<Received> {
    const frames: Buffer[] = [];
    try {
      const connection = this.#connections.get(step.connection) ?? (await this.#open(step.connection));
      if (step.kind === 'raw') connection.send(step.args.join(''));
      if (step.kind === 'request') {
        connection.send(encodeRequest(step.args.map((arg) => this.#substitute(arg, startedAt))));
      }
      if (step.kind === 'closed') {
        const rest = await connection.untilClosed();
        this.#connections.delete(step.connection);
        return { frames: rest.length > 0 ? [rest] : [] };
      }
      if (step.kind === 'drain') return await drain(connection);
      if (step.rule === 'scan') return { frames: await this.#scan(connection, step) };
      if (step.rule === 'blocked') await this.#untilBlocked(step.connection);
      for (let i = 0; i < step.frames; i++) {
        const frame = await connection.frame();
        if (!frame) return { frames, problem: 'the connection was closed' };
        frames.push(frame);
      }
      return { frames };
    } catch (error) {
      return { frames, problem: (error as Error).message };
    }
  }

  async end(): Promise<void> {
    for (const connection of this.#connections.values()) {
      connection.socket.end();
      await connection.untilClosed().catch(() => connection.close());
    }
  }

  async #open(number: number): Promise<RawConnection> {
    const connection = await RawConnection.open(this.#server.port);
    this.#connections.set(number, connection);
    if (this.#protocol === 3) await connection.call('HELLO', '3');
    this.#names.set(`$id${number}`, String(await connection.call('CLIENT', 'ID')));
    this.#names.set(`$addr${number}`, `127.0.0.1:${connection.socket.localPort}`);
    this.#names.set('$port', String(this.#server.port));
    return connection;
  }

  #substitute(word: string, startedAt: number): string {
    const time = /^\$now(ms)?([+-]\d+)$/.exec(word);
    if (time) return String((time[1] ? startedAt : Math.floor(startedAt / 1000)) + Number(time[2]));
    if (!word.startsWith('$')) return word;
    const number = Number(/^\$(?:id|addr)(\d+)$/.exec(word)?.[1] ?? 0);
    if (number > 0 && !this.#connections.has(number)) throw new Error(`connection ${number} is not open yet`);
    return this.#names.get(word) ?? word;
  }

  /** Asks until the connection is blocked: another one may be served before it otherwise. */
  async #untilBlocked(number: number): Promise<void> {
    const control = await RawConnection.open(this.#server.port);
    const id = this.#names.get(`$id${number}`) as string;
    for (let asked = 0; asked < mostRounds; asked++) {
      if (/ flags=\w*b/.test(String(await control.call('CLIENT', 'LIST', 'ID', id)))) break;
      if (asked === mostRounds - 1) throw new Error(`connection ${number} does not block`);
    }
    control.close();
  }

  /** Goes on with the cursor of each reply until it is 0, and returns all that was found, sorted and once. */
  async #scan(connection: RawConnection, step: Step): Promise<Buffer[]> {
    const found = new Set<string>();
    let [cursor, keys] = (await replyValues(connection)) ?? [];
    for (let rounds = 0; cursor !== undefined && keys !== undefined; rounds++) {
      for (const key of keys) found.add(key);
      if (cursor === '0') return [encodeRequest([...found].sort())];
      if (rounds > mostRounds) throw new Error('the cursor does not come back to 0');
      connection.request(step.args[0], cursor, ...step.args.slice(2));
      [cursor, keys] = (await replyValues(connection)) ?? [];
    }
    return [Buffer.from('no [cursor, keys]')];
  }
}

/** All frames up to the reply of a PING. */
async function drain(connection: RawConnection): Promise<Received> {
  const frames: Buffer[] = [];
  connection.request('PING', 'drained');
  for (;;) {
    const frame = await connection.frame();
    if (!frame) return { frames, problem: 'the connection was closed' };
    frames.push(frame);
    if (frame.includes('drained')) return { frames };
  }
}

async function replyValues(connection: RawConnection): Promise<[string, string[]] | undefined> {
  const frame = await connection.frame();
  if (!frame) return undefined;
  const value = plain(decode(frame));
  return Array.isArray(value) && value.length === 2 ? (value as unknown as [string, string[]]) : undefined;
}

const lastWord = 'and nothing else';

/** One more question on each connection that is still open: whatever else was sent there comes before its reply. */
function farewell(scenario: Scenario): Step[] {
  const open = new Set(scenario.steps.map((step) => step.connection));
  for (const step of scenario.steps) if (step.kind === 'closed') open.delete(step.connection);
  return [...open].map((connection) => ({
    kind: 'request',
    connection,
    args: ['PING', lastWord],
    frames: 1,
    rule: 'last',
    source: `${scenario.title}: the last PING on connection ${connection}`,
    golden: {},
  }));
}

function compare(step: Step, redis: Received, node: Received, context: Context): string | undefined {
  const rule = rules[step.rule];
  if (!rule) return `\n      there is no rule ${step.rule}`;
  const same = redis.problem === node.problem && rule(redis.frames, node.frames, context);
  if (same && !redis.problem) return undefined;
  const problem = (received: Received) => (received.problem ? [Buffer.from(received.problem)] : []);
  return explain([...redis.frames, ...problem(redis)], [...node.frames, ...problem(node)]);
}
