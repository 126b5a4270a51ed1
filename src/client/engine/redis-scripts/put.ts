import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';
import { saveKey } from './save-key.js';

/** LEASE.FILL with *: value, ms of life, ms fresh, ms of the load, 1 if absent. Whoever loads has lost its right to fill. */
export const putScript = luaScript(
  openKey,
  saveKey,
  `
void()
setEntry(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
save()
return 1
`,
);
