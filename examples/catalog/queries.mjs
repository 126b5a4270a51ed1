/**
 * The queries of the shop, as it would run them without a cache too.
 *
 *   categories 1--* products 1--1 stock
 *                   products 1--* reviews
 */
import { Latencies } from './latencies.mjs';

/** Products on a page of a category. */
export const PAGE_SIZE = 24;
/** A category shows so many pages of its best-loved products; who wants others searches. */
export const CATEGORY_PAGES = 8;
/** What a search finds at most. */
const SEARCH_SIZE = 24;
/** Reviews on a product's page. */
const REVIEWS_SHOWN = 3;

/**
 * @typedef {{ id: number, name: string, hex: string, priceCents: number, stars: number | null, reviews: number }} Card
 * @typedef {{ slug: string, name: string }} CategoryName
 * @typedef {CategoryName & { products: number, colors: string[] }} Category
 * @typedef {{ stars: number, author: string, text: string }} Review
 * @typedef {Card & { category: CategoryName, tins: number, latest: Review[] }} Product
 * @typedef {{ category: CategoryName, page: number, pages: number, products: Card[] }} CategoryPage
 */

export class Queries {
  #database;
  /** How many queries have read something. */
  reads = 0;
  latencies = new Latencies();

  /** @param {import('./database.mjs').Database} database */
  constructor(database) {
    this.#database = database;
  }

  /** @param {number} id @returns {Promise<Product | undefined>} */
  async product(id) {
    const [product] = await this.#read(PRODUCT, [id]);
    return product;
  }

  /** @param {string} slug @param {number} page @returns {Promise<CategoryPage | undefined>} */
  async categoryPage(slug, page) {
    const rows = await this.#read(CATEGORY_PAGE, [slug, PAGE_SIZE, (page - 1) * PAGE_SIZE]);
    if (rows.length === 0) return undefined;
    const pages = Math.min(CATEGORY_PAGES, Math.ceil(rows[0].total / PAGE_SIZE));
    const products = rows.map(({ category: _, total: __, ...card }) => card);
    return { category: { slug, name: rows[0].category }, page, pages, products };
  }

  /** @param {string} prefix @returns {Promise<Card[]>} */
  async search(prefix) {
    const pattern = `${prefix.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
    return this.#read(SEARCH, [pattern, SEARCH_SIZE]);
  }

  /** @returns {Promise<Category[]>} */
  async categories() {
    return this.#read(CATEGORIES, []);
  }

  /** Undefined if there is no such product. @param {number} id @param {number} priceCents @returns {Promise<Product | undefined>} */
  async changePrice(id, priceCents) {
    await this.#database.query('UPDATE paint_shop.products SET price_cents = $2 WHERE id = $1', [
      id,
      priceCents,
    ]);
    const [product] = await this.#database.query(PRODUCT, [id]);
    return product;
  }

  /** @param {string} text @param {unknown[]} values @returns {Promise<any[]>} */
  async #read(text, values) {
    this.reads++;
    const start = performance.now();
    const rows = await this.#database.query(text, values);
    this.latencies.add(performance.now() - start);
    return rows;
  }
}

const RATED = `
  SELECT product_id, count(*)::int AS reviews, round(avg(stars), 2)::float8 AS stars, sum(stars)::int AS total_stars
  FROM paint_shop.reviews GROUP BY product_id`;

const PRODUCT = `
  SELECT p.id, p.name, p.hex, p.price_cents AS "priceCents",
         json_build_object('slug', c.slug, 'name', c.name) AS category,
         s.tins, r.stars, r.reviews, latest.list AS latest
  FROM paint_shop.products p
  JOIN paint_shop.categories c ON c.id = p.category_id
  JOIN paint_shop.stock s ON s.product_id = p.id
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS reviews, round(avg(stars), 2)::float8 AS stars
    FROM paint_shop.reviews WHERE product_id = p.id
  ) r
  CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('stars', one.stars, 'author', one.author, 'text', one.text)), '[]') AS list
    FROM (SELECT * FROM paint_shop.reviews WHERE product_id = p.id ORDER BY id DESC LIMIT ${REVIEWS_SHOWN}) one
  ) latest
  WHERE p.id = $1`;

/** The best-loved first: the mean of the stars, drawn towards 3.6 where few have judged. */
const CATEGORY_PAGE = `
  SELECT p.id, p.name, p.hex, p.price_cents AS "priceCents", r.stars, coalesce(r.reviews, 0) AS reviews,
         c.name AS category, count(*) OVER ()::int AS total
  FROM paint_shop.categories c
  JOIN paint_shop.products p ON p.category_id = c.id
  LEFT JOIN (${RATED}) r ON r.product_id = p.id
  WHERE c.slug = $1
  ORDER BY (coalesce(r.total_stars, 0) + 18) / (coalesce(r.reviews, 0) + 5.0) DESC, p.id
  LIMIT $2 OFFSET $3`;

const SEARCH = `
  SELECT p.id, p.name, p.hex, p.price_cents AS "priceCents", r.stars, r.reviews
  FROM paint_shop.products p
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS reviews, round(avg(stars), 2)::float8 AS stars
    FROM paint_shop.reviews WHERE product_id = p.id
  ) r
  WHERE lower(p.name) LIKE $1
  ORDER BY lower(p.name), p.id
  LIMIT $2`;

const CATEGORIES = `
  SELECT c.slug, c.name, count(*)::int AS products, (array_agg(p.hex ORDER BY p.id))[1:8] AS colors
  FROM paint_shop.categories c
  JOIN paint_shop.products p ON p.category_id = c.id
  GROUP BY c.id ORDER BY c.id`;
