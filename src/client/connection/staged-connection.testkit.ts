/** A connection to a fake server, with time that a test moves. */
import assert from 'node:assert/strict';
import { ClientError, Connection, type ConnectionEvent, type ConnectionOptions } from '../index.js';
import { type FakePeer, FakeServer, ManualTime } from './fake-server.testkit.js';

export interface Stage {
  readonly server: FakeServer;
  readonly connection: Connection;
  readonly time: ManualTime;
  readonly events: ConnectionEvent[];
  /** What was pushed, and what a call with `take` got, in the order of happening. */
  readonly happened: unknown[];
}

/** A connection to a fake server, closed and stopped at the end. */
export async function withConnection(
  options: ConnectionOptions,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  const server = await FakeServer.start();
  const time = new ManualTime();
  const events: ConnectionEvent[] = [];
  const happened: unknown[] = [];
  const connection = new Connection({
    port: server.port,
    time,
    random: { uint32: () => 2 ** 32 - 1, below: () => 0 },
    onEvent: (event) => events.push(event),
    onPush: (items) => happened.push(items),
    ...options,
  });
  try {
    await body({ server, connection, time, events, happened });
  } finally {
    connection.close();
    await server.stop();
  }
}

/** The same, once the handshake is over. */
export async function withReady(
  options: ConnectionOptions,
  body: (stage: Stage & { peer: FakePeer }) => Promise<void>,
): Promise<void> {
  await withConnection(options, async (stage) => {
    const ready = stage.connection.ready();
    const peer = await stage.server.peer();
    await peer.greet();
    await ready;
    await body({ ...stage, peer });
  });
}

/** Checks the code of a ClientError. */
export const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof ClientError, String(error));
  assert.equal(error.code, expected, error.message);
  return true;
};
