import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';
import { saveKey } from './save-key.js';

/** LEASE.FILL with a token: token, value, ms of life, ms fresh, ms of the load, 1 if absent. 1, or 0: refused. */
export const fillScript = luaScript(
  openKey,
  saveKey,
  `
local i = holderOf(ARGV[1])
if i == 0 then return 0 end
if record == 'c' then
  drop(i)
  save()
  return 0
end
record, names, stops = '-', {}, {}
setEntry(ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
save()
return 1
`,
);
