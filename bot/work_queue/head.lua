-- What every script begins with. KEYS[1] is the prefix of every key; ARGV is the time ('' for the
-- server's own clock, in seconds), a command and its arguments.

local call = redis.call
local now = tonumber(ARGV[1])
if not now then
  local time = call('TIME')
  now = time[1] + time[2] / 1000000
end

local function key(name, id)
  return KEYS[1] .. ':' .. name .. (id and ':' .. id or '')
end

-- A server whose memory is full refuses the first thing that a script writes, unless that frees
-- memory. New work may be refused, what brings work to its end must not be: it begins by removing,
-- and where it has nothing to remove, with this.
local function pass_full_memory()
  call('DEL', key('nothing'))
end

local commands = {}
