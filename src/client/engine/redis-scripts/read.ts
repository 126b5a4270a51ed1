import { luaScript } from './lua-script.js';
import { openKey, readValue } from './open-key.js';
import { saveKey } from './save-key.js';

/**
 * LEASE.GET: mode (lease, early, look), the token to grant, ms of the lease. Answers as that command does.
 *
 * An entry that says there is nothing has the value false, which is sent as nil.
 *
 * What is there and fresh is answered before the functions that write are made. If the server cannot write (no memory, a
 * replica) one loads without a right to fill.
 */
export const readScript = luaScript(
  openKey,
  readValue,
  `
if alien then return alien end
local mode, token, leaseMs = ARGV[1], ARGV[2], tonumber(ARGV[3])

-- Ms until the entry is stale or gone, -1: never, 0: it is stale.
local freshMs = 0
if kind ~= '-' and (fresh == 0 or fresh > now) then
  local stop = fresh
  if ends > 0 and (stop == 0 or ends < stop) then stop = ends end
  freshMs = stop == 0 and -1 or math.max(1, stop - now)
end
local isFresh = freshMs ~= 0

if isFresh and (mode ~= 'early' or record ~= '-') then return {'hit', value, freshMs, load} end
if mode == 'look' then
  if kind == '-' then return {'miss'} end
  return {'stale', value, now - fresh, load, 0}
end
if record == 'f' then
  if kind == '-' then return {'failed', failure} end
  return {'failed', failure, value, now - fresh, load}
end
if record ~= '-' then
  if kind == '-' then return {'wait', last - now} end
  return {'stale', value, now - fresh, load, last - now}
end
`,
  saveKey,
  `
record, names, stops = 'l', {token}, {now + leaseMs}
local isGranted = save(true)
if kind == '-' then return {'load', isGranted and token, isGranted and leaseMs or 0} end
-- A refresh before its time saves others from waiting; without a right to fill it would save nobody.
if isFresh and not isGranted then return {'hit', value, freshMs, load} end
return {'refresh', value, isFresh and 0 or now - fresh, load, isGranted and token}
`,
);
