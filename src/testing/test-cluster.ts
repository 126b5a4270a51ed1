/**
 * `nuthatch/testing`: a whole cluster in the process of a test, with real sockets and real failovers.
 *
 *   const cluster = await startTestCluster({ shards: 1, replicas: 2 });
 *   const cache = createCache({ nodes: cluster.urls });
 *   await cluster.primaryOf('user:1').kill();        as a crash; a replica takes over in some 2 s
 *   await cluster.writable('user:1');                resolves when somebody may write that key
 *   await cluster.stop();
 *
 * Ports are free ones of the loopback, folders temporary. A node takes some 30 MB beside its data, and a thread.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeOptions, OptionsError, type RunningNode, startNode } from '../node/index.js';

const MIB = 2 ** 20;
const LOOK_EVERY_MS = 20;
const READY_WITHIN_MS = 60_000;
/** Each has a thread; more of them on the cores of one machine are too slow to keep their leases. */
const MAX_NODES = 64;

export interface TestClusterOptions {
  /** Default 1. */
  readonly shards?: number;
  /** Copies of each shard besides its primary. Default 1. */
  readonly replicas?: number;
  /** Nodes that vote and hold no data. Default: one if there would be two nodes, so that one can be lost; else none. */
  readonly witnesses?: number;
  /** Of each node. Default 32 MiB. */
  readonly maxMemoryBytes?: number;
  /** What else each node is told. */
  readonly node?: Omit<NodeOptions, 'cluster' | 'host' | 'port' | 'maxMemoryBytes'>;
}

/** Resolves when every shard has a primary that may write and its replicas in sync. Rejects with an OptionsError that names all that is wrong. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { shards = 1, replicas = 1 } = options;
  const holding = shards * (1 + replicas);
  const { witnesses = holding === 2 ? 1 : 0 } = options;
  const problems = sizeProblems({ shards, replicas, witnesses });
  if (problems.length > 0) throw new OptionsError(problems);
  const folder = await mkdtemp(join(tmpdir(), 'nuthatch-'));
  const nodes: TestNode[] = [];
  const cluster = new TestCluster(folder, nodes);
  try {
    for (let i = 0; i < holding + witnesses; i++) {
      const node = new TestNode(options, join(folder, `${i + 1}`), i >= holding, nodes);
      await node.start();
      nodes.push(node);
    }
    const addresses = nodes.map(({ address }) => address);
    const problem = await nodes[0]?.control.begin({ shards, replicas, addresses });
    if (problem !== undefined) throw new Error(`the cluster is not begun: ${problem}`);
    await cluster.ready();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

function sizeProblems(size: {
  readonly shards: number;
  readonly replicas: number;
  readonly witnesses: number;
}): string[] {
  const { shards, replicas, witnesses } = size;
  const problems = Object.entries(size).flatMap(([name, count]) => {
    const least = name === 'shards' ? 1 : 0;
    const isRight = Number.isInteger(count) && count >= least && count <= MAX_NODES;
    return isRight ? [] : [`${name} is ${String(count)}; give a whole number from ${least} to ${MAX_NODES}.`];
  });
  const nodes = shards * (1 + replicas) + witnesses;
  if (problems.length === 0 && nodes > MAX_NODES)
    problems.push(
      `${nodes} nodes are needed, and a cluster in one process has at most ${MAX_NODES}: give fewer shards or replicas.`,
    );
  return problems;
}

export class TestCluster {
  /** In the order in which they were started; witnesses last. */
  readonly nodes: readonly TestNode[];
  readonly #folder: string;

  constructor(folder: string, nodes: readonly TestNode[]) {
    this.#folder = folder;
    this.nodes = nodes;
  }

  /** redis://HOST:PORT of each node that runs. */
  get urls(): readonly string[] {
    return this.#running.map(({ address }) => `redis://${address}`);
  }

  /** Who is primary of a key. Throws when nobody is. */
  primaryOf(key: string): TestNode {
    for (const node of this.#running) {
      const address = node.control.primaryOf(key);
      const primary = this.#running.find((one) => one.address === address);
      if (primary !== undefined) return primary;
    }
    throw new Error(`nobody that runs is primary of ${key}`);
  }

  /** Resolves when a node may write this key. */
  async writable(key: string): Promise<void> {
    await until(`${key} can be written`, async () => {
      for (const node of this.#running) {
        const { copy } = await node.control.status();
        if (copy?.role === 'primary' && copy.leaseLeftMs > 0 && node.control.primaryOf(key) === node.address)
          return true;
      }
      return false;
    });
  }

  /** Resolves when every node that runs and holds data is a primary that may write, or a replica that follows. */
  async ready(): Promise<void> {
    await until('all nodes are ready', async () => {
      for (const { control, isWitness } of this.#running) {
        const { copy, version } = await control.status();
        const isFine = copy === undefined ? isWitness && version > 0 : isReady(copy);
        if (!isFine) return false;
      }
      return true;
    });
  }

  /** Ends all nodes and removes their folders. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #running(): TestNode[] {
    return this.nodes.filter(({ isRunning }) => isRunning);
  }
}

export class TestNode {
  readonly isWitness: boolean;
  readonly #options: TestClusterOptions;
  readonly #folder: string;
  readonly #others: readonly TestNode[];
  #node: RunningNode | undefined;
  #ports = { client: 0, bus: 0 };

  constructor(options: TestClusterOptions, folder: string, isWitness: boolean, others: readonly TestNode[]) {
    this.#options = options;
    this.#folder = folder;
    this.isWitness = isWitness;
    this.#others = others;
  }

  get isRunning(): boolean {
    return this.#node !== undefined;
  }

  /** HOST:PORT for clients. */
  get address(): string {
    return `127.0.0.1:${this.#ports.client}`;
  }

  /** What an operator would do with it. Throws when it does not run. */
  get control() {
    const control = this.#node?.cluster;
    if (control === undefined) throw new Error(`the node on ${this.address} does not run`);
    return control;
  }

  /** Starts it, or starts it again at its place, with what its folder kept of its promises: its data is gone. */
  async start(): Promise<void> {
    if (this.#node !== undefined) return;
    const { maxMemoryBytes = 32 * MIB, node } = this.#options;
    const others = this.#others.filter(({ isRunning }) => isRunning);
    this.#node = await startNode({
      ...node,
      host: '127.0.0.1',
      port: this.#ports.client,
      maxMemoryBytes,
      cluster: {
        busPort: this.#ports.bus,
        dataFolder: this.#folder,
        isWitness: this.isWitness,
        join: others.map(({ control }) => `127.0.0.1:${control.busPort}`),
      },
    });
    this.#ports = { client: this.#node.port, bus: this.control.busPort };
  }

  /** Ends it at once, as a crash does: nobody is told, and connections break. */
  async kill(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    await node?.stop();
  }

  /** Ends it as SIGTERM does: hands over, answers what has arrived, and says goodbye. */
  async end(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    await node?.drain();
  }
}

interface Copied {
  readonly role: 'primary' | 'replica';
  readonly leaseLeftMs: number;
  readonly staleMs: number;
  readonly followers: readonly { readonly isInSync: boolean; readonly offset: number }[];
}

/** A replica that has everything of the last second follows. */
const FOLLOWS_MS = 1_000;

function isReady({ role, leaseLeftMs, staleMs, followers }: Copied): boolean {
  if (role === 'replica') return staleMs < FOLLOWS_MS;
  return leaseLeftMs > 0 && followers.every(({ isInSync }) => isInSync);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + READY_WITHIN_MS;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not within ${READY_WITHIN_MS / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
