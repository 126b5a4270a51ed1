/**
 * Scenario `memory`: resident bytes per key, 16-byte keys and 64-byte values.
 *
 * One fresh process per contender and kind of key. Its resident size is read when it has just started, and again after
 * some seconds of GETs on the empty store: code compiled, buffers there, garbage made, no key yet. That is "the empty
 * process"; the figure above the just started one is kept in the results as well. Then it is filled to 1 M and on to
 * 10 M keys. That no key was evicted is checked by the server's own count.
 */
import { connect } from 'node:net';
import { AdminClient } from '../load/admin-client.js';
import { runClosedLoop } from '../load/closed-loop.js';
import { residentBytes } from '../proc.js';
import { sleep } from '../processes.js';
import type { NodeBenchOptions } from './options.js';
import type { Progress } from './progress.js';
import { type Contender, type RunningServer, startServer } from './servers.js';

export interface MemoryFigures {
  readonly server: string;
  readonly lifetime: boolean;
  readonly keys: number;
  readonly residentBytes: number;
  readonly startedBytes: number;
  readonly emptyBytes: number;
  readonly perKey: number;
  readonly perKeyAboveStarted: number;
}

const VALUE_BYTES = 64;
const MAX_MEMORY_BYTES = 6 * 1024 ** 3;
/** Far enough that nothing expires while the bench runs; below memcached's 30 days. */
const LIFETIME_S = 20 * 24 * 3600;
const FILL_PIPELINE = 64;
const WARM_UP_MS = 3000;
const SETTLE_MS = 2000;

export async function runMemory(
  contenders: readonly Contender[],
  options: NodeBenchOptions,
  progress: Progress,
): Promise<MemoryFigures[]> {
  const most = options.entries ?? 10_000_000;
  const figures: MemoryFigures[] = [];
  for (const lifetime of [false, true]) {
    for (const contender of contenders) {
      const server = await startServer(contender, {
        core: options.serverCore,
        maxMemoryBytes: MAX_MEMORY_BYTES,
      });
      await sleep(SETTLE_MS);
      const startedBytes = residentBytes(server.pid);
      await load(server, options, { kind: 'get', warmUpMs: 0, measureMs: WARM_UP_MS }, 100_000);
      await sleep(SETTLE_MS);
      const emptyBytes = residentBytes(server.pid);
      let keys = 0;
      for (const wanted of [most / 10, most]) {
        progress.note(`memory: ${contender.name}, ${wanted} keys`);
        const work = { kind: 'fill', firstKey: keys, lifetimeS: lifetime ? LIFETIME_S : 0 } as const;
        await load(server, options, work, wanted - keys);
        keys = wanted;
        await expectKeys(server, keys);
        await sleep(SETTLE_MS);
        const resident = residentBytes(server.pid);
        const figure: MemoryFigures = {
          server: contender.name,
          lifetime,
          keys,
          residentBytes: resident,
          startedBytes,
          emptyBytes,
          perKey: (resident - emptyBytes) / keys,
          perKeyAboveStarted: (resident - startedBytes) / keys,
        };
        figures.push(figure);
        progress.memory(figure);
      }
      await server.stop();
    }
  }
  return figures;
}

async function load(
  server: RunningServer,
  options: NodeBenchOptions,
  work: Parameters<typeof runClosedLoop>[1]['work'],
  keys: number,
): Promise<void> {
  const result = await runClosedLoop(options.loadCore, {
    dialect: server.contender.dialect,
    port: server.port,
    serverPid: server.pid,
    connections: options.connections,
    pipeline: FILL_PIPELINE,
    valueBytes: VALUE_BYTES,
    keys,
    seed: 1,
    work,
  });
  if (result.errors > 0) throw new Error(`${server.contender.name}: ${result.firstError}`);
}

async function expectKeys(server: RunningServer, expected: number): Promise<void> {
  const keys = await (server.contender.dialect === 'resp'
    ? respKeys(server.port)
    : memcachedKeys(server.port));
  if (keys === expected) return;
  throw new Error(
    `${server.contender.name} holds ${keys} of ${expected} keys: it evicted, so the figure is void`,
  );
}

async function respKeys(port: number): Promise<number> {
  const admin = await AdminClient.connect(port);
  const keys = await admin.integer('DBSIZE');
  admin.close();
  return keys;
}

function memcachedKeys(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write('stats\r\n'));
    let text = '';
    socket.once('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!text.endsWith('END\r\n')) return;
      socket.destroy();
      resolve(Number(/STAT curr_items (\d+)/.exec(text)?.[1]));
    });
  });
}
