import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';
import { saveKey } from './save-key.js';

/** LEASE.RENEW: token, ms of the lease. 1, or 0: the token is void. */
export const renewScript = luaScript(
  openKey,
  saveKey,
  `
local i = holderOf(ARGV[1])
if i == 0 then return 0 end
stops[i] = now + tonumber(ARGV[2])
save()
return record ~= 'c' and 1 or 0
`,
);
