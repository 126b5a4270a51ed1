import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LogFile } from './log-file.js';
import { shownLogLine } from './log-line.js';
import { freeRow, takenPort } from './ports.js';
import { readShape, writeShape } from './up-shape.js';

const folder = mkdtempSync(join(tmpdir(), 'nuthatch-up-test-'));
after(() => rmSync(folder, { recursive: true }));

describe('what nodes log', () => {
  it('is shown if it is a warning or an error, with the name of the node', () => {
    const line = (entry: object) => shownLogLine('node 1', JSON.stringify(entry));
    assert.equal(line({ level: 'info', message: 'ready' }), undefined);
    assert.equal(
      line({ level: 'warn', time: 't', pid: 1, message: 'late', ms: 7 }),
      'node 1  warn: late {"ms":7}',
    );
    assert.equal(
      line({ level: 'error', message: 'a', error: { message: 'b', stack: 'b\n  at c' } }),
      'node 1  error: a: b\n  at c',
    );
    assert.equal(shownLogLine('node 1', 'no \u001b[2JJSON'), 'node 1  no  [2JJSON');
    assert.equal(shownLogLine('node 1', 'null'), undefined);
  });

  it('is kept, up to a size', () => {
    const log = new LogFile(folder, 100);
    for (let i = 0; i < 40; i++) log.write(`line ${i} ${'.'.repeat(10)}`);
    log.close();
    const [now, old] = ['log', 'log.old'].map((name) => readFileSync(join(folder, name), 'utf8'));
    assert.ok(now.length <= 120 && old.length <= 120);
    assert.match(old + now, /line 38 .*line 39/s);
    const again = new LogFile(folder, 1000);
    again.write('more');
    again.close();
    assert.equal(readFileSync(join(folder, 'log'), 'utf8'), `${now}more\n`);
    // There is no such folder: that ends nothing.
    new LogFile(join(folder, 'none')).write('x');
  });
});

describe('the ports of up', () => {
  it('are those in a row that are free, with their buses', async () => {
    const host = '127.0.0.1';
    const start = (await freeRow(host, 21_000, 4)) ?? assert.fail();
    assert.equal(await takenPort(host, start, 4), undefined);
    for (const taken of [start + 1, start + 10_002]) {
      const server = createServer().listen(taken, host);
      await new Promise((resolve) => server.once('listening', resolve));
      const found = await takenPort(host, start, 4);
      assert.deepEqual(found, { port: taken > start + 9000 ? taken - 10_000 : taken, taken });
      const next = (await freeRow(host, start, 4)) ?? assert.fail();
      assert.ok(next > (found?.port ?? 0));
      await new Promise((resolve) => server.close(resolve));
    }
    assert.equal(await freeRow(host, 55_534, 4), undefined);
  });
});

describe('the folder of up', () => {
  it('remembers what cluster it holds', () => {
    const data = join(folder, 'data');
    assert.equal(readShape(data), undefined);
    writeShape(data, { shards: 3, replicas: 1, port: 7000 });
    assert.deepEqual(readShape(data), { shards: 3, replicas: 1, port: 7000 });
    assert.throws(() => {
      writeShape(data, { shards: 'x' as never, replicas: 1, port: 7000 });
      readShape(data);
    }, /is damaged: remove/);
  });
});
