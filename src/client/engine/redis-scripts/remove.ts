import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';
import { saveKey } from './save-key.js';

/**
 * DEL of one key. Whether it was there. Writers stay on record, as overlapping. What is not there is deleted all the same: a
 * replica, which may not have heard of the key yet, must refuse it.
 */
export const removeScript = luaScript(
  openKey,
  saveKey,
  `
if not exists then return redis.call('UNLINK', key) end
local wasThere = kind ~= '-'
unsetEntry()
void()
if not save(true) then redis.call('UNLINK', key) end
return wasThere and 1 or 0
`,
);
