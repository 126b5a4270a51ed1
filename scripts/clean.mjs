// `npm run clean`: takes the build away, so that the next one starts from nothing.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

for (const folder of ['dist', 'coverage']) rmSync(join(root, folder), { recursive: true, force: true });
