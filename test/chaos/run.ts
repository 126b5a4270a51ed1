/**
 * The chaos: real nodes in namespaces of their own, clients on both sides, one fault after the other, and what all that was
 * acknowledged became of.
 *
 *   all is well ── a moment ── fault ── (held) ── undone ── all is well ── the keys of its shard are read ── the next one
 *
 * Client a is never cut off; client b goes with the primary that is. The faults come from the seed, the order of things from the machine.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nowNs } from '../kit/rows.js';
import { Seeded } from '../kit/seeded.js';
import type { Load } from './callers.js';
import { Client } from './clients.js';
import { Cost, type Fault, type FaultName } from './faults.js';
import { History } from './history.js';
import { keysOfShard, shardOf, slotOf, tagsFor } from './keys.js';
import { loopback } from './loopback.js';
import { type Net, Network, type Place } from './network.js';
import type { ChaosNode } from './nodes.js';
import { type Operation, operationsOf } from './operations.js';
import { nuthatch, ownersOf, type Product, redis } from './products.js';
import { pause, RealCluster, until } from './real-cluster.js';
import { ownerOf } from './slots.js';
import { type ChaosVerdict, type Counted, verdictOf } from './verdict.js';

export interface ChaosOptions {
  readonly against: 'nuthatch' | 'redis';
  /** In this order, again and again. */
  readonly faults: readonly FaultName[];
  readonly rounds: number;
  readonly seed: number;
  readonly ackWrites: 'primary' | 'replica';
  readonly checksLease: boolean;
  /** How long a cut lasts. */
  readonly cutMs: number;
  readonly keepsLogs: boolean;
  /** Of problems and violations: it has seen enough when it has found one. */
  readonly endsWithViolation: boolean;
  readonly print: (line: string) => void;
  /** 'loopback': nodes on ports of this machine, where nothing can be cut off. Default: namespaces. */
  readonly network?: 'loopback';
  /** Told what happens, as it happens. */
  readonly witness?: ChaosWitness;
}

export interface ChaosWitness {
  /** The cluster is there, and clients begin. */
  began(): void;
  /** A fault comes about at a node, by the clock of operations. */
  struck(shard: number, place: string, atNs: number): void;
  /** What was done is undone: a cut is healed, a node is started again. */
  healed(atNs: number): void;
  well(): void;
  /** Of client 0, or of client 1, which is cut off with the node that is. */
  operation(client: number, shard: number, one: Operation): void;
}

const SHARDS = 3;
const NODES = 6;
const CLIENTS = 2;
/** Redis Cluster needs some 20 s. */
const TAKEN_OVER_MS = 60_000;
/** Faults after which another node has to take over before they end. */
const TAKEN_OVER: readonly FaultName[] = ['kill', 'stop', 'cut', 'mute', 'deaf', 'full-disk'];
const HEIR_MS = 1000;
const STOP_MS = 5000;
const ONE_WAY_MS = 10_000;
const TERM_MS = 3000;
const SETTLE_MS = 500;
/** After its start no voter deposes anybody for a while: see write-lease.md. */
const BEGIN_MS = 3000;

export async function runChaos(options: ChaosOptions): Promise<ChaosVerdict> {
  const product = options.against === 'redis' ? redis() : nuthatch(options.ackWrites, options.checksLease);
  const names = [...Array.from({ length: NODES }, (_, i) => `n${i + 1}`), 'ca', 'cb'];
  const network = options.network === 'loopback' ? await loopback(names) : new Network(names);
  const hasSmallDisks = options.faults.includes('full-disk');
  const cluster = new RealCluster({ product, network, nodes: NODES, shards: SHARDS, hasSmallDisks });
  const chaos = new Chaos(options, product, network, cluster);
  const end = (): void => chaos.end();
  process.once('exit', end);
  try {
    return await chaos.run();
  } finally {
    process.off('exit', end);
    end();
  }
}

class Chaos {
  readonly #options: ChaosOptions;
  readonly #product: Product;
  readonly #network: Net;
  readonly #cluster: RealCluster;
  readonly #random: Seeded;
  readonly #history = new History(CLIENTS);
  readonly #clients: Client[] = [];
  readonly #counted: Counted[] = [];
  readonly #problems: string[] = [];
  #tags: readonly string[] = [];

  constructor(options: ChaosOptions, product: Product, network: Net, cluster: RealCluster) {
    this.#options = options;
    this.#product = product;
    this.#network = network;
    this.#cluster = cluster;
    this.#random = new Seeded(options.seed);
  }

  async run(): Promise<ChaosVerdict> {
    if (this.#options.keepsLogs) this.#options.print(`logs and timelines in ${this.#cluster.nodes.folder}`);
    await this.#begin();
    const { faults, rounds } = this.#options;
    for (let round = 0; round < rounds && !this.#isOver(); round++) {
      const name = faults[round % faults.length];
      await this.#episode(name);
    }
    await Promise.all(this.#clients.map((client) => client.stop()));
    this.#history.check(Number.POSITIVE_INFINITY);
    return this.#verdict();
  }

  end(): void {
    for (const client of this.#clients) client.kill();
    this.#cluster.destroy(this.#options.keepsLogs);
  }

  async #begin(): Promise<void> {
    const { all } = this.#cluster.nodes;
    await this.#cluster.form();
    if (!(await this.#isWell())) throw new Error(`the cluster does not begin: ${this.#problems.join('; ')}`);
    const owners = await ownersOf(this.#product, all);
    const primaries = [...new Set(owners.map(({ primary }) => primary))].sort((a, b) => a - b);
    this.#tags = tagsFor(SHARDS, (slot, shard) => ownerOf(owners, slot)?.primary === primaries[shard]);
    const load: Omit<Load, 'client'> = {
      nodes: all.map(({ host, port }) => ({ host, port })),
      tags: this.#tags,
      clients: CLIENTS,
      password: this.#product.password,
      isRedis: this.#product.isRedis,
    };
    for (let number = 0; number < CLIENTS; number++) {
      const client = new Client(this.#network.places[NODES + number], number, (from, report) => {
        this.#history.tell(report.rows, from.number === 0);
        this.#tellWitness(from.number, report.rows);
      });
      this.#clients.push(client);
      client.begin({ ...load, client: number }, this.#options.seed * 1009 + number);
    }
    await pause(BEGIN_MS);
    this.#options.witness?.began();
  }

  #tellWitness(client: number, rows: Float64Array): void {
    const { witness } = this.#options;
    if (witness === undefined) return;
    for (const one of operationsOf(rows))
      witness.operation(client, shardOf(one.key, keysOfShard(CLIENTS)), one);
  }

  async #episode(name: FaultName): Promise<void> {
    await pause(SETTLE_MS + this.#random.below(SETTLE_MS));
    // A replica that is late at this moment would make it another experiment.
    await this.#isWell();
    const shard = this.#random.below(SHARDS);
    const primary = await this.#cluster.primaryOf(slotOf(this.#tags[shard]));
    if (primary === undefined) {
      this.#problems.push(`nobody says who the primary of shard ${shard} is`);
      return;
    }
    const fromWallMs = Date.now();
    const fromNs = nowNs();
    const cost = new Cost({ name, shard, node: primary.number, fromNs });
    this.#history.cost = { shard, cost };
    this.#options.witness?.struck(shard, primary.place.name, fromNs);
    const seesHeir = this.#seesHeir(primary);
    const toNs = await this.#inflict(name, primary, cost);
    this.#options.witness?.healed(nowNs());
    const hadHeir = await seesHeir;
    if (hadHeir && TAKEN_OVER.includes(name) && !cost.isTakenOver)
      this.#problems.push(`nobody took over from ${primary.place.name}, though a replica was in sync`);
    const isWell = await this.#isWell();
    if (isWell) this.#options.witness?.well();
    const healedNs = nowNs();
    await this.#audit(name === 'restart-all' ? [0, 1, 2] : [shard]);
    this.#history.cost = undefined;
    this.#history.check(Math.min(...this.#clients.map(({ toldNs }) => toldNs)));
    const told = await this.#product.timeline(this.#cluster.nodes.all, fromWallMs);
    const beganAnew = told.some((line) => line.includes('wants rehome'));
    const fault: Fault = { name, shard, node: primary.number, fromNs, toNs, healedNs, hadHeir, beganAnew };
    const gapMs = cost.gapMs(healedNs);
    this.#counted.push({ fault, gapMs, readMs: cost.readMs });
    const seconds = ((healedNs - fromNs) / 1e9).toFixed(1);
    this.#options.print(
      `${this.#counted.length}. ${name} of shard ${shard} at ${primary.place.name}: writes stood for ${gapMs.toFixed(0)} ms, well after ${seconds} s${hadHeir ? '' : ', no replica was in sync'}${beganAnew ? ', the shard began anew' : ''}`,
    );
    if (this.#options.keepsLogs) this.#keepTimeline(told);
    if (!isWell) this.#options.print(`not well: ${this.#problems.at(-1)}`);
  }

  /** Looks when what was under way before the fault is agreed, and nobody can have taken over yet. */
  async #seesHeir(primary: ChaosNode): Promise<boolean> {
    await pause(HEIR_MS);
    return this.#product.hasHeir(primary, this.#cluster.nodes.all);
  }

  /** Beside the logs: what the nodes say of this fault. */
  #keepTimeline(lines: readonly string[]): void {
    const file = join(this.#cluster.nodes.folder, `fault-${this.#counted.length}.txt`);
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  }

  /** Does it and undoes it; resolves with when it had come about. */
  async #inflict(name: FaultName, primary: ChaosNode, cost: Cost): Promise<number> {
    const { nodes } = this.#cluster;
    switch (name) {
      case 'kill':
      case 'bounce':
        return this.#kill(primary, name === 'kill' ? cost : undefined);
      case 'stop':
        return this.#cluster.stop(primary, STOP_MS);
      case 'cut':
        return this.#cluster.cut([primary.place, this.#clients[1].place], this.#options.cutMs);
      case 'mute':
        return this.#cutOneWay([primary.place], this.#outside(primary));
      case 'deaf':
        return this.#cutOneWay(this.#outside(primary), [primary.place]);
      case 'term':
        nodes.signal(primary, 'SIGTERM');
        await Promise.all([nodes.ended(primary), pause(TERM_MS)]);
        nodes.start(primary);
        return nowNs();
      case 'full-disk': {
        const other = this.#random.pick(nodes.all.filter((node) => node !== primary));
        const empty = nodes.fillDisk(other);
        const toNs = await this.#kill(primary, cost);
        empty();
        return toNs;
      }
      case 'restart-all':
        for (const node of nodes.all) nodes.signal(node, 'SIGKILL');
        await Promise.all(nodes.all.map((node) => nodes.ended(node)));
        for (const node of nodes.all) nodes.start(node);
        return nowNs();
    }
  }

  /** With a cost it is started again when another node has taken over, else at once. */
  #kill(node: ChaosNode, cost: Cost | undefined): Promise<number> {
    return this.#cluster.kill(node, async () => {
      if (cost === undefined) return;
      await until(async () => cost.isTakenOver, TAKEN_OVER_MS);
      await pause(this.#random.below(2 * SETTLE_MS));
    });
  }

  /** What those send does not reach these. */
  async #cutOneWay(from: readonly Place[], to: readonly Place[]): Promise<number> {
    for (const place of from) this.#network.mute(place, to);
    const toNs = nowNs();
    await pause(ONE_WAY_MS);
    for (const place of from) this.#network.unmute(place);
    return toNs;
  }

  /** All other nodes, and client a. */
  #outside(node: ChaosNode): Place[] {
    return [...this.#cluster.nodes.all.filter((one) => one !== node), this.#clients[0]].map(
      ({ place }) => place,
    );
  }

  async #isWell(): Promise<boolean> {
    const why = await this.#cluster.problem(() => this.#clients.some(({ ended }) => ended !== undefined));
    if (why !== undefined) this.#problems.push(why);
    return why === undefined;
  }

  async #audit(shards: readonly number[]): Promise<void> {
    for (const shard of shards) {
      const keys = this.#history.takeChanged(shard);
      if (!(await this.#clients[0].audit(keys)))
        this.#problems.push(`the keys of shard ${shard} cannot be read`);
    }
  }

  #isOver(): boolean {
    for (const { ended } of this.#clients) if (ended !== undefined) this.#problems.push(ended);
    if (this.#problems.length > 0) return true;
    return this.#options.endsWithViolation && this.#verdict().violations > 0;
  }

  #verdict(): ChaosVerdict {
    const errors = new Set(this.#clients.flatMap((client) => [...client.errors]));
    return verdictOf({
      name: this.#product.name,
      acksAll: this.#options.ackWrites === 'replica',
      counted: this.#counted,
      history: this.#history,
      problems: this.#problems,
      errors: [...errors],
    });
  }
}
