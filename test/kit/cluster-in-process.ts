/** A whole cluster in this process: its nodes on the loopback, each with a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, ReplyFailure, utf8Text } from '#layers/client';
import { type NodeOptions, type RunningNode, startNode } from '#layers/node';

const DEADLINE_MS = 20_000;
const PAUSE_MS = 20;
const MAX_MEMORY_BYTES = 32 * 2 ** 20;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface ClusterShape {
  readonly shards: number;
  readonly replicas: number;
}

export class ClusterInProcess {
  readonly nodes: RunningNode[];
  readonly #folder: string;
  readonly #connections = new Map<number, Connection>();
  readonly #stopped = new Set<RunningNode>();

  private constructor(nodes: RunningNode[], folder: string) {
    this.nodes = nodes;
    this.#folder = folder;
  }

  /** Starts as many nodes as it takes, and resolves when all shards can be written. */
  static async start(
    { shards, replicas }: ClusterShape,
    options: NodeOptions = {},
  ): Promise<ClusterInProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'nuthatch-cluster-'));
    const nodes: RunningNode[] = [];
    const cluster = new ClusterInProcess(nodes, folder);
    try {
      const join: string[] = [];
      for (let i = 0; i < shards * (1 + replicas); i++) {
        const busPort = await freePort();
        nodes.push(
          await startNode({
            port: 0,
            maxMemoryBytes: MAX_MEMORY_BYTES,
            log: silent,
            ...options,
            cluster: { dataFolder: `${folder}/${i}`, busPort, join: [...join] },
          }),
        );
        join.push(`127.0.0.1:${busPort}`);
      }
      const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
      await cluster.call(nodes[0].port, 'CLUSTER', 'INIT', String(shards), String(replicas), ...addresses);
      await cluster.#writable();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get ports(): number[] {
    return this.nodes.filter((node) => !this.#stopped.has(node)).map(({ port }) => port);
  }

  /** Asks a node, bulks as text. */
  async call(port: number, ...words: string[]): Promise<unknown> {
    let connection = this.#connections.get(port);
    if (connection === undefined) {
      connection = new Connection({ port, deadlineMs: DEADLINE_MS });
      this.#connections.set(port, connection);
    }
    await connection.ready();
    return connection.call(words, { decode: utf8Text });
  }

  /** Asks the node that has the key, the second word, as any client of a cluster does. */
  async plain(...words: string[]): Promise<unknown> {
    const untilMs = performance.now() + DEADLINE_MS;
    for (let [port] = this.ports; ; ) {
      try {
        return await this.call(port, ...words);
      } catch (error) {
        if (!(error instanceof ReplyFailure) || performance.now() > untilMs) throw error;
        if (error.replyCode === 'MOVED') port = Number(error.reply.split(':').at(-1));
        else if (error.replyCode === 'CLUSTERDOWN') await pause();
        else throw error;
      }
    }
  }

  /** The port of the primary of a key. */
  async primaryOf(key: string): Promise<number> {
    for (const port of this.ports) {
      const slot = Number(await this.call(port, 'CLUSTER', 'KEYSLOT', key));
      const slots = (await this.call(port, 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
      const range = slots.find(([first, last]) => first <= slot && slot <= last);
      if (range !== undefined) return range[2][1];
    }
    throw new Error(`nobody has ${key}`);
  }

  /** Ends a node as a crash would: nobody is told. */
  async kill(port: number): Promise<void> {
    const node = this.nodes.find((one) => one.port === port);
    if (node === undefined) throw new Error(`no node is at ${port}`);
    this.#stopped.add(node);
    this.#connections.get(port)?.close();
    await node.stop();
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    await Promise.all(this.nodes.map((node) => node.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A key of each of many slots can be written. */
  async #writable(): Promise<void> {
    for (let i = 0; i < 32; i++) await this.plain('SET', `begin:${i}`, 'x', 'PX', '1');
  }
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
