
-- What people have spent from their limits, and who is banned.
--
--   spent  zset  what:who -> when the bucket is empty again (spending.py); told:CHAT is one too
--   bans   zset  user -> until when, inf for ever
--   told   set   those of them who have been told

-- Nothing is in `spent` for longer than its longest bucket, an hour, even where no bot lives.
local KEEP_S = 3600
-- Sums of binary fractions, as in spending.py.
local ROUNDING_S, LEAST_WAIT_S, TELL_EVERY_S = 0.001, 10, 60

local function banned(user)
  local ends = call('ZSCORE', key('bans'), user)
  return ends and (ends == 'inf' or tonumber(ends) > now)
end

local function note(bucket, ends)
  call('ZADD', key('spent'), string.format('%.6f', ends), bucket)
  call('EXPIRE', key('spent'), KEEP_S)
end

local function forget_what_came_back()
  call('ZREMRANGEBYSCORE', key('spent'), '-inf', now)
  for _, user in ipairs(call('ZRANGEBYSCORE', key('bans'), '-inf', now)) do
    call('ZREM', key('bans'), user)
    call('SREM', key('told'), user)
  end
end

-- Takes (what, who, cost in seconds, period in seconds) from each bucket or, where one of them is
-- full, from none: then it says which, and the wait.
local function spend(...)
  local filled = {}
  for i = 1, select('#', ...), 4 do
    local what, who, cost, period = select(i, ...)
    local bucket = what .. ':' .. who
    local ends = tonumber(call('ZSCORE', key('spent'), bucket) or 0)
    if ends <= now or ends > now + period + ROUNDING_S then ends = now end
    ends = ends + cost
    local over = ends - now - period
    if over > ROUNDING_S then
      return what, math.max(LEAST_WAIT_S, over)
    end
    filled[bucket] = ends
  end
  for bucket, ends in pairs(filled) do
    note(bucket, ends)
  end
end

-- Whether a chat that is refused something hears of it: once a minute.
local function to_be_told(chat)
  local told = tonumber(call('ZSCORE', key('spent'), 'told:' .. chat) or 0)
  if told > now and told <= now + TELL_EVERY_S then return 0 end
  pass_full_memory()
  note('told:' .. chat, now + TELL_EVERY_S)
  return 1
end
