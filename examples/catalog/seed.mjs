/** Fills the database of the shop, unless it is filled. */
import { families, makePaints } from './paints.mjs';

/** Rows of one INSERT: some MB of text at most. */
const BATCH = 10_000;
/** Of the advisory lock under which one of several shops fills the database that they share. */
const LOCK = 7_205_011;

/**
 * @param {import('./database.mjs').Database} database
 * @param {readonly { name: string, hex: string }[]} colors
 * @param {(text: string) => void} say
 */
export async function seed(database, colors, say) {
  const { paints, reviews } = makePaints(colors);
  await database.transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const [found] = await query("SELECT to_regclass('paint_shop.reviews') IS NOT NULL AS exists", []);
    if (found?.exists) return;
    say(`filling the database: ${paints.length} paints, ${reviews.length} reviews`);
    for (const statement of SCHEMA) await query(statement, []);
    /** @param {string} table @param {Record<string, string>} columns @param {readonly Record<string, unknown>[]} rows */
    const insert = async (table, columns, rows) => {
      const lists = Object.values(columns).map((type, index) => `$${index + 1}::${type}[]`);
      for (let at = 0; at < rows.length; at += BATCH) {
        const batch = rows.slice(at, at + BATCH);
        const values = Object.keys(columns).map((name) => batch.map((row) => row[name]));
        await query(`INSERT INTO paint_shop.${table} SELECT * FROM unnest(${lists.join(', ')})`, values);
      }
    };
    const categories = families.map((family, index) => ({ id: index + 1, ...family }));
    await insert('categories', { id: 'int', slug: 'text', name: 'text' }, categories);
    const ofProducts = { id: 'int', name: 'text', hex: 'text', categoryId: 'int', priceCents: 'int' };
    await insert('products', ofProducts, paints);
    await insert('stock', { id: 'int', tins: 'int' }, paints);
    const ofReviews = { id: 'int', productId: 'int', stars: 'int', author: 'text', text: 'text' };
    await insert('reviews', ofReviews, reviews);
    for (const statement of INDEXES) await query(statement, []);
  });
}

const SCHEMA = [
  'CREATE SCHEMA IF NOT EXISTS paint_shop',
  'CREATE TABLE paint_shop.categories (id int PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL)',
  `CREATE TABLE paint_shop.products (
     id int PRIMARY KEY, name text NOT NULL, hex text NOT NULL,
     category_id int NOT NULL REFERENCES paint_shop.categories, price_cents int NOT NULL CHECK (price_cents > 0))`,
  'CREATE TABLE paint_shop.stock (product_id int PRIMARY KEY REFERENCES paint_shop.products, tins int NOT NULL)',
  `CREATE TABLE paint_shop.reviews (
     id int PRIMARY KEY, product_id int NOT NULL REFERENCES paint_shop.products,
     stars int NOT NULL CHECK (stars BETWEEN 1 AND 5), author text NOT NULL, text text NOT NULL)`,
];

const INDEXES = [
  'CREATE INDEX ON paint_shop.products (category_id)',
  'CREATE INDEX ON paint_shop.products (lower(name) text_pattern_ops)',
  'CREATE INDEX ON paint_shop.reviews (product_id)',
  'ANALYZE paint_shop.categories, paint_shop.products, paint_shop.stock, paint_shop.reviews',
];
