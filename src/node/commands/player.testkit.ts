/** A real node with a clock of its own, and one client that plays commands to it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Block } from '../../base/index.js';
import { READY, type Reply, ReplyReader } from '../../resp/index.js';
import type { CacheNode } from '../cache-node.js';
import { startCacheNode } from '../node.js';

export interface Player {
  /** The node's wall time in ms; add to it to let time pass. */
  now: number;
  /** Sends all commands at once and collects their replies. */
  play(commands: readonly (readonly string[])[]): Promise<Reply[]>;
  /** Checks every structure of the store. */
  verify(): void;
  readonly node: CacheNode;
}

const START_MS = 1_800_000_000_000;

/** Runs a test's body with a new node, and stops it whatever happens. */
export async function withPlayer(
  body: (player: Player) => Promise<void>,
  maxMemoryBytes = 64 * 2 ** 20,
): Promise<void> {
  const time = { now: START_MS };
  const clock = { wallMs: () => time.now, monotonicMs: () => performance.now() };
  const { running, inside } = await startCacheNode({ port: 0, maxMemoryBytes, clock });
  const socket = connect(running.port, running.host).setNoDelay();
  try {
    await once(socket, 'connect');
    const player = Object.assign(time, {
      play: (commands: readonly (readonly string[])[]) => exchange(socket, commands),
      verify: () => inside.store.verify(),
      node: inside,
    });
    await body(player);
  } finally {
    socket.destroy();
    await running.stop();
  }
}

/** A bulk reply that holds this byte string. */
export function bulk(text: string): Uint8Array {
  return Block.of(text).bytes;
}

function exchange(socket: Socket, commands: readonly (readonly string[])[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  if (commands.length === 0) return Promise.resolve(replies);
  const reader = ReplyReader.ofBytes();
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      reader.feed(new Block(chunk), 0, chunk.length);
      while (reader.next() === READY) replies.push(reader.reply);
      if (replies.length < commands.length) return;
      socket.off('data', onData).off('close', onClose);
      resolve(replies);
    };
    const onClose = (): void => reject(new Error(`The node closed after ${replies.length} replies.`));
    socket.on('data', onData).on('close', onClose);
    socket.write(Buffer.from(commands.map(encode).join(''), 'latin1'));
  });
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
