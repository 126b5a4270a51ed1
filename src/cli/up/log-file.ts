/**
 * What a node logged, on disk: `log`, and when that is full `log.old`, which the next one replaces. So a node takes at most twice
 * MAX_BYTES. It is written at once, line by line: who looks after a crash finds the last one. A disk that is full is no reason to end.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MAX_BYTES = 4 * 1024 * 1024;

export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: number | undefined;
  #bytes = 0;

  constructor(folder: string, maxBytes = MAX_BYTES) {
    this.#path = join(folder, 'log');
    this.#maxBytes = maxBytes;
  }

  write(line: string): void {
    try {
      this.#file ??= this.#open();
      this.#bytes += writeSync(this.#file, `${line}\n`);
      if (this.#bytes < this.#maxBytes) return;
      this.close();
      renameSync(this.#path, `${this.#path}.old`);
    } catch {}
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    const file = openSync(this.#path, 'a');
    this.#bytes = fstatSync(file).size;
    return file;
  }
}
