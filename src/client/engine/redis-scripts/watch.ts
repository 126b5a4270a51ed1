import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';

/** Ms left of the leases of a key, 0 if nobody loads or writes it. Only reads: who tracks what it reads is told of the end. */
export const watchScript = luaScript(
  openKey,
  `
if record == '-' or record == 'f' then return 0 end
return last - now
`,
);
