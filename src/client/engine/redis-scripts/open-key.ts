/**
 * The beginning of every script: what the key holds.
 *
 * All that is known of a key lies in the key itself, so that whatever a stranger does to it (DEL, SET, FLUSHALL, RENAME) does
 * the same to its leases. What is no envelope is a value that somebody SET: fresh for as long as it lives.
 *
 *   \0nh1 v 1764041158000 42\n{"name":"Ada"}                         a value, fresh until then, loaded in 42 ms
 *   \0nh1 a 1764041158000 42\n                                       an entry that says there is nothing
 *   \0nh1 v 1764041158000 42 0 l TOKEN 1764041162000\n{"name":...    it is being refreshed; the lease ends then
 *   \0nh1 - 0 0 0 l TOKEN 1764041162000\n                            there is none: it is being loaded
 *   \0nh1 - 0 0 0 f 16 1764041162000\ndatabase is down               the load failed: 16 bytes of error, until then
 *   \0nh1 - 0 0 0 w TOKEN 1764041162000\n                            one writes
 *   \0nh1 - 0 0 0 c TOKEN 1764041162000 TOKEN 1764041163000\n        writers overlap, or the key changed: no fill counts
 *         |   | | |
 *         |   | | the entry is gone then; 0: with the key. A key outlives its entry when a lease does (save-key.ts)
 *         |   | ms the load took
 *         |   fresh until; 0: for as long as it lives
 *         kind of entry
 *
 * Locals for what follows: now (the server's clock, ms), kind, fresh, load, ends (when the entry is gone, 0: never), record (its
 * letter, - for none), names and stops (tokens and when they end), failure (the error's text), alien (the error of
 * a key that is no string: such a key is an entry that cannot be read).
 *
 * Cost: of a value of up to some 200 bytes one read of the key, else two, and nothing is copied but the value. What is over is
 * left out here, and written back by the next who writes.
 */

export const openKey = String.raw`
local MAGIC = '\0nh1 '
local key = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local head = redis.pcall('GETRANGE', key, 0, 255)
local alien = type(head) == 'table' and head
if alien then head = '' end
local isWhole = #head < 256 and not alien

local kind, fresh, load, gone, record, words, at = '-', 0, 0, 0, '-', '', 1
local exists = head ~= '' or redis.call('EXISTS', key) == 1
if exists then
  kind = 'v'
  if string.sub(head, 1, 5) == MAGIC then
    if not isWhole and not string.find(head, '\n', 6, true) then
      -- Many writers.
      head = redis.call('GET', key)
      isWhole = true
    end
    local k, f, l, rest, behind = string.match(head, '^([-va]) (%d+) (%d+)([^\n]*)\n()', 6)
    local g, r, w = '0', '-', ''
    if rest ~= '' then g, r, w = string.match(rest or '', '^ (%d+) ([lfwc]) (.+)$') end
    if k and g then
      kind, fresh, load, gone, record, words, at = k, tonumber(f), tonumber(l), tonumber(g), r, w, behind
    end
  end
end

-- Bytes of the key from one place to another, the first being 1, the last -1.
local function cut(from, to)
  if isWhole then return string.sub(head, from, to) end
  if to > 0 then to = to - 1 end
  return redis.call('GETRANGE', key, from - 1, to)
end

local ends, hasOwnLifetime = gone, gone == 0
if kind ~= '-' then
  local left = redis.call('PTTL', key)
  if left >= 0 and (gone == 0 or now + left < gone) then ends = now + left end
  if gone > 0 and ends < now then kind, fresh, load, ends = '-', 0, 0, 0 end
end

local names, stops, failure = {}, {}, ''
if record ~= '-' then
  for name, stop in string.gmatch(words, '(%S+) (%d+)') do
    if record == 'f' then
      failure = cut(at, at + name - 1)
      at = at + name
    end
    if tonumber(stop) > now then
      names[#names + 1] = name
      stops[#stops + 1] = tonumber(stop)
    end
  end
  if #names == 0 then record, failure = '-', '' end
end

-- When the last of the leases is over.
local function lastStop()
  local last = 0
  for i = 1, #stops do if stops[i] > last then last = stops[i] end end
  return last
end
`;
