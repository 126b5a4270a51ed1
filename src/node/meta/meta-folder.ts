/**
 * What a node keeps on its disk: who it is, how often it has started, and what its register promised.
 *
 *   DATA/meta/identity       the node's id, drawn at its first start, and a counter of starts
 *   DATA/meta/register       the state of the register
 *   DATA/meta/lock.*         who has the folder (folder-lock.ts)
 *   DATA/meta/*.new          what is being written; a leftover after a crash
 *
 *   open: lock ─> leftovers removed ─> both files read ─> the counter raised and synced ─> the life may speak
 *
 * A file that is missing beside the other, or whose checksum is wrong, means that promises may be forgotten: the folder is refused.
 * At the first start the register is written before the identity, so that an identity alone is never the work of a crash.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { MindDisk } from '../../cluster/index.js';
import { type Incarnation, isRefusal, type NodeId } from '../../ring/index.js';
import { FolderLock } from './folder-lock.js';
import { type Identity, readIdentity, writeIdentity } from './identity-file.js';
import { damaged, MetaError } from './meta-error.js';
import { errorCode, hostFiles, isLeftover, type MetaFiles, replaceFile } from './meta-files.js';
import { readRegister, writeRegister } from './register-file.js';

const IDENTITY = 'identity';
const REGISTER = 'register';

/** Of an id, drawn at random: among 1,000 nodes two are the same once in 560 million clusters. */
const NODE_ID_BYTES = 6;
/** Tells apart two lives that began from copies of one folder. */
const LIFE_BYTES = 4;

const nothing: MindDisk = { term: 0, votedFor: undefined, accepted: undefined };

export class MetaFolder {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  /** What the register promised before this start. */
  readonly saved: MindDisk;
  readonly #folder: string;
  readonly #files: MetaFiles;
  readonly #lock: FolderLock;

  private constructor(
    folder: string,
    files: MetaFiles,
    lock: FolderLock,
    { node, starts }: Identity,
    saved: MindDisk,
  ) {
    this.node = node;
    this.incarnation = `${starts}-${randomBytes(LIFE_BYTES).toString('hex')}`;
    this.saved = saved;
    this.#folder = folder;
    this.#files = files;
    this.#lock = lock;
  }

  /** Opens the folder and begins a life. Throws MetaError. */
  static async open(folder: string, files: MetaFiles = hostFiles): Promise<MetaFolder> {
    try {
      await files.makeFolder(folder);
      const lock = await FolderLock.take(files, folder);
      try {
        return await begin(folder, files, lock);
      } catch (error) {
        await lock.release();
        throw error;
      }
    } catch (error) {
      if (error instanceof MetaError || errorCode(error) === undefined) throw error;
      throw new MetaError(
        'META_IO',
        `${folder} cannot be used: ${(error as Error).message}. Give a folder with room, which this user may write.`,
        { cause: error },
      );
    }
    async function begin(folder: string, files: MetaFiles, lock: FolderLock): Promise<MetaFolder> {
      for (const name of await files.list(folder)) {
        if (isLeftover(name)) await files.remove(join(folder, name));
      }
      const { identity, saved } = await readFolder(folder, files);
      if (identity === undefined) await replaceFile(files, folder, REGISTER, writeRegister(saved));
      const node = identity?.node ?? `n-${randomBytes(NODE_ID_BYTES).toString('hex')}`;
      const begun = { node, starts: (identity?.starts ?? 0) + 1 };
      await replaceFile(files, folder, IDENTITY, writeIdentity(begun));
      return new MetaFolder(folder, files, lock, begun, saved);
    }
  }

  /** Resolves when the disk has the state; one at a time. On an error it has this one or the one before. */
  write(state: MindDisk): Promise<void> {
    return replaceFile(this.#files, this.#folder, REGISTER, writeRegister(state));
  }

  /** Another process may have the folder. */
  close(): Promise<void> {
    return this.#lock.release();
  }
}

async function readFolder(
  folder: string,
  files: MetaFiles,
): Promise<{ readonly identity: Identity | undefined; readonly saved: MindDisk }> {
  const identityText = await files.read(join(folder, IDENTITY));
  const registerText = await files.read(join(folder, REGISTER));
  const saved = registerText === undefined ? undefined : readRegister(registerText);
  if (saved !== undefined && isRefusal(saved))
    throw damaged(folder, `${REGISTER} is damaged: ${saved.refused}`);
  if (identityText === undefined) {
    if (saved === undefined || isUntouched(saved)) return { identity: undefined, saved: nothing };
    throw damaged(folder, `${IDENTITY} is missing beside ${REGISTER}`);
  }
  const identity = readIdentity(identityText);
  if (isRefusal(identity)) throw damaged(folder, `${IDENTITY} is damaged: ${identity.refused}`);
  if (saved === undefined) throw damaged(folder, `${REGISTER} is missing beside ${IDENTITY}`);
  return { identity, saved };
}

/** As a first start writes it, before the identity. */
function isUntouched({ term, votedFor, accepted }: MindDisk): boolean {
  return term === 0 && votedFor === undefined && accepted === undefined;
}
