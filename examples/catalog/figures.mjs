/**
 * What the shop tells of itself, at /stats and on the status screen.
 *
 * A read is one question to the catalogue, and without a cache one query: so reads less queries is what was saved.
 */

/**
 * @typedef {ReturnType<typeof figuresOf>} Figures
 * @param {object} parts
 * @param {readonly string[]} parts.cacheUrls
 * @param {string} parts.database
 * @param {number} parts.products
 * @param {import('nuthatch').CacheStats} parts.cache
 * @param {import('./queries.mjs').Queries} parts.queries
 * @param {import('./shop.mjs').ShopCounts | undefined} parts.shop
 * @param {import('./load.mjs').LoadCounts | undefined} parts.load
 */
export function figuresOf({ cacheUrls, database, products, cache, queries, shop, load }) {
  const reads = shop?.reads ?? 0;
  const saved = Math.max(0, reads - queries.reads);
  const hits = cache.nearHits + cache.hits + cache.staleHits;
  return {
    shop: shop?.url ?? '',
    cacheUrls,
    database,
    products,
    requests: shop?.requests ?? 0,
    failures: shop?.failures ?? 0,
    answerMs: shop?.latencies.figures() ?? null,
    reads,
    /** Of what the cache was asked, what it had; null: it was not asked yet. */
    hitRatio: hits + cache.misses === 0 ? null : hits / (hits + cache.misses),
    queries: {
      run: queries.reads,
      saved,
      ms: queries.latencies.figures(),
    },
    load:
      load === undefined
        ? null
        : {
            rate: load.rate,
            sent: load.sent,
            skipped: load.skipped,
            failed: load.failed,
            problem: load.problem,
          },
    /** The load changes prices, and looks whether the next reader sees the old one. */
    prices: { changed: shop?.priceChanges ?? 0, checked: load?.checked ?? 0, oldSeen: load?.oldSeen ?? 0 },
    cache,
  };
}
