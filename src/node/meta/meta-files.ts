/**
 * The file system as the meta folder needs it: few calls, each of which is done or fails as a whole, so that a test can put a disk
 * in its place that is full, that fails, or that forgets what was not synced.
 *
 * A file is replaced so that after a crash at any moment it has its old or its new contents:
 *
 *   writeSynced(name.new)  ─>  rename(name.new, name)  ─>  syncFolder
 *   bytes on the platter       old or new, never half      the new name on the platter
 *
 * The bytes are synced before the rename, since file systems may keep the two in either order; the folder after it, since
 * what was confirmed must not be gone. (Windows cannot sync a folder; there NTFS journals the rename.)
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface MetaFiles {
  /** The folder, and those above it, if they are not there. */
  makeFolder(folder: string): Promise<void>;
  /** The names in the folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Undefined: there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Creates an empty file. False: it is there. */
  createEmpty(path: string): Promise<boolean>;
  /** Creates or overwrites, and resolves when the disk has the bytes. */
  writeSynced(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Resolves when the disk has the names of the folder. */
  syncFolder(folder: string): Promise<void>;
  /** No error if it is gone. */
  remove(path: string): Promise<void>;
}

/** Written beside a file before it takes its name. */
const NEW = '.new';

/** Files that only this user may read: they are nobody else's business. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Replaces a file, or makes it; on an error it has its old contents, or the new. */
export async function replaceFile(
  files: MetaFiles,
  folder: string,
  name: string,
  text: string,
): Promise<void> {
  const path = join(folder, name);
  await files.writeSynced(path + NEW, text);
  await files.rename(path + NEW, path);
  await files.syncFolder(folder);
}

/** What a crash in the middle of `replaceFile` has left. */
export function isLeftover(name: string): boolean {
  return name.endsWith(NEW);
}

export const hostFiles: MetaFiles = {
  async makeFolder(folder) {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  },
  list: (folder) => readdir(folder),
  async read(path) {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  async createEmpty(path) {
    try {
      await (await open(path, 'wx', FILE_MODE)).close();
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
  },
  async writeSynced(path, text) {
    await withFile(path, 'w', async (file) => {
      await file.writeFile(text, 'utf8');
      await file.datasync();
    });
  },
  rename,
  async syncFolder(folder) {
    if (process.platform === 'win32') return;
    await withFile(folder, 'r', (file) => file.sync());
  },
  remove: (path) => rm(path, { force: true }),
};

async function withFile(path: string, flags: string, use: (file: FileHandle) => Promise<void>) {
  const file = await open(path, flags, FILE_MODE);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

/** 'ENOSPC' and the like; undefined of what is no error of the system. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
