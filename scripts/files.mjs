// Walks folders of the checkout for the other scripts. It knows which folders are not sources.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ignored = new Set(['.git', 'node_modules', 'dist', 'coverage']);

/** Paths below `folder` (with `/`, sorted) that end in one of `suffixes`. A missing folder has none. */
export function globFiles(folder, ...suffixes) {
  if (!existsSync(folder)) return [];
  const found = [];
  const walk = (path) => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      if (ignored.has(entry.name)) continue;
      const inner = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) walk(inner);
      else if (suffixes.some((suffix) => entry.name.endsWith(suffix))) found.push(inner);
    }
  };
  walk('');
  return found.sort();
}
