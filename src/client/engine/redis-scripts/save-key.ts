/**
 * The end of every script that writes: what the locals of open-key.ts say goes back into the key.
 *
 *   entry     ----------------------------->|                 the key lives until the later of both; the entry's own end stands in the
 *   lease               ------------------------->|          header when that is not the key's
 *   key       ----------------------------------->|
 *
 * So a lease outlives the entry that it refreshes: expiry voids no token.
 *
 * A value whose header would say nothing is stored without one, unless it looks like an envelope. What nobody needs is deleted.
 *
 * After writing the key is read again: a server that tracks for its caller forgets a key when it is written, and tracks it
 * from the next read on.
 */

import { readValue } from './open-key.js';

export const saveKey = String.raw`
if record == '-' then names, stops = {}, {} end

local function holderOf(token)
  if record == 'f' then return 0 end
  for i = 1, #names do if names[i] == token then return i end end
  return 0
end

-- A lease ends without a fill.
local function drop(i)
  table.remove(names, i)
  table.remove(stops, i)
  if #names == 0 then record = '-' end
end

-- The key changes: loads are void; writers stay, none of which may fill.
local function void()
  if record == 'w' then
    record = 'c'
  elseif record ~= 'c' then
    record, names, stops = '-', {}, {}
  end
end

-- There is an entry: its value, gone after so many ms, stale after so many; 0: never.
local function setEntry(bytes, lifetimeMs, freshMs, loadMs, isAbsent)
  kind, value, hasOwnLifetime, alien = 'v', bytes, false, false
  if isAbsent == '1' then kind = 'a' end
  ends, fresh, load = tonumber(lifetimeMs), tonumber(freshMs), tonumber(loadMs)
  if ends > 0 then ends = now + ends end
  if fresh > 0 then fresh = now + fresh end
end

local function unsetEntry()
  kind, value, fresh, load, ends = '-', false, 0, 0, 0
end

-- Writes it all. Tells whether that went well; unless it may fail, a server without memory ends the script.
local function save(mayFail)
  local run = mayFail and redis.pcall or redis.call
  if kind == '-' and record == '-' then
    local done = run('UNLINK', key)
    redis.call('EXISTS', key)
    return type(done) == 'number'
  end
  ${readValue}
  last = 0
  for i = 1, #stops do if stops[i] > last then last = stops[i] end end
  local lifetime, stop
  gone = 0
  if kind == '-' then
    lifetime, stop = 'PXAT', last
  elseif ends > 0 and last > ends then
    lifetime, stop, gone = 'PXAT', last, ends
  elseif ends > 0 and hasOwnLifetime then
    lifetime = 'KEEPTTL'
  elseif ends > 0 then
    lifetime, stop = 'PXAT', ends
  end
  text = value or ''
  if record == 'f' then text = failure .. text end
  local saysNothing = kind == 'v' and fresh == 0 and load == 0 and record == '-'
  if not saysNothing or string.sub(text, 1, 5) == MAGIC then
    local header = MAGIC .. kind .. ' ' .. fresh .. ' ' .. load
    if record ~= '-' then
      header = header .. ' ' .. gone .. ' ' .. record
      for i = 1, #names do header = header .. ' ' .. names[i] .. ' ' .. stops[i] end
    end
    text = header .. '\n' .. text
  end
  local done
  if stop then
    done = run('SET', key, text, lifetime, stop)
  elseif lifetime then
    done = run('SET', key, text, lifetime)
  else
    done = run('SET', key, text)
  end
  redis.call('EXISTS', key)
  return not done.err
end
`;
