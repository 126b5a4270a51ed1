/**
 * One process has a meta folder, or two nodes would be one. A lock is an empty file whose name says who has it:
 *
 *   lock.4711.d0c1f2a9e377-81230412        process 4711, which started then (process-mark.ts)
 *
 *   own file created ─> others listed ─> one of them alive: own file removed, refused
 *                                    └─> the dead removed, and the folder is ours
 *
 * Each makes its file before it looks at those of others, so that of two that come together at least one sees the other: both may be
 * refused, both never go on. A file that says all in its name appears whole or not at all, and taking over from a dead process
 * overwrites nothing, so that there is no moment at which two could take the same lock from each other.
 *
 * Why not another way: Node.js has no flock() and no fcntl() locks, and a native package is not worth one file; a socket in the
 * folder stays behind a killed process as a file does and has a path of at most 104 bytes; an abstract socket is Linux alone.
 *
 * What it does not see: a process on another machine or in another container that has the same folder. Both would look dead.
 */
import { join } from 'node:path';
import { MetaError } from './meta-error.js';
import type { MetaFiles } from './meta-files.js';
import { processMark } from './process-mark.js';

const form = /^lock\.(\d{1,10})\.([a-z0-9-]*)$/;

export class FolderLock {
  readonly #files: MetaFiles;
  readonly #path: string;

  private constructor(files: MetaFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Throws MetaError META_LOCKED if a process that lives has it, this one too. */
  static async take(files: MetaFiles, folder: string): Promise<FolderLock> {
    const own = `lock.${process.pid}.${processMark(process.pid) ?? ''}`;
    const path = join(folder, own);
    if (!(await files.createEmpty(path))) throw locked(folder, process.pid, own);
    for (const name of await files.list(folder)) {
      const [, pid, mark] = form.exec(name) ?? [];
      if (pid === undefined || name === own) continue;
      if (isAlive(Number(pid), mark ?? '')) {
        await files.remove(path);
        throw locked(folder, Number(pid), name);
      }
      await files.remove(join(folder, name));
    }
    return new FolderLock(files, path);
  }

  async release(): Promise<void> {
    await this.#files.remove(this.#path);
  }
}

/** When nothing tells when a process started, one that has the id is taken for it: better refused than two. */
function isAlive(pid: number, mark: string): boolean {
  const now = processMark(pid);
  return now !== undefined && (now === mark || now === '' || mark === '');
}

function locked(folder: string, pid: number, name: string): MetaError {
  const who = pid === process.pid ? `this process (${pid})` : `process ${pid}`;
  return new MetaError(
    'META_LOCKED',
    `${folder} is in use by ${who}: give each node a folder of its own, or end that process first. ` +
      `If it is no node, remove ${name} in that folder.`,
  );
}
