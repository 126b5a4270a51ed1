import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { Random } from '../../base/index.js';
import { recordingLog } from '../meta/states.testkit.js';
import { MessageStreams } from './message-streams.js';
import { REPLICATION } from './stream-form.js';

/** One end of a stream in memory; the other end gets what is written, when it is let through. */
class Pipe extends Duplex {
  other: Pipe | undefined;
  isHeld = false;
  #done: (() => void) | undefined;

  static pair(): [Pipe, Pipe] {
    const [a, b] = [new Pipe(), new Pipe()];
    a.other = b;
    b.other = a;
    for (const one of [a, b]) one.on('error', () => {});
    return [a, b];
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.other?.push(Buffer.from(chunk));
    if (this.isHeld) this.#done = done;
    else done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    this.other = undefined;
    other?.destroy();
    done(error);
  }

  letThrough(): void {
    this.isHeld = false;
    this.#done?.();
  }
}

class Node {
  readonly name: string;
  readonly heard: string[] = [];
  /** Who had a large message on its way, at each tick. */
  readonly arriving: string[] = [];
  readonly settled: [message: string, isSent: boolean][] = [];
  readonly log = recordingLog();
  /** Streams that were opened here. */
  readonly opened: Pipe[] = [];
  readonly streams: MessageStreams;
  cluster: string | undefined = 'c1';
  hasRoom = true;
  /** Who is reached; undefined: nobody. */
  peer: Node | undefined;
  attempts = 0;
  #nowMs = 0;

  constructor(name: string, life = '1-a') {
    this.name = name;
    this.streams = new MessageStreams({
      form: REPLICATION,
      life,
      cluster: () => this.cluster,
      open: async () => {
        this.attempts++;
        if (this.peer === undefined) throw new Error('nobody is there');
        const [near, far] = Pipe.pair();
        this.opened.push(near);
        this.peer.streams.accept(this.name, far);
        return near;
      },
      random: new Random(1),
      log: this.log,
      take: ({ node, incarnation }, message) => {
        if (this.hasRoom) this.heard.push(`${node}/${incarnation} ${Buffer.from(message).toString()}`);
        return this.hasRoom;
      },
      settled: (message, isSent) => void this.settled.push([Buffer.from(message).toString(), isSent]),
      arriving: ({ node, incarnation }) => void this.arriving.push(`${node}/${incarnation}`),
    });
  }

  say(text: string): void {
    this.streams.send('b', Buffer.from(text));
  }

  advance(ms: number): void {
    for (const endMs = this.#nowMs + ms; this.#nowMs < endMs; ) this.streams.tick((this.#nowMs += 50));
  }
}

function pair(): { a: Node; b: Node } {
  const [a, b] = [new Node('a', '3-c'), new Node('b')];
  a.peer = b;
  return { a, b };
}

/** Lets everything that is under way arrive. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('messages go one way, in order, named by the life that sends them, over one stream', async () => {
  const { a, b } = pair();
  for (const text of ['1', '2', '3']) a.say(text);
  await settled();
  a.say('4');
  await settled();
  assert.deepEqual(b.heard, ['a/3-c 1', 'a/3-c 2', 'a/3-c 3', 'a/3-c 4']);
  assert.equal(a.opened.length, 1);
  assert.deepEqual(a.streams.statuses, [{ node: 'b', direction: 'to', isOpen: true, queuedBytes: 0 }]);
  assert.deepEqual(b.streams.statuses, [{ node: 'a', direction: 'from', isOpen: true, queuedBytes: 0 }]);
});

test('a stream that is lost is opened again after a while; what was said in between is lost', async () => {
  const { a, b } = pair();
  a.say('1');
  await settled();
  a.opened[0]?.destroy();
  await settled();
  a.say('2');
  await settled();
  assert.equal(a.attempts, 1);
  a.advance(200);
  a.say('3');
  await settled();
  assert.deepEqual(b.heard, ['a/3-c 1', 'a/3-c 3']);
});

test('nobody is called all the time who is not there', async () => {
  const { a } = pair();
  a.peer = undefined;
  for (let i = 0; i < 200; i++) {
    a.say('x');
    await settled();
    a.advance(50);
  }
  assert.ok(a.attempts > 5 && a.attempts < 30, `${a.attempts} attempts in 10 s`);
  assert.deepEqual(a.streams.statuses, [{ node: 'b', direction: 'to', isOpen: false, queuedBytes: 0 }]);
});

test('to who takes nothing no more waits than some windows; what comes then is lost, not what is on its way', async () => {
  const { a, b } = pair();
  a.say('1');
  await settled();
  const [stream] = a.opened;
  assert.ok(stream !== undefined);
  stream.isHeld = true;
  const padding = 'x'.repeat(1024 * 1024);
  let most = 0;
  for (let i = 0; i < 20; i++) {
    a.say(`${i} ${padding}`);
    most = Math.max(most, a.streams.statuses[0]?.queuedBytes ?? 0);
  }
  assert.ok(most > 8 * 1024 * 1024 && most < 10 * 1024 * 1024, `${most} bytes waited`);
  stream.letThrough();
  while ((a.streams.statuses[0]?.queuedBytes ?? 0) > 0) await settled();
  a.say('2');
  await settled();
  const numbers = b.heard.map((line) => line.slice('a/3-c '.length).split(' ', 1)[0]);
  assert.deepEqual(numbers, ['1', '0', '1', '2', '3', '4', '5', '6', '7', '8', '2']);
});

test('a large message goes in pieces, with turns of the loop in between', async () => {
  const { a, b } = pair();
  a.say('1');
  await settled();
  const large = 'y'.repeat(4 * 1024 * 1024);
  a.say(large);
  a.say('2');
  const rest = a.streams.statuses[0]?.queuedBytes ?? 0;
  assert.ok(rest > 3 * 1024 * 1024, 'most of it waits for later turns');
  let turns = 0;
  for (; b.heard.length < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(turns >= 10, `${turns} turns`);
  assert.deepEqual(b.heard, ['a/3-c 1', `a/3-c ${large}`, 'a/3-c 2']);
});

test('a newer stream of a node takes the place of its older one', async () => {
  const { a, b } = pair();
  a.say('old');
  await settled();
  const reborn = new Node('a', '4-d');
  reborn.peer = b;
  reborn.say('new');
  await settled();
  a.say('late');
  await settled();
  assert.deepEqual(b.heard, ['a/3-c old', 'a/4-d new']);
  assert.ok(a.opened[0]?.destroyed);
});

test('a stream of another cluster, of garbage, or of more than there is room for is ended, and told once', async () => {
  const { a, b } = pair();
  const warnings = () => b.log.lines.filter((line) => line.startsWith('warn'));
  a.cluster = 'c2';
  a.say('1');
  await settled();
  assert.deepEqual(b.heard, []);
  assert.match(warnings()[0] ?? '', /replication from a is ended.*another cluster/);
  a.advance(200);
  a.say('2');
  await settled();
  assert.equal(warnings().length, 1);

  const [near, far] = Pipe.pair();
  b.streams.accept('x', far);
  near.write('GET / HTTP/1.1\r\n');
  await settled();
  assert.ok(near.destroyed);

  const full = new Node('f');
  full.peer = b;
  b.hasRoom = false;
  full.say('1');
  await settled();
  assert.ok(full.opened[0]?.destroyed);
  assert.match(warnings().at(-1) ?? '', /it sends more than is taken here/);
});

test('who belongs to no cluster sends nothing; an idle stream is closed, and all are at the end', async () => {
  const { a, b } = pair();
  a.cluster = undefined;
  a.say('1');
  await settled();
  assert.equal(a.attempts, 0);
  a.cluster = 'c1';
  a.say('2');
  await settled();
  a.advance(31_000);
  await settled();
  assert.deepEqual([a.streams.statuses, b.streams.statuses], [[], []]);
  a.say('3');
  await settled();
  a.streams.close();
  await settled();
  assert.deepEqual([a.streams.statuses, b.streams.statuses], [[], []]);
  assert.deepEqual(b.heard, ['a/3-c 2', 'a/3-c 3']);
});

test('a large message on its way is told at each tick in which more of it came, and only then', async () => {
  const { a, b } = pair();
  a.say('1');
  await settled();
  b.advance(50);
  assert.deepEqual(b.arriving, [], 'what is whole is no part');
  const [stream] = a.opened;
  assert.ok(stream !== undefined);
  stream.isHeld = true;
  a.say('y'.repeat(200_000));
  await settled();
  b.advance(200);
  assert.deepEqual(b.arriving, ['a/3-c']);
  stream.letThrough();
  await settled();
  b.advance(200);
  assert.deepEqual(b.arriving, ['a/3-c']);
  assert.equal(b.heard.length, 2);
});

test('each message is settled once: as sent, or as dropped', async () => {
  const { a } = pair();
  a.say('1');
  await settled();
  assert.deepEqual(a.settled, [['1', true]]);
  const [stream] = a.opened;
  assert.ok(stream !== undefined);
  stream.isHeld = true;
  for (const text of ['2', '3']) a.say(text.repeat(100_000));
  a.say('4');
  stream.destroy();
  await settled();
  a.say('5');
  a.cluster = undefined;
  a.say('6');
  const short = a.settled.map(([text, isSent]) => [text[0], isSent]);
  assert.deepEqual(short.slice(1).sort(), [
    ['2', false],
    ['3', false],
    ['4', false],
    ['5', false],
    ['6', false],
  ]);
});
