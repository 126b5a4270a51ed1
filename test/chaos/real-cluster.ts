/** A cluster of real nodes, each at a place of its own, and what is done to it: what the chaos and the torture share. */
import { nowNs } from '../kit/rows.js';
import type { Net, Place } from './network.js';
import { type ChaosNode, Nodes } from './nodes.js';
import { ask, ownersOf, type Product } from './products.js';
import { ownerOf } from './slots.js';

/** All has to be well again within this time; liveness says 10 s, on a machine that is not busy. */
const WELL_MS = 90_000;
const LOOK_MS = 250;

export interface RealClusterOptions {
  readonly product: Product;
  readonly network: Net;
  /** So many nodes, at the first places. */
  readonly nodes: number;
  readonly shards: number;
  /** Each node has a disk of its own that can be filled. */
  readonly hasSmallDisks: boolean;
}

export class RealCluster {
  readonly nodes: Nodes;
  readonly #product: Product;
  readonly #network: Net;
  readonly #shards: number;

  constructor({ product, network, nodes, shards, hasSmallDisks }: RealClusterOptions) {
    this.#product = product;
    this.#network = network;
    this.#shards = shards;
    this.nodes = new Nodes(product, network.places.slice(0, nodes), hasSmallDisks);
  }

  /** Starts all nodes and makes them a cluster, which may not be well yet. */
  async form(): Promise<void> {
    const { all } = this.nodes;
    for (const node of all) this.nodes.start(node);
    const answers = (node: ChaosNode) => ask(node, this.#product.password, ['PING']);
    await until(
      async () => (await Promise.all(all.map(answers))).every((reply) => reply === 'PONG'),
      WELL_MS,
    );
    await this.#product.form(all, this.#shards);
  }

  /** Waits until every shard has a primary and all its replicas, or `isOver`. Returns why not; undefined if so. */
  async problem(isOver: () => boolean): Promise<string | undefined> {
    let why: string | undefined;
    const isWell = await until(async () => {
      why = await this.#product.trouble(this.nodes.all, this.#shards);
      return why === undefined || isOver();
    }, WELL_MS);
    return isWell ? undefined : `not all is well within ${WELL_MS / 1000} s: ${why}`;
  }

  /** As the first node says that answers, but this one. */
  async primaryOf(slot: number, but?: ChaosNode): Promise<ChaosNode | undefined> {
    const { all } = this.nodes;
    const owner = ownerOf(await ownersOf(this.#product, all, but), slot);
    return owner === undefined ? undefined : all[owner.primary];
  }

  // -- faults: each resolves, when it is undone, with when it had come about

  /** It is started again after `gone`. */
  async kill(node: ChaosNode, gone: () => Promise<unknown>): Promise<number> {
    this.nodes.signal(node, 'SIGKILL');
    await this.nodes.ended(node);
    const toNs = nowNs();
    await gone();
    this.nodes.start(node);
    return toNs;
  }

  async stop(node: ChaosNode, ms: number): Promise<number> {
    this.nodes.signal(node, 'SIGSTOP');
    const toNs = nowNs();
    await pause(ms);
    this.nodes.signal(node, 'SIGCONT');
    return toNs;
  }

  /** All that is at these places is cut off together. */
  async cut(side: readonly Place[], ms: number): Promise<number> {
    this.#network.cutOff(side);
    const toNs = nowNs();
    await pause(ms);
    this.#network.heal(side);
    return toNs;
  }

  /** Ends all at once. */
  destroy(keepsLogs: boolean): void {
    this.nodes.destroy(keepsLogs);
    this.#network.destroy();
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(isSo: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs;
  while (performance.now() < untilMs) {
    if (await isSo()) return true;
    await pause(LOOK_MS);
  }
  return false;
}
