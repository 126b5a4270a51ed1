import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';
import { saveKey } from './save-key.js';

/**
 * LEASE.FAIL: token, error ('' for none), ms for which it is shared. 1, or 0: the token was void. Without memory for the error
 * the lease ends without one: nobody must wait for it.
 */
export const failScript = luaScript(
  openKey,
  saveKey,
  `
local i = holderOf(ARGV[1])
if i == 0 then return 0 end
local errorMs = tonumber(ARGV[3])
local isGood = record ~= 'c'
if record == 'l' and ARGV[2] ~= '' and errorMs > 0 then
  record, failure, names, stops = 'f', ARGV[2], {#ARGV[2]}, {now + errorMs}
else
  drop(i)
end
if not save(true) and kind == '-' then redis.call('UNLINK', key) end
return isGood and 1 or 0
`,
);
