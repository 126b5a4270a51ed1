import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';
import { saveKey } from './save-key.js';

/**
 * LEASE.EXPIRE of one key. Whether it was there. What is stale already stays stale since then. If there is no memory for
 * the header it is deleted, which is more than was asked for, and safe. What is not there is deleted, so that a replica refuses it.
 */
export const softenScript = luaScript(
  openKey,
  saveKey,
  `
if alien then return alien end
if not exists then return redis.call('UNLINK', key) end
local isThere = kind ~= '-'
if isThere and (fresh == 0 or fresh > now) then fresh = now end
void()
if not save(true) then redis.call('UNLINK', key) end
return isThere and 1 or 0
`,
);
