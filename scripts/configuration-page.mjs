// Writes what is made from the options table: docs/configuration.md, and test/golden/help.txt, the help as it
// was last looked at. Build first: `npm run build`.

import { writeFileSync } from 'node:fs';
import { configurationPage } from '../dist/cli/configuration-page.js';
import { allHelp } from '../dist/cli/program.js';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationPage());
writeFileSync(new URL('../test/golden/help.txt', import.meta.url), await allHelp(100));
