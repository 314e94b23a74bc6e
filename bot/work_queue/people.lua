
-- What is done with one person, over the queue's keys.

local function jobs_in(set, user)
  local found = {}
  for _, id in ipairs(call('ZRANGE', key(set), 0, -1)) do
    if fields(id, 'user') == user then
      table.insert(found, id)
    end
  end
  return found
end

local function described(id, list)
  local body, status = fields(id, 'body', 'status')
  table.insert(list, {body, status})
end

local function cancel_waiting(user)
  local jobs = {}
  for _, id in ipairs(jobs_in('waiting', user)) do
    described(id, jobs)
    commands.cancel(id)
  end
  return jobs
end

function commands.ban(user, ends)
  pass_full_memory()
  call('ZADD', key('bans'), ends, user)
  call('SREM', key('told'), user)
  return cancel_waiting(user)
end

function commands.unban(user)
  local was = banned(user)
  call('ZREM', key('bans'), user)
  call('SREM', key('told'), user)
  return was
end

function commands.bans()
  return call('ZRANGEBYSCORE', key('bans'), '(' .. string.format('%.6f', now), '+inf', 'WITHSCORES')
end

-- 0: not banned, 1: banned, 2: and to be told so.
function commands.turn_away(user, telling)
  if not banned(user) then return 0 end
  if telling == '0' then return 1 end
  pass_full_memory()
  return 1 + call('SADD', key('told'), user)
end

function commands.forget(user, counters)
  local jobs = cancel_waiting(user)
  for _, id in ipairs(jobs_in('leases', user)) do
    described(id, jobs)
    end_life(id)
    finish(id)
  end
  for _, id in ipairs(jobs_in('dead', user)) do
    call('ZREM', key('dead'), id)
    finish(id)
  end
  call('HDEL', key('turns'), user)
  if counters == '1' then
    for _, what in ipairs({'rate_user', 'rate_chat', 'bytes', 'told'}) do
      call('ZREM', key('spent'), what .. ':' .. user)
    end
  end
  return jobs
end

function commands.busiest(n)
  local found = {}
  local spent = call('ZREVRANGE', key('spent'), 0, -1, 'WITHSCORES')
  for i = 1, #spent, 2 do
    local who = string.match(spent[i], '^rate_user:(.+)$')
    local left = tonumber(spent[i + 1]) - now
    if who and left > 0 and #found < tonumber(n) * 2 then
      table.insert(found, who)
      table.insert(found, tostring(left))
    end
  end
  return found
end
