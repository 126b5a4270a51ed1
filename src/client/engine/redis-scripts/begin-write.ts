import { luaScript } from './lua-script.js';
import { openKey } from './open-key.js';
import { saveKey } from './save-key.js';

/**
 * LEASE.GET WRITE: the token to grant, ms of the lease, the most writers to remember. Answers as that command does. The key is
 * deleted in any case; without memory or with too many writers one writes without a right to fill.
 */
export const beginWriteScript = luaScript(
  openKey,
  saveKey,
  `
local token, leaseMs = ARGV[1], tonumber(ARGV[2])
unsetEntry()
void()
local isGranted = #names < tonumber(ARGV[3])
if isGranted then
  names[#names + 1] = token
  stops[#stops + 1] = now + leaseMs
  if record == '-' then record = 'w' end
end
if not save(true) then
  redis.call('UNLINK', key)
  isGranted = false
end
return {'load', isGranted and token, isGranted and leaseMs or 0}
`,
);
