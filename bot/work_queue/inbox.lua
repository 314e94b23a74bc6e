-- The inbox inside a Redis or Valkey server; `finished` is the queue's.
--
--   inbox    hash   update -> body
--   keepers  hash   update -> the bot that is to answer it
--   bots     zset   bot -> until when it counts as alive

local function finished(update)
  return 'inbox-' .. update
end

function commands.knows(update)
  return call('HEXISTS', key('inbox'), update) == 1
    or call('ZSCORE', key('finished'), finished(update)) ~= false
end

function commands.keep(update, body, bot)
  if commands.knows(update) then return false end
  call('HSET', key('inbox'), update, body)
  call('HSET', key('keepers'), update, bot)
  return true
end

function commands.done(update)
  call('HDEL', key('inbox'), update)
  call('HDEL', key('keepers'), update)
  call('ZADD', key('finished'), now, finished(update))
end

function commands.waiting()
  return call('HGETALL', key('inbox'))
end

-- Says that `bot` lives; the updates of bots that live no more become its own. All of its own come
-- along.
function commands.adopt(bot, alive_s)
  call('ZREMRANGEBYSCORE', key('bots'), '-inf', now)
  call('ZADD', key('bots'), now + alive_s, bot)
  local adopted = {}
  local keepers = call('HGETALL', key('keepers'))
  for i = 1, #keepers, 2 do
    local update = keepers[i]
    local keeper = keepers[i + 1]
    if keeper == bot or not call('ZSCORE', key('bots'), keeper) then
      call('HSET', key('keepers'), update, bot)
      table.insert(adopted, update)
      table.insert(adopted, call('HGET', key('inbox'), update))
    end
  end
  return adopted
end

function commands.leave(bot)
  call('ZREM', key('bots'), bot)
end
