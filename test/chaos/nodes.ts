/** The processes of the nodes, each in its namespace: started, signalled, and ended by their ids. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Place } from './network.js';
import type { NodePlace, Product } from './products.js';

/** Of the disk of one node, where disks can be full. */
const DISK_BYTES = 1024 * 1024;

export interface ChaosNode extends NodePlace {
  readonly number: number;
  readonly place: Place;
}

export class Nodes {
  readonly all: readonly ChaosNode[];
  /** Of this run: a folder and a log of each node. */
  readonly folder = mkdtempSync(join(tmpdir(), 'nuthatch-chaos-'));
  readonly #product: Product;
  readonly #children: (ChildProcess | undefined)[];
  readonly #hasSmallDisks: boolean;

  /** Small disks: each node has one of its own that can be filled. */
  constructor(product: Product, places: readonly Place[], hasSmallDisks: boolean) {
    this.#product = product;
    this.#hasSmallDisks = hasSmallDisks;
    this.all = places.map((place, number) => {
      const folder = join(this.folder, place.name);
      mkdirSync(folder);
      if (hasSmallDisks)
        spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'nuthatch-chaos', folder]);
      return { number, place, host: place.host, port: place.port, folder };
    });
    this.#children = this.all.map(() => undefined);
  }

  start(node: ChaosNode): void {
    const command = [...node.place.prefix, ...this.#product.command(node, this.all)];
    const log = openSync(join(this.folder, `${node.place.name}.log`), 'a');
    const child = spawn(command[0], command.slice(1), {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.#product.variables() },
    });
    closeSync(log);
    this.#children[node.number] = child;
    child.once('exit', () => {
      if (this.#children[node.number] === child) this.#children[node.number] = undefined;
    });
  }

  signal(node: ChaosNode, name: NodeJS.Signals): void {
    this.#children[node.number]?.kill(name);
  }

  isRunning(node: ChaosNode): boolean {
    return this.#children[node.number] !== undefined;
  }

  async ended(node: ChaosNode): Promise<void> {
    const child = this.#children[node.number];
    if (child !== undefined) await once(child, 'exit');
  }

  /** Its disk has no room left, until that is undone. */
  fillDisk(node: ChaosNode): () => void {
    const filler = join(node.folder, 'filler');
    const { bavail, bsize } = statfsSync(node.folder);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    return () => rmSync(filler, { force: true });
  }

  /** Ends all at once, and takes their folders away; with `keepsLogs` the logs stay. */
  destroy(keepsLogs: boolean): void {
    for (const child of this.#children) child?.kill('SIGKILL');
    if (this.#hasSmallDisks) for (const { folder } of this.all) spawnSync('umount', ['-l', folder]);
    if (!keepsLogs) rmSync(this.folder, { recursive: true, force: true });
  }
}
