/** A world for the suite of engines: a node in this process, behind a proxy, with a clock that a test moves. */
import { Connection, DetectEngine, type EngineServer, utf8Text } from '#layers/client';
import { startNode } from '#layers/node';
import { TcpProxy } from '../kit/tcp-proxy.js';
import { DEADLINE_MS, type EngineWorld } from './world.js';

const MAX_MEMORY_BYTES = 128 * 2 ** 20;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Connections to it know only the address, and find out that it is a node. */
export async function startNuthatchWorld(): Promise<EngineWorld> {
  let passedMs = 0;
  const clock = {
    wallMs: () => Date.now() + passedMs,
    monotonicMs: () => performance.now() + passedMs,
  };
  const node = await startNode({ port: 0, maxMemoryBytes: MAX_MEMORY_BYTES, clock, log: silent });
  const proxy = await TcpProxy.start(node.port);
  const server: EngineServer = { port: proxy.port, connectDeadlineMs: DEADLINE_MS, maxRetryMs: 50 };
  const other = new Connection({ port: node.port, deadlineMs: DEADLINE_MS });
  await other.ready();
  return {
    connect: (options, host) =>
      new DetectEngine(server, options, host, {
        redis: (_server, _options, _host, found) => {
          throw new Error(`a node was taken for ${found.kind} ${found.version}`);
        },
      }),
    async pass(ms) {
      passedMs += ms;
    },
    plain: (...words) => other.call(words, { decode: utf8Text }),
    network: proxy,
    async stop() {
      other.close();
      await proxy.stop();
      await node.stop();
    },
  };
}
