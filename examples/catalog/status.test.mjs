import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figuresOf } from './figures.mjs';
import { Latencies } from './latencies.mjs';
import { statusLine, statusLines } from './status.mjs';

/** @param {number} times the counts of the cache are these times theirs */
function figures(times, failures = 0) {
  const latencies = new Latencies();
  latencies.add(1.234);
  const counts = { nearHits: 50, hits: 30, staleHits: 10, misses: 8, around: 2, near: {} };
  const cache = Object.fromEntries(
    Object.entries(counts).map(([name, value]) => [name, typeof value === 'number' ? value * times : value]),
  );
  return figuresOf({
    cacheUrls: ['redis://127.0.0.1:6379'],
    database: 'PGlite in this process',
    products: 4909,
    cache,
    queries: { reads: 10 * times, latencies },
    shop: {
      url: 'http://127.0.0.1:8080',
      reads: 100 * times,
      requests: 110 * times,
      failures,
      priceChanges: times,
      latencies,
    },
    load: undefined,
  });
}

describe('the figures', () => {
  it('count what was saved', () => {
    const { hitRatio, queries } = figures(1);
    assert.equal(hitRatio, 90 / 98);
    assert.deepEqual([queries.run, queries.saved], [10, 90]);
  });
});

describe('the status', () => {
  const plain = { columns: 90, color: false };

  it('shows where reads came from since it was shown last', () => {
    const lines = statusLines(figures(3), figures(1), 2, plain);
    const row = (label) => lines.find((line) => line.includes(label)) ?? '';
    assert.match(row('near'), /^ {2}near {6}█{15}░{15} {2}50\.0% {2}kept in this process/);
    assert.match(row('node'), /█{12}░{18} {2}40\.0% {2}redis:\/\/127\.0\.0\.1:6379$/);
    assert.match(row('database'), /█{3}░{27} {2}10\.0% {2}270 of 300 queries saved$/);
    assert.match(row('answers'), /110\/s +p50 1\.23 ms, p99 1\.23 ms$/);
    assert.match(row('queries   '), /10\/s/);
    assert.ok(!lines.some((line) => line.includes('trouble')));
    assert.ok(statusLines(figures(3, 7), undefined, 2, plain).at(-1)?.includes('7 answers failed'));
  });

  it('names a cluster as such', () => {
    const figure = figures(1);
    const cluster = { ...figure, cacheUrls: ['redis://a:1', 'redis://a:2', 'redis://a:3'] };
    cluster.cache = { ...figure.cache, cluster: /** @type {any} */ ({}) };
    const lines = statusLines(cluster, undefined, 1, plain);
    assert.match(lines.find((line) => line.includes('cluster')) ?? '', /% {2}redis:\/\/a:1 and 2 more$/);
  });

  it('is narrower than the terminal, with and without color', () => {
    for (let columns = 1; columns <= 120; columns++) {
      const lines = statusLines(figures(3), undefined, Number.POSITIVE_INFINITY, { columns, color: false });
      for (const line of lines) assert.ok(line.length < Math.max(columns, 3), `${columns}: ${line}`);
      const colored = statusLines(figures(3), undefined, Number.POSITIVE_INFINITY, { columns, color: true });
      assert.deepEqual(
        colored.map((line) => line.replace(/\u001b\[\d+m/g, '')),
        lines,
      );
    }
  });

  it('is a line where there is no terminal', () => {
    assert.equal(
      statusLine(figures(3), figures(1), 2),
      'shop: 110 requests/s   90.0% hits   270 of 300 queries saved   answers p50 1.23 ms, p99 1.23 ms   ' +
        'queries p50 1.23 ms, p99 1.23 ms   3 prices changed, 0 old ones seen',
    );
  });
});

describe('latencies', () => {
  it('are those of the last 2048', () => {
    const latencies = new Latencies();
    assert.equal(latencies.figures(), null);
    for (let i = 0; i < 2048; i++) latencies.add(1_000);
    for (let i = 1; i <= 2048; i++) latencies.add(i);
    assert.deepEqual(latencies.figures(), { p50: 1025, p99: 2028, max: 2048 });
  });
});
