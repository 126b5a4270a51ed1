/**
 * How much memory this process may use: the machine's, or less if a cgroup says so.
 *
 * A container's memory is bounded by files, not by what the machine reports:
 *
 *   /proc/self/cgroup      0::/app.slice/x          (v2)   4:memory:/docker/ab12   (v1)
 *   /proc/self/mountinfo   where each hierarchy is mounted, and which of its folders is the mount's root
 *   v2: memory.max, memory.high    v1: memory.limit_in_bytes       in that folder and in all above it
 *
 * The smallest of them counts, since each bounds everything below it. A machine may carry both versions;
 * only the one with the memory controller has the files. Read once, at start.
 * Source: the kernel's cgroups(7), cgroup-v2.rst, proc_pid_mountinfo(5).
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, posix } from 'node:path';

export interface MemoryLimit {
  readonly bytes: number;
  /** The file that says so; undefined when it is all that the machine has. */
  readonly file: string | undefined;
}

/** The part of the limit that a node takes when it is not told how much. */
export const DEFAULT_MEMORY_SHARE = 0.5;

/** `root` stands before every path: tests give a folder with files of their own. */
export function memoryLimit(root = '/', machineBytes: number = totalmem()): MemoryLimit {
  let limit: MemoryLimit = { bytes: machineBytes, file: undefined };
  const groups = lines(root, '/proc/self/cgroup');
  for (const mount of lines(root, '/proc/self/mountinfo')) {
    const hierarchy = memoryHierarchy(mount);
    if (hierarchy === undefined) continue;
    for (const file of limitFiles(hierarchy, groups)) {
      const text = read(root, file)?.trim() ?? '';
      // "max", and version 1's huge number for "no limit", bound nothing.
      const bytes = /^\d+$/.test(text) ? Number(text) : Infinity;
      if (bytes < limit.bytes) limit = { bytes, file };
    }
  }
  return limit;
}

/** What a node takes when it is not told how much: half of the limit. */
export function defaultMemoryBytes(limit: MemoryLimit = memoryLimit()): number {
  return Math.floor(limit.bytes * DEFAULT_MEMORY_SHARE);
}

interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** The folder of the hierarchy that is seen at the mount point. */
  readonly mountRoot: string;
}

/** A line of mountinfo: "36 35 98:0 /root /mount/point options [fields...] - type source super-options". */
function memoryHierarchy(mount: string): Hierarchy | undefined {
  const [before, after] = mount.split(' - ');
  if (after === undefined) return undefined;
  const [, , , mountRoot = '', mountPoint = ''] = before.split(' ').map(unescapeMount);
  const [type, , superOptions = ''] = after.split(' ');
  if (type === 'cgroup2') return { version: 2, mountPoint, mountRoot };
  if (type === 'cgroup' && superOptions.split(',').includes('memory'))
    return { version: 1, mountPoint, mountRoot };
  return undefined;
}

/** The limit files of the process's group and of all groups above it that can be seen. */
function limitFiles(hierarchy: Hierarchy, groups: readonly string[]): string[] {
  const { version, mountPoint, mountRoot } = hierarchy;
  const names = version === 2 ? ['memory.max', 'memory.high'] : ['memory.limit_in_bytes'];
  const files: string[] = [];
  let folder = visibleFolder(groupPath(groups, version), mountRoot);
  for (;;) {
    for (const name of names) files.push(posix.join(mountPoint, folder, name));
    if (folder === '/') return files;
    folder = posix.dirname(folder);
  }
}

/** A line of /proc/self/cgroup: "0::/path" (version 2) or "4:memory:/path". */
function groupPath(groups: readonly string[], version: 1 | 2): string {
  for (const group of groups) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(group) ?? [];
    if (path === undefined) continue;
    if (version === 2 ? id === '0' && controllers === '' : controllers.split(',').includes('memory'))
      return path;
  }
  return '/';
}

/** The group's folder below the mount point; the mount point itself when the group lies outside of it. */
function visibleFolder(group: string, mountRoot: string): string {
  if (mountRoot === '/') return group.startsWith('/..') ? '/' : posix.normalize(group);
  if (group === mountRoot || group.startsWith(`${mountRoot}/`))
    return posix.normalize(`/${group.slice(mountRoot.length)}`);
  return '/';
}

/** Blanks in mountinfo are written as octal escapes. */
function unescapeMount(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function lines(root: string, path: string): string[] {
  return read(root, path)?.split('\n') ?? [];
}

/** Undefined when there is no such file: another system, or a controller that is not there. */
function read(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}
