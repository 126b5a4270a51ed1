/**
 * The cluster that is tortured: real nodes, two shards with a replica each, of which one is killed, stopped or cut off every few seconds, one
 * kind after the other.
 *
 *   kill   SIGKILL of a primary, or now and then of any node; it starts again, empty, when another one has taken over
 *   stop   SIGSTOP of a primary, for longer than its lease
 *   cut    a primary is cut off with one of the workers on its side, for longer than it may go on reading
 *
 * A cut needs a network of its own, with each node and each worker in a namespace; without root and iproute2 all are on the loopback,
 * and nothing is cut off.
 */
import { loopback } from '../chaos/loopback.js';
import { type Net, Network, networkProblem } from '../chaos/network.js';
import type { ChaosNode } from '../chaos/nodes.js';
import { nuthatch, type Product } from '../chaos/products.js';
import { RealCluster, until } from '../chaos/real-cluster.js';
import type { Seeded } from '../kit/seeded.js';
import type { TorturedServer } from './server.js';

const NODES = 4;
const SHARDS = 2;
const SLOTS = 16_384;
const FAULT_MS = 5_000;
/** How long a node goes on reading without its lease: short enough that a cut is longer, from when another node has taken over. */
const MAX_STALE_MS = 1_500;
const STOP_MS = 3_000;
const CUT_MS = 4_500;
/** Of kills, so many are of any node. */
const ANY_SHARE = 0.25;
/** Takes some two seconds; a node that nobody takes over from is started again all the same. */
const TAKEN_OVER_MS = 15_000;

type Fault = 'kill' | 'stop' | 'cut';

export class TorturedCluster implements TorturedServer {
  readonly urls: readonly string[];
  readonly maxStaleMs = MAX_STALE_MS;
  ended: string | undefined;
  readonly #random: Seeded;
  readonly #network: Net;
  readonly #cluster: RealCluster;
  readonly #faults: readonly Fault[];
  readonly #counts: Record<Fault, number> = { kill: 0, stop: 0, cut: 0 };
  readonly #destroyed = (): void => this.#cluster.destroy(false);
  #isEnding = false;
  #underWay: Promise<void> = Promise.resolve();

  private constructor(random: Seeded, product: Product, network: Net, faults: readonly Fault[]) {
    this.#random = random;
    this.#network = network;
    this.#faults = faults;
    this.#cluster = new RealCluster({ product, network, nodes: NODES, shards: SHARDS, hasSmallDisks: false });
    const nodes = network.places.slice(0, NODES);
    this.urls = nodes.map(({ host, port }) => `redis://:${product.password}@${host}:${port}`);
    process.once('exit', this.#destroyed);
  }

  /** With places for so many workers. */
  static async start(
    random: Seeded,
    workers: number,
    print: (line: string) => void,
  ): Promise<TorturedCluster> {
    const missing = networkProblem();
    if (missing !== undefined) print(`nothing is cut off: ${missing}`);
    const names = [
      ...Array.from({ length: NODES }, (_, i) => `n${i + 1}`),
      ...Array.from({ length: workers }, (_, i) => `w${i + 1}`),
    ];
    const network = missing === undefined ? new Network(names) : await loopback(names);
    const product = nuthatch('primary', true, ['--max-stale', `${MAX_STALE_MS}ms`]);
    const faults: Fault[] = missing === undefined ? ['kill', 'stop', 'cut'] : ['kill', 'stop'];
    const all = new TorturedCluster(random, product, network, faults);
    try {
      await all.#cluster.form();
      await all.#untilWell();
    } catch (error) {
      await all.stop();
      throw error;
    }
    all.#underWay = all.#torture().catch((error: Error) => {
      all.ended = error.message;
    });
    return all;
  }

  prefixOf(worker: number): readonly string[] {
    return this.#network.places[NODES + worker].prefix;
  }

  get story(): string {
    const { kill, stop, cut } = this.#counts;
    return `nodes: ${kill} killed, ${stop} stopped, ${cut} cut off with a process`;
  }

  async rest(): Promise<void> {
    this.#isEnding = true;
    await this.#underWay;
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    process.off('exit', this.#destroyed);
    this.#destroyed();
  }

  async #torture(): Promise<void> {
    let nextMs = performance.now();
    for (let i = 0; ; i++) {
      nextMs = Math.max(performance.now(), nextMs + FAULT_MS);
      await until(async () => this.#isEnding || performance.now() >= nextMs, 2 * FAULT_MS);
      // One whose replica is out of sync would have no heir.
      await this.#untilWell();
      if (this.#isEnding) return;
      await this.#strike(this.#faults[i % this.#faults.length]);
    }
  }

  async #strike(fault: Fault): Promise<void> {
    const slot = this.#random.below(SLOTS);
    const primary = await this.#cluster.primaryOf(slot);
    // Who answers first may be behind.
    if (primary === undefined) return;
    this.#counts[fault]++;
    if (fault === 'stop') await this.#cluster.stop(primary, STOP_MS);
    else if (fault === 'cut') await this.#cluster.cut([primary.place, this.#drawWorker()], CUT_MS);
    else await this.#kill(slot, primary);
  }

  async #kill(slot: number, primary: ChaosNode): Promise<void> {
    const isAny = this.#random.chance(ANY_SHARE);
    const node = isAny ? this.#random.pick(this.#cluster.nodes.all) : primary;
    await this.#cluster.kill(node, () =>
      until(async () => (await this.#cluster.primaryOf(slot, node)) !== node, TAKEN_OVER_MS),
    );
  }

  #drawWorker() {
    return this.#random.pick(this.#network.places.slice(NODES));
  }

  async #untilWell(): Promise<void> {
    const why = await this.#cluster.problem(() => this.#isEnding);
    if (why !== undefined) throw new Error(why);
  }
}
