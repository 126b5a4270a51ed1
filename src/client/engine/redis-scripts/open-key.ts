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
 * Locals for what follows: now (the server's clock, ms), exists, kind, fresh, load, ends (when the entry is gone, 0: never),
 * hasOwnLifetime (that is when the key ends), value (its bytes, false without an entry that has any), record (its letter, - for
 * none), names and stops (tokens and when they end), last (when the last of them does), failure (the error's text), alien (the
 * error of a key that is no string: such a key is an entry that cannot be read).
 *
 * Cost: one read of the key and one of its lifetime. What is over is left out here, and written back by the next who writes.
 */

export const openKey = String.raw`
local MAGIC = '\0nh1 '
local key = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local text = redis.pcall('GET', key)
local exists = text ~= false
local alien = type(text) == 'table' and text
local kind, fresh, load, gone, record, words, value = '-', 0, 0, 0, '-', '', false
if exists then kind = 'v' end
if exists and not alien then
  value = text
  local k, f, l, rest, at = string.match(text, '^%znh1 ([-va]) (%d+) (%d+)([^\n]*)\n()')
  local g, r, w = '0', '-', ''
  if k and rest ~= '' then g, r, w = string.match(rest, '^ (%d+) ([lfwc]) (.+)$') end
  if k and g then
    kind, fresh, load, gone, record, words = k, tonumber(f), tonumber(l), tonumber(g), r, w
    value = string.sub(text, at)
  end
end

local ends, hasOwnLifetime = gone, gone == 0
if kind ~= '-' then
  local left = redis.call('PTTL', key)
  if left >= 0 and (gone == 0 or now + left < gone) then ends = now + left end
  if gone > 0 and ends < now then kind, fresh, load, ends = '-', 0, 0, 0 end
end

local names, stops, last, failure
if record ~= '-' then
  names, stops, last = {}, {}, 0
  for name, stop in string.gmatch(words, '(%S+) (%d+)') do
    stop = tonumber(stop)
    if record == 'f' then
      failure = string.sub(value, 1, name)
      value = string.sub(value, name + 1)
    end
    if stop > now then
      names[#names + 1], stops[#stops + 1] = name, stop
      if stop > last then last = stop end
    end
  end
  if #names == 0 then record = '-' end
end
if kind ~= 'v' then value = false end
`;
