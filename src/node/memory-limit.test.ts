import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { defaultMemoryBytes, type MemoryLimit, memoryLimit } from './memory-limit.js';

const MACHINE = 16_000_000_000;
const V2 = '29 23 0:26 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate';

/** The limit as seen on a machine with these files. */
function limitWith(files: Readonly<Record<string, string>>): MemoryLimit {
  const root = mkdtempSync(join(tmpdir(), 'nuthatch-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    return memoryLimit(root, MACHINE);
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('memoryLimit', () => {
  it('is the machine where there are no cgroups', () => {
    assert.deepEqual(limitWith({}), { bytes: MACHINE, file: undefined });
  });

  it('is the machine where the cgroup sets none', () => {
    const files = {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': `${V2}\n`,
      '/sys/fs/cgroup/memory.max': 'max\n',
    };
    assert.deepEqual(limitWith(files), { bytes: MACHINE, file: undefined });
  });

  it('is the machine where the cgroup allows more than there is', () => {
    const files = {
      '/proc/self/cgroup': '9:memory:/\n',
      '/proc/self/mountinfo': '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    };
    assert.deepEqual(limitWith(files), { bytes: MACHINE, file: undefined });
  });

  it('reads version 2 in a container with its own namespace', () => {
    const files = {
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': `22 1 0:20 / /proc rw - proc proc rw\n${V2}\n`,
      '/sys/fs/cgroup/memory.max': '536870912\n',
      '/sys/fs/cgroup/memory.high': 'max\n',
    };
    assert.deepEqual(limitWith(files), { bytes: 536870912, file: '/sys/fs/cgroup/memory.max' });
  });

  it('takes the smallest of the groups above, and memory.high', () => {
    const files = {
      '/proc/self/cgroup': '1:name=systemd:/\n0::/a.slice/b.service\n',
      '/proc/self/mountinfo': `${V2}\n`,
      '/sys/fs/cgroup/a.slice/b.service/memory.max': '3000000\n',
      '/sys/fs/cgroup/a.slice/memory.max': '2000000\n',
      '/sys/fs/cgroup/a.slice/memory.high': '1000000\n',
      '/sys/fs/cgroup/memory.max': '4000000\n',
    };
    assert.deepEqual(limitWith(files), { bytes: 1000000, file: '/sys/fs/cgroup/a.slice/memory.high' });
  });

  it('reads version 1, where the container sees its group at the mount point', () => {
    const files = {
      '/proc/self/cgroup': '5:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n',
      '/proc/self/mountinfo':
        '34 31 0:31 /docker/ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n' +
        '35 31 0:32 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '268435456\n',
      '/sys/fs/cgroup/cpu/memory.limit_in_bytes': '1\n',
    };
    assert.deepEqual(limitWith(files), {
      bytes: 268435456,
      file: '/sys/fs/cgroup/memory/memory.limit_in_bytes',
    });
  });

  it('reads version 1 beside a version 2 that has no memory controller', () => {
    const files = {
      '/proc/self/cgroup': '4:memory:/jobs/7\n0::/\n',
      '/proc/self/mountinfo':
        '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n' +
        '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
      '/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes': '777\n',
      '/sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes': '9223372036854771712\n',
    };
    assert.deepEqual(limitWith(files), {
      bytes: 777,
      file: '/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes',
    });
  });

  it('stays at the mount point when the group lies outside of it', () => {
    for (const group of ['/../other', '/elsewhere']) {
      const files = {
        '/proc/self/cgroup': `0::${group}\n`,
        '/proc/self/mountinfo': '29 23 0:26 /mine /sys/fs/cgroup\\0402 rw - cgroup2 cgroup2 rw\n',
        '/sys/fs/cgroup 2/memory.max': '55\n',
      };
      assert.deepEqual(limitWith(files), { bytes: 55, file: '/sys/fs/cgroup 2/memory.max' });
    }
  });

  it('has no group above the root of its namespace', () => {
    const files = {
      '/proc/self/cgroup': '0::/../../x\n',
      '/proc/self/mountinfo': `${V2}\n`,
      '/sys/fs/cgroup/memory.max': '55\n',
      '/x/memory.max': '1\n',
    };
    assert.equal(limitWith(files).bytes, 55);
  });

  it('finds something sensible on this machine', () => {
    const limit = memoryLimit();
    assert.ok(limit.bytes > 1_000_000 && limit.bytes < 2 ** 50);
    assert.equal(defaultMemoryBytes(limit), Math.floor(limit.bytes / 2));
  });
});
