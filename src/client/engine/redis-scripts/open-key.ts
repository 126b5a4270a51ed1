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
 * hasOwnLifetime (that is when the key ends), value (its bytes, after `readValue`; false without an entry that has any), record
 * (its letter, - for none), names and stops (tokens and when they end), last (when the last of them does), failure (the error's
 * text), alien (the error of a key that is no string: such a key is an entry that cannot be read).
 *
 * Cost: one read of the key's beginning, in which all but a large value lies, and one of its lifetime. What is over is left
 * out here, and written back by the next who writes.
 */

export const openKey = String.raw`
local MAGIC = '\0nh1 '
-- More than the longest header: 64 writers, or an error of 1,024 chars.
local HEAD_BYTES = 4096
local key = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local text = redis.pcall('GETRANGE', key, 0, HEAD_BYTES - 1)
local alien = type(text) == 'table' and text
if alien then text = '' end
local exists = alien or text ~= '' or redis.call('EXISTS', key) == 1
local kind, fresh, load, gone, record, words, at = '-', 0, 0, 0, '-', '', 1
if exists then
  kind = 'v'
  local k, f, l, rest, behind = string.match(text, '^%znh1 ([-va]) (%d+) (%d+)([^\n]*)\n()')
  local g, r, w = '0', '-', ''
  if k and rest ~= '' then g, r, w = string.match(rest, '^ (%d+) ([lfwc]) (.+)$') end
  if k and g then
    kind, fresh, load, gone, record, words, at = k, tonumber(f), tonumber(l), tonumber(g), r, w, behind
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
      failure = string.sub(text, at, at + name - 1)
      at = at + name
    end
    if stop > now then
      names[#names + 1], stops[#stops + 1] = name, stop
      if stop > last then last = stop end
    end
  end
  if #names == 0 then record = '-' end
end

local value = false
`;

/** Before the key is written: the value, if it is the one that is there. */
export const readValue = `
if kind == 'v' and not value and not alien then
  if #text < HEAD_BYTES then value = string.sub(text, at) else value = redis.call('GETRANGE', key, at - 1, -1) end
end
`;
