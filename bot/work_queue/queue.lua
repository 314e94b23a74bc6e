-- The work queue inside a Redis or Valkey server: each command here happens wholly or not at all.
--
--   job:ID      hash  chat, user, seq, body, announced_by, status, due, worker, lease, failures,
--                     lost, sentence, reason
--   waiting     zset  job -> seq                each job is in one of these three
--   leases      zset  job -> end of its lease
--   dead        zset  job -> when it died
--   line:CHAT   zset  job -> seq                all that waits in a chat
--   ready:CHAT  zset  job -> seq                what of it may be claimed now
--   later       zset  job -> when it may be     the rest of it
--   lines, open zset  chat -> its turn          chats with a `line`, chats with a `ready`
--   turns       hash  chat -> when it was last served, in numbers from the counter `turn`
--   users       hash  user -> jobs that are not dead
--   spent, bans       what spending.lua keeps of people
--   finished    zset  id -> when: what was done with, so that nothing is taken twice
--   rewritten         when the server was last told to write its file anew

local function fields(id, ...)
  return unpack(call('HMGET', key('job', id), ...))
end

local function turn_of(chat)
  return tonumber(call('HGET', key('turns'), chat) or 0)
end

-- A chat that was never served comes before all others, by the age of its first job.
local NEVER = 2 ^ 52

local function index(chat, chats, jobs)
  local first = call('ZRANGE', key(jobs, chat), 0, 0, 'WITHSCORES')
  if first[1] then
    local turn = turn_of(chat)
    call('ZADD', key(chats), turn > 0 and turn or first[2] - NEVER, chat)
  else
    call('ZREM', key(chats), chat)
  end
end

local function place(id, chat, seq, due, announced_by, status)
  local claimable_at = status and tonumber(due) or math.max(due, announced_by)
  if claimable_at <= now then
    call('ZADD', key('ready', chat), seq, id)
    index(chat, 'open', 'ready')
  else
    call('ZADD', key('later'), claimable_at, id)
  end
end

local function enter(id, chat, seq, ...)
  call('ZADD', key('waiting'), seq, id)
  call('ZADD', key('line', chat), seq, id)
  index(chat, 'lines', 'line')
  place(id, chat, seq, ...)
end

local function places(id)
  return id, fields(id, 'chat', 'seq', 'due', 'announced_by', 'status')
end

local function leave(id, chat)
  call('ZREM', key('waiting'), id)
  call('ZREM', key('line', chat), id)
  index(chat, 'lines', 'line')
  if call('ZREM', key('later'), id) == 0 then
    call('ZREM', key('ready', chat), id)
    index(chat, 'open', 'ready')
  end
end

local function end_lease(id, due, lost)
  call('ZREM', key('leases'), id)
  call('HSET', key('job', id), 'due', due)
  call('HINCRBY', key('job', id), 'lost', lost)
  enter(places(id))
end

-- The end of this lease on the job, or false where it is not held any more.
local function held_until(id, number)
  return fields(id, 'lease') == number and call('ZSCORE', key('leases'), id)
end

-- A command for the holder of a lease alone; it tells others false.
local function holder(act)
  return function(id, number, ...)
    if not held_until(id, number) then return false end
    act(id, ...)
    return true
  end
end

local function end_life(id)
  local user = fields(id, 'user')
  call('ZREM', key('leases'), id)
  if call('HINCRBY', key('users'), user, -1) == 0 then
    call('HDEL', key('users'), user)
  end
end

local function finish(id)
  call('DEL', key('job', id))
  call('ZADD', key('finished'), now, id)
end

local function comes_before(one, other)
  if one.rank ~= other.rank then return one.rank < other.rank end
  if one.turn ~= other.turn then return one.turn < other.turn end
  return one.seq < other.seq
end

local function no_room(chat, user, alive, total, per_user, per_chat)
  if alive >= tonumber(total) then return 'queue_full' end
  local of_user = tonumber(call('HGET', key('users'), user) or 0)
  if of_user >= tonumber(per_user) then return 'queue_user' end
  return call('ZCARD', key('line', chat)) >= tonumber(per_chat) and 'queue_chat'
end

-- After the limits come buckets, four values each: see spending.lua.
function commands.put(id, chat, user, body, status, announced_in, total, per_user, per_chat, ...)
  if call('EXISTS', key('job', id)) == 1 or call('ZSCORE', key('finished'), id) then
    return {'duplicate'}
  end
  if banned(user) then return {'banned', 0, '0', 0} end
  local alive = call('ZCARD', key('waiting')) + call('ZCARD', key('leases'))
  local reason, wait = no_room(chat, user, alive, total, per_user, per_chat), 0
  if not reason then
    reason, wait = spend(...)
  end
  if reason then
    return {reason, alive, tostring(wait), to_be_told(chat)}
  end
  local seq = call('INCR', key('seq'))
  local announced_by = now + announced_in
  call('HSET', key('job', id), 'chat', chat, 'user', user, 'seq', seq, 'body', body, 'due', now,
    'announced_by', announced_by)
  if status ~= '' then
    call('HSET', key('job', id), 'status', status)
  end
  call('HINCRBY', key('users'), user, 1)
  enter(id, chat, seq, now, announced_by, status ~= '')
  -- Not before: in full memory a script that begins by removing would get through.
  forget_what_came_back()
  return {'accepted', commands.position(id)}
end

function commands.position(id)
  local chat, seq = fields(id, 'chat', 'seq')
  local rank = chat and call('ZRANK', key('line', chat), id)
  if not rank then return false end
  if rank == 0 then return call('ZRANK', key('lines'), chat) end
  local own_turn = turn_of(chat)
  local before = 0
  local lines = call('ZRANGE', key('lines'), 0, -1, 'WITHSCORES')
  for i = 1, #lines, 2 do
    -- The index holds less than nothing for a chat that was never served.
    local line, turn = key('line', lines[i]), math.max(0, lines[i + 1])
    local length = call('ZCARD', line)
    before = before + math.min(rank, length)
    if length > rank and turn <= own_turn and lines[i] ~= chat then
      local rival = turn == 0 and own_turn == 0 and call('ZRANGE', line, rank, rank, 'WITHSCORES')
      if not rival or tonumber(rival[2]) < tonumber(seq) then
        before = before + 1
      end
    end
  end
  return before
end

local function lease(id, worker, ends_at)
  local chat, number, body, status, failures, lost, sentence =
    fields(id, 'chat', 'lease', 'body', 'status', 'failures', 'lost', 'sentence')
  number = (number or 0) + 1
  call('ZREM', key('waiting'), id)
  call('ZREM', key('line', chat), id)
  call('ZREM', key('ready', chat), id)
  call('HSET', key('turns'), chat, call('INCR', key('turn')))
  index(chat, 'lines', 'line')
  index(chat, 'open', 'ready')
  call('ZADD', key('leases'), ends_at, id)
  call('HSET', key('job', id), 'lease', number, 'worker', worker)
  return {id, number, body, status, failures, lost, sentence}
end

function commands.claim(n, worker, lease_s)
  for _, id in ipairs(call('ZRANGEBYSCORE', key('leases'), '-inf', now)) do
    end_lease(id, now, 1)
  end
  for _, id in ipairs(call('ZRANGEBYSCORE', key('later'), '-inf', now)) do
    call('ZREM', key('later'), id)
    place(places(id))
  end
  local line = {}
  -- Nobody behind the first n chats, or behind the first n jobs of a chat, can be among the first n.
  for _, chat in ipairs(call('ZRANGE', key('open'), 0, n - 1)) do
    local turn = turn_of(chat)
    local jobs = call('ZRANGE', key('ready', chat), 0, n - 1, 'WITHSCORES')
    for i = 1, #jobs, 2 do
      table.insert(line, {id = jobs[i], rank = i, turn = turn, seq = tonumber(jobs[i + 1])})
    end
  end
  table.sort(line, comes_before)
  local leased = {}
  for i = 1, math.min(n, #line) do
    leased[i] = lease(line[i].id, worker, now + lease_s)
  end
  return leased
end

-- The places, among the leases named, of those that were lost.
function commands.heartbeat(lease_s, ...)
  pass_full_memory()
  local lost = {}
  for i = 1, select('#', ...), 2 do
    local id, number = select(i, ...)
    local ends_at = held_until(id, number)
    if ends_at and tonumber(ends_at) > now then
      call('ZADD', key('leases'), now + lease_s, id)
    else
      table.insert(lost, (i - 1) / 2)
    end
  end
  return lost
end

commands.ack = holder(function(id)
  end_life(id)
  finish(id)
end)

commands.nack = holder(function(id, due_in, reason, blame)
  end_lease(id, now + due_in, 0)
  call('HSET', key('job', id), 'reason', reason)
  call('HINCRBY', key('job', id), 'failures', blame)
end)

commands.settle = holder(function(id, sentence)
  pass_full_memory()
  call('HSET', key('job', id), 'sentence', sentence)
end)

commands.renew = holder(function(id, chat, body)
  pass_full_memory()
  call('HSET', key('job', id), 'chat', chat, 'body', body)
  call('HDEL', key('job', id), 'status')
end)

commands.bury = holder(function(id, reason)
  end_life(id)
  call('ZADD', key('dead'), now, id)
  call('HSET', key('job', id), 'reason', reason)
end)

function commands.note_status(id, message)
  if not fields(id, 'chat') or call('ZSCORE', key('dead'), id) then return false end
  pass_full_memory()
  call('HSETNX', key('job', id), 'status', message)
  if call('ZREM', key('later'), id) == 1 then
    place(places(id))
  end
  return fields(id, 'status')
end

function commands.cancel(id)
  if not call('ZSCORE', key('waiting'), id) then return false end
  leave(id, fields(id, 'chat'))
  end_life(id)
  finish(id)
  return true
end

function commands.dead()
  local letters = {}
  local ids = call('ZRANGE', key('dead'), 0, -1, 'WITHSCORES')
  for i = 1, #ids, 2 do
    table.insert(letters, {ids[i + 1], fields(ids[i], 'body', 'reason')})
  end
  return letters
end

function commands.depth()
  return {call('ZCARD', key('waiting')), call('ZCARD', key('leases')), call('ZCARD', key('dead'))}
end

-- The body of the job that came first of those that wait or are in flight.
function commands.oldest()
  local first = call('ZRANGE', key('waiting'), 0, 0, 'WITHSCORES')
  local oldest, lowest = first[1], tonumber(first[2])
  for _, id in ipairs(call('ZRANGE', key('leases'), 0, -1)) do
    local seq = tonumber((fields(id, 'seq')))
    if not lowest or seq < lowest then
      oldest, lowest = id, seq
    end
  end
  return oldest and fields(oldest, 'body') or false
end

function commands.release()
  local ids = call('ZRANGE', key('leases'), 0, -1)
  for _, id in ipairs(ids) do
    end_lease(id, now, 0)
  end
  return #ids
end

local function forget_idle_chats()
  local busy = {}
  for _, id in ipairs(call('ZRANGE', key('leases'), 0, -1)) do
    busy[fields(id, 'chat')] = true
  end
  for _, chat in ipairs(call('HKEYS', key('turns'))) do
    if not busy[chat] and not call('ZSCORE', key('lines'), chat) then
      call('HDEL', key('turns'), chat)
    end
  end
end

-- Whether the server should write its file anew, to be rid of what was deleted from it.
function commands.tidy(dead_ttl_s, remember_s, rewrite_every_s)
  for _, id in ipairs(call('ZRANGEBYSCORE', key('dead'), '-inf', now - dead_ttl_s)) do
    call('ZREM', key('dead'), id)
    finish(id)
  end
  call('ZREMRANGEBYSCORE', key('finished'), '-inf', now - remember_s)
  forget_idle_chats()
  forget_what_came_back()
  local newest = call('ZRANGE', key('finished'), -1, -1, 'WITHSCORES')
  local rewritten = tonumber(call('GET', key('rewritten')) or 0)
  if not newest[1] or tonumber(newest[2]) < rewritten or rewritten + rewrite_every_s > now then
    return false
  end
  call('SET', key('rewritten'), now)
  return true
end
