import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { banner, commandName } from './banner.js';
import { listenProblem } from './listen-problem.js';
import { memoryBudget } from './memory-budget.js';

const GB = 1024 ** 3;
const range = { min: 2 * 1024 ** 2, max: 1024 * GB };
const machine = { bytes: 16 * GB, file: undefined };
const container = { bytes: 4 * GB, file: '/sys/fs/cgroup/memory.max' };

describe('the memory budget', () => {
  it('says how much and why', () => {
    assert.deepEqual(memoryBudget({ percent: 50 }, range, machine), {
      bytes: 8 * GB,
      reason: 'half of the 16.0 GB of this machine',
      warning: undefined,
    });
    assert.deepEqual(memoryBudget({ percent: 75 }, range, container), {
      bytes: 3 * GB,
      reason: '75% of the 4.0 GB that /sys/fs/cgroup/memory.max allows',
      warning: undefined,
    });
    assert.deepEqual(memoryBudget({ bytes: GB }, range, machine), {
      bytes: GB,
      reason: 'as max-memory says',
      warning: undefined,
    });
  });

  it('warns of more than there is', () => {
    assert.equal(
      memoryBudget({ bytes: 5 * GB }, range, container).warning,
      'max-memory is 5.0 GB, more than the 4.0 GB that /sys/fs/cgroup/memory.max allows: lower it',
    );
  });

  it('stays within what a node can work with', () => {
    assert.deepEqual(memoryBudget({ percent: 50 }, range, { bytes: 1024 ** 2, file: '/limit' }), {
      bytes: range.min,
      reason: 'the least a node can use; half of the 1.0 MB that /limit allows would be 512 KB',
      warning: undefined,
    });
    const narrow = { ...range, max: 32 * GB };
    assert.deepEqual(memoryBudget({ percent: 50 }, narrow, { bytes: 128 * GB, file: undefined }), {
      bytes: 32 * GB,
      reason: 'the most a node can use; half of the 128 GB of this machine would be 64.0 GB',
      warning: undefined,
    });
  });
});

describe('the banner', () => {
  const facts = {
    version: '1.2.3',
    host: '127.0.0.1',
    port: 6379,
    takenPort: undefined,
    hasPassword: false,
    budget: memoryBudget({ percent: 50 }, range, machine),
    pid: 42,
    command: 'nuthatch',
    isOfCluster: false,
    speaksTls: false,
  };

  it('says of a node of a cluster how clients of clusters connect, and how to look at it', () => {
    const text = banner({ ...facts, isOfCluster: true }, false);
    assert.match(text, /redis-cli -c -p 6379\n.*new Cluster\(.*createCluster\(/s);
    assert.match(text, /cluster {5}nuthatch cluster status -p 6379\n/);
  });

  it('says how TLS is spoken', () => {
    const text = banner({ ...facts, speaksTls: true }, false);
    assert.match(text, /redis-cli --tls -p 6379\n.*call --tls -p 6379 SET.*'rediss:\/\/127\.0\.0\.1:6379'/s);
  });

  it('says where the node is and how to reach it', () => {
    assert.equal(
      banner(facts, false),
      `
Nuthatch 1.2.3 is ready on 127.0.0.1:6379

  redis-cli   redis-cli -p 6379
  without it  nuthatch call -p 6379 SET key value
  ioredis     new Redis('redis://127.0.0.1:6379')
  node-redis  createClient({ url: 'redis://127.0.0.1:6379' })
  memory      8.0 GB, half of the 16.0 GB of this machine (--max-memory)
  stop        Ctrl-C, or kill 42

`,
    );
  });

  it('says that it moved, hides the password, and names an address that can be reached', () => {
    const text = banner({ ...facts, host: '::', port: 7000, takenPort: 6379, hasPassword: true }, true);
    assert.match(text, /ready on \u001b\[1m\[::\]:7000\u001b\[22m \(port 6379 is taken\)/);
    assert.match(text, /redis-cli -h ::1 -p 7000 --askpass\n/);
    assert.match(text, /nuthatch call --host ::1 -p 7000 SET/);
    assert.match(text, /redis:\/\/:PASSWORD@\[::1\]:7000/);
    assert.match(banner({ ...facts, host: '0.0.0.0' }, false), /redis-cli -p 6379\n/);
  });
});

describe('commandName', () => {
  it('is what calls this command again', () => {
    assert.equal(commandName('/usr/local/bin/nuthatch', '/srv'), 'nuthatch');
    assert.equal(commandName('/srv/app/node_modules/.bin/nuthatch', '/srv/app'), 'npx nuthatch');
    assert.equal(commandName('/srv/app/dist/cli/main.js', '/srv/app'), 'node dist/cli/main.js');
  });
});

describe('listenProblem', () => {
  it('says what to do', () => {
    const problem = (code: string) =>
      listenProblem(Object.assign(new Error(code), { code }), '10.0.0.1', 80) ?? '';
    assert.match(
      problem('EADDRINUSE'),
      /Port 80 of 10\.0\.0\.1 is taken.*ss -ltnp 'sport = :80'.*\n.*--port.*--free-port/,
    );
    assert.match(problem('EACCES'), /may not listen on port 80.*--port/);
    assert.match(problem('EADDRNOTAVAIL'), /10\.0\.0\.1 is no address of this machine.*--host/);
    assert.match(problem('ENOTFOUND'), /10\.0\.0\.1 stands for no address.*--host/);
    assert.equal(problem('EMFILE'), '');
  });
});
