/**
 * A disk for tests that keeps what was synced and, after a crash, any part of the rest: the names of files as they were after some
 * of the renames since the last sync of the folder, and of bytes that were not synced a beginning of any length. It can
 * lose power at a given step, fail at one, and be full.
 */
import { basename } from 'node:path';
import type { Random } from '../../base/index.js';
import type { MetaFiles } from './meta-files.js';

/** The bytes of a file, whatever it is called. */
interface Inode {
  text: string;
  isSynced: boolean;
}

export class PowerCut extends Error {}

export class CrashingDisk implements MetaFiles {
  /** Steps until the power is cut. */
  stepsLeft = Number.POSITIVE_INFINITY;
  /** The next steps of this name fail as the system's call would. */
  failing: { readonly step: string; readonly code: string } | undefined;
  readonly #random: Random;
  #names = new Map<string, Inode>();
  #history: Map<string, Inode>[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#history = [new Map()];
  }

  get names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** What is there when the power is back. */
  reboot(): void {
    this.stepsLeft = Number.POSITIVE_INFINITY;
    const kept = this.#history[this.#random.below(this.#history.length)] as Map<string, Inode>;
    for (const inode of new Set(kept.values())) {
      if (!inode.isSynced) inode.text = inode.text.slice(0, this.#random.below(inode.text.length + 1));
      inode.isSynced = true;
    }
    this.#names = kept;
    this.#history = [new Map(kept)];
  }

  /** As a bit that flips on the platter. */
  damage(name: string, change: (text: string) => string): void {
    const inode = this.#names.get(name) as Inode;
    inode.text = change(inode.text);
  }

  async makeFolder(): Promise<void> {
    this.#step('makeFolder');
  }

  async list(): Promise<readonly string[]> {
    this.#step('list');
    return this.names;
  }

  async read(path: string): Promise<string | undefined> {
    this.#step('read');
    return this.#names.get(basename(path))?.text;
  }

  async createEmpty(path: string): Promise<boolean> {
    this.#step('createEmpty');
    if (this.#names.has(basename(path))) return false;
    this.#rename(() => this.#names.set(basename(path), { text: '', isSynced: true }));
    return true;
  }

  async writeSynced(path: string, text: string): Promise<void> {
    this.#step('open');
    const inode = this.#names.get(basename(path)) ?? { text: '', isSynced: false };
    this.#rename(() => this.#names.set(basename(path), inode));
    inode.isSynced = false;
    inode.text = text.slice(0, text.length / 2);
    this.#step('write');
    inode.text = text;
    this.#step('sync');
    inode.isSynced = true;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename');
    const inode = this.#names.get(basename(from)) as Inode;
    this.#rename(() => {
      this.#names.delete(basename(from));
      this.#names.set(basename(to), inode);
    });
  }

  async syncFolder(): Promise<void> {
    this.#step('syncFolder');
    this.#history = [new Map(this.#names)];
  }

  async remove(path: string): Promise<void> {
    this.#step('remove');
    this.#rename(() => this.#names.delete(basename(path)));
  }

  #rename(change: () => void): void {
    change();
    this.#history.push(new Map(this.#names));
  }

  #step(name: string): void {
    if (this.stepsLeft-- <= 0) throw new PowerCut(name);
    if (this.failing?.step === name) {
      throw Object.assign(new Error(`${this.failing.code}: ${name}`), { code: this.failing.code });
    }
  }
}
