// Writes docs/commands.md from the command table. Build first: `npm run build`.

import { writeFileSync } from 'node:fs';
import { commandsPage } from '../dist/resp/commands-page.js';

writeFileSync(new URL('../docs/commands.md', import.meta.url), commandsPage());
