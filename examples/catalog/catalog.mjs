/**
 * The catalogue: all that this shop reads, it reads through Nuthatch. This file is the one to look at.
 *
 *   what              kept for                                    after a change of its price
 *   product page      10 minutes                                  the new one, at once
 *   category page     1 minute, then shown while it is renewed    deleted, so the next reader sees the new one
 *   search            30 seconds, then shown while it is renewed  may show the old one: nobody knows which searches find it
 *
 * "At once" is: no read that begins after the change sees the old one. A copy that another shop keeps in its process (see
 * `near` in app.mjs) goes when the node tells it, a moment later.
 *
 * The loaders are queries that would run anyway. However many people ask for a key at once, in however many processes,
 * one of them runs its loader; and a loader that has read the old price cannot put it back after the change.
 */
import { CATEGORY_PAGES } from './queries.mjs';

export class Catalog {
  #cache;
  #queries;

  /**
   * @param {import('nuthatch').Cache} cache
   * @param {import('./queries.mjs').Queries} queries
   */
  constructor(cache, queries) {
    this.#cache = cache;
    this.#queries = queries;
  }

  /** @param {number} id */
  product(id) {
    return this.#cache.getOrLoad(
      `product:${id}`,
      // That there is no such product is worth remembering too.
      async (load) => (await this.#queries.product(id)) ?? load.notFound({ ttl: '1m' }),
      { ttl: '10m' },
    );
  }

  /** @param {string} slug @param {number} page */
  categoryPage(slug, page) {
    return this.#cache.getOrLoad(pageKey(slug, page), () => this.#queries.categoryPage(slug, page), {
      ttl: '1m',
      staleWhileRevalidate: '10m',
    });
  }

  /** @param {string} prefix */
  search(prefix) {
    return this.#cache.getOrLoad(`search:${prefix}`, () => this.#queries.search(prefix), {
      ttl: '30s',
      staleWhileRevalidate: '5m',
    });
  }

  categories() {
    return this.#cache.getOrLoad('categories', () => this.#queries.categories(), { ttl: '1h' });
  }

  /**
   * Sets the price in the database, and everywhere.
   *
   * @param {number} id
   * @param {number} priceCents
   */
  async changePrice(id, priceCents) {
    /** @type {Promise<unknown>} */
    let lists = Promise.resolve();
    const write = async () => {
      const product = await this.#queries.changePrice(id, priceCents);
      // Beside the product: should the cache be away, each is repeated until it has acknowledged.
      lists = Promise.all(listsWith(product).map((key) => this.#cache.delete(key)));
      lists.catch(() => {}); // whoever waits for it below hears of it
      return product;
    };
    return this.#cache.writeThrough(`product:${id}`, write, { ttl: '10m' }).finally(() => lists);
  }
}

/** @param {import('./queries.mjs').Product | undefined} product */
function listsWith(product) {
  if (product === undefined) return [];
  return Array.from({ length: CATEGORY_PAGES }, (_, index) => pageKey(product.category.slug, index + 1));
}

/** @param {string} slug @param {number} page */
function pageKey(slug, page) {
  return `category:${slug}:${page}`;
}
