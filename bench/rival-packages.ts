/**
 * The npm packages that benches and scenes compare with. They are installed apart from the product, once, by
 * `npm ci --prefix bench/rivals`; what is not installed is left out, and said.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** This file runs from dist/bench. */
const folder = new URL('../../bench/rivals/', import.meta.url);
const require = createRequire(new URL('package.json', folder));

export const RIVALS_REMEDY = 'npm ci --prefix bench/rivals';

/** The installed version of such a package; undefined: it is not installed. */
export function rivalVersion(name: string): string | undefined {
  try {
    const text = readFileSync(new URL(`node_modules/${name}/package.json`, folder), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** What such a package exports; the caller says what it looks like. */
export async function importRival<T>(specifier: string): Promise<T> {
  return (await import(pathToFileURL(require.resolve(specifier)).href)) as T;
}
