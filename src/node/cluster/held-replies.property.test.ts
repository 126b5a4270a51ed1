/**
 * The order of what a client receives, against a model that knows only the rule: everything in the order of execution, nothing behind a reply that
 * waits, and what waits ends as it was, or as UNCERTAIN.
 *
 * The model keeps for each connection the list of what it is to hear, each with the offset it waits for; what stands before the first that waits has been
 * heard. Clients are real, so are pipelines, pushes and replies larger than a socket's buffer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode, eventually, resp3, type TestClient } from '../test-client.testkit.js';
import { type MemberNode, twoShards, withMember } from './member.testkit.js';

const RUNS = 60;
const CLIENTS = 2;
const KEYS = ['{bar}1', '{bar}2'];
/** Some of it stays in the kernel or here while the client does not read. */
const LARGE = 'x'.repeat(60_000);
const UNCERTAIN =
  '-UNCERTAIN the write was done here, but this node lost its lease before its replicas confirmed it: it may or may not last\r\n';

type Step =
  | {
      readonly kind: 'requests';
      readonly client: number;
      readonly requests: readonly (readonly [What, number])[];
    }
  | { readonly kind: 'confirm'; readonly share: number }
  | { readonly kind: 'stop reading' | 'read'; readonly client: number }
  | { readonly kind: 'lose' };
type What = 'get' | 'set' | 'large' | 'del' | 'publish' | 'exec' | 'exec del';

const request = fc.tuple(
  fc.constantFrom<What>('get', 'get', 'set', 'large', 'del', 'del', 'publish', 'exec', 'exec del'),
  fc.nat(KEYS.length - 1),
);
const client = fc.nat(CLIENTS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('requests' as const),
      client,
      requests: fc.array(request, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('confirm' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('stop reading' as const, 'read' as const), client }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const) }) },
);

test('whoever waits holds up only its own connection, and nothing changes its place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      await withMember({}, async (node) => {
        const world = await World.of(node);
        for (const one of steps) await world.take(one);
        await world.end();
      });
    }),
    { numRuns: RUNS },
  );
});

/** What a client is to hear: a text, or a reply that waits. */
interface Expected {
  readonly text: string;
  /** Undefined: it speaks of no write. */
  readonly offset: number | undefined;
  readonly waits: boolean;
}

class World {
  readonly #node: MemberNode;
  readonly #clients: TestClient[] = [];
  readonly #expected: Expected[][] = [];
  readonly #values = new Map<string, string>();
  #offset = 0;
  #confirmed = 0;
  #epoch = 1;
  #commands = 0;
  #heardBytes = 0;

  private constructor(node: MemberNode) {
    this.#node = node;
  }

  static async of(node: MemberNode): Promise<World> {
    const world = new World(node);
    node.member.confirmedUpTo = 0;
    for (let i = 0; i < CLIENTS; i++) {
      const one = await node.connect();
      await resp3(one);
      await one.exchange('SUBSCRIBE news', '>3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n');
      world.#clients.push(one);
      world.#expected.push([]);
    }
    world.#commands = node.inside.commandCount;
    world.#heardBytes = node.inside.outbox.bytesOut;
    return world;
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'requests') await this.#send(step.client, step.requests);
    else if (step.kind === 'stop reading') this.#clients[step.client].stopReading();
    else if (step.kind === 'read') this.#clients[step.client].read();
    else if (step.kind === 'confirm')
      await this.#confirm(this.#confirmed + Math.round(step.share * (this.#offset - this.#confirmed)));
    else await this.#lose();
    // What was sent is what was heard: nothing has left before its time.
    if (this.#clients.some(({ socket }) => socket.isPaused())) return;
    for (let who = 0; who < CLIENTS; who++) await this.#hear(who);
    assert.equal(this.#node.inside.outbox.bytesOut, this.#heardBytes);
  }

  /** Everything is confirmed and read, and nothing is left to hear. */
  async end(): Promise<void> {
    for (const one of this.#clients) one.read();
    await this.#confirm(this.#offset);
    for (const one of this.#clients) await one.exchange('ECHO end', '$3\r\nend\r\n');
    assert.equal(this.#node.inside.gate?.held.sessionCount, 0);
  }

  async #send(who: number, requests: readonly (readonly [What, number])[]): Promise<void> {
    const lines: string[][] = [];
    for (const [what, key] of requests) lines.push(...this.#plan(who, what, KEYS[key]));
    this.#clients[who].write(lines.map(encode).join(''));
    this.#commands += lines.length;
    await eventually(() => this.#node.inside.commandCount >= this.#commands, 'all are executed');
    await this.#hear(who);
  }

  /** The requests, and what their sender and others are to hear of them. */
  #plan(who: number, what: What, key: string): string[][] {
    const say = (text: string, waits?: boolean): void => {
      const offset = waits === undefined ? undefined : this.#offset;
      this.#expected[who].push({ text, offset, waits: waits === true });
    };
    switch (what) {
      case 'get':
        say(bulk(this.#values.get(key)));
        return [['GET', key]];
      case 'set':
      case 'large': {
        const value = what === 'large' ? LARGE : String(this.#offset);
        this.#write(key, value);
        say('+OK\r\n', false);
        return [['SET', key, value]];
      }
      case 'del': {
        const count = this.#write(key, undefined);
        say(`:${count}\r\n`, true);
        return [['DEL', key]];
      }
      case 'publish': {
        // Who is subscribed hears it before its own reply.
        for (const expected of this.#expected)
          expected.push({
            text: '>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n',
            offset: undefined,
            waits: false,
          });
        say(`:${CLIENTS}\r\n`);
        return [['PUBLISH', 'news', 'hi']];
      }
      default: {
        say('+OK\r\n');
        say('+QUEUED\r\n');
        say('+QUEUED\r\n');
        const before = this.#values.get(key);
        const takes = what === 'exec del';
        const reply = takes ? `:${this.#write(key, undefined)}\r\n` : '+OK\r\n';
        if (!takes) this.#write(key, 'v');
        say(`*2\r\n${bulk(before)}${reply}`, takes);
        return [['MULTI'], ['GET', key], takes ? ['DEL', key] : ['SET', key, 'v'], ['EXEC']];
      }
    }
  }

  #write(key: string, value: string | undefined): 0 | 1 {
    const was = this.#values.get(key);
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
    this.#offset++;
    return was === undefined ? 0 : 1;
  }

  async #confirm(offset: number): Promise<void> {
    this.#confirmed = offset;
    this.#node.member.confirm(offset);
    for (let who = 0; who < CLIENTS; who++) await this.#hear(who);
  }

  /** Another epoch of the same primary: whatever was not heard of the last one is uncertain, unless the kernel has it. */
  async #lose(): Promise<void> {
    // A client that does not read may have been sent more than it has read: which replies these are the model cannot know.
    for (const one of this.#clients) one.read();
    for (let who = 0; who < CLIENTS; who++) await this.#hear(who);
    this.#expected.forEach((expected, who) => {
      this.#expected[who] = expected.map((one) => ({
        text: one.offset === undefined ? one.text : UNCERTAIN,
        offset: undefined,
        waits: false,
      }));
    });
    this.#epoch++;
    this.#node.member.become('primary', this.#epoch, twoShards({ epoch: this.#epoch }, this.#epoch));
    for (let who = 0; who < CLIENTS; who++) await this.#hear(who);
  }

  /** Whatever waits for nothing comes, and what stands behind it not: the next text to be heard is the first that may. */
  async #hear(who: number): Promise<void> {
    const expected = this.#expected[who];
    const held = expected.findIndex(
      ({ waits, offset }) => waits && offset !== undefined && offset > this.#confirmed,
    );
    if (this.#clients[who].socket.isPaused()) return;
    const due = expected.splice(0, held < 0 ? expected.length : held);
    for (const { text } of due) {
      await this.#clients[who].expect(text);
      this.#heardBytes += text.length;
    }
  }
}

function bulk(value: string | undefined): string {
  return value === undefined ? '_\r\n' : `$${value.length}\r\n${value}\r\n`;
}
