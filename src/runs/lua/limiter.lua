-- The limiter of one family of the tenant's policies: what still counts against its limits, who may write now, and when not. Its keys are
-- the first four of every script that needs it; the fifth is the tenant's own hash. A family that is in no list of limits is charged in
-- another one's limiter as well, whose keys are the last four.
-- args.policy:
--   family            its name
--   limit, limitAll   requests per window (writes; all)      windowMs   length of a window
--   also              the family that it is charged to as well: family, limit, limitAll; nil: none
--   timeoutMs         longest time from permit to the reply
--   permitValidMs     longest time from permit to the request
--   endedInOrder      run_ids of servers that ended in order one after the other, and last that of their successor; or ''
--   jumpedFrom        where Redis' clock would stand without the jump that the caller saw; 0: it saw none
--   answered          reads that were answered since the caller's last call: {end of their charges, how many}, or nil
local policy = args.policy
local TENANT = KEYS[5]
local OWN = { keys = { unpack(KEYS, 1, 4) }, limit = policy.limit, limitAll = policy.limitAll, mark = '' }
local ALSO = policy.also and
  { keys = { unpack(KEYS, #KEYS - 3) }, limit = policy.also.limit, limitAll = policy.also.limitAll, mark = ' @' .. policy.also.family }
-- The limiter that is looked at and changed now.
local LIMITER, WRITES, ALL, ACCEPTED, MARK

local function turnTo(limiter)
  LIMITER, WRITES, ALL, ACCEPTED = unpack(limiter.keys)
  policy.limit, policy.limitAll, MARK = limiter.limit, limiter.limitAll, limiter.mark
end
turnTo(OWN)

-- Does what has to be done in the family's limiter, and then in the one that it is charged to as well.
local function inEach(does)
  does(OWN)
  if not ALSO then return end
  turnTo(ALSO)
  does(ALSO)
  turnTo(OWN)
end

local function text(number) return string.format('%.0f', number) end

local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local now = clock()
-- What happened on the way that people should know of, told in the answer; see LimiterEvent in permit.ts.
local event = ''

-- One call may bring about more than one.
local function tell(words)
  words = words .. MARK
  event = event == '' and words or event .. ';' .. words
end

local function number(field) return tonumber(redis.call('HGET', LIMITER, field) or '0') or 0 end

-- Ends are rounded up to 1/1000 of a window, so that the sets stay small whatever the rate; and `now` was rounded down.
local function endOf(moment)
  local step = math.max(1, math.floor(policy.windowMs / 1000))
  return math.ceil((moment + 1) / step) * step
end

local function charge(set, prefix, moment, n)
  local ends = text(moment)
  redis.call('ZADD', set, moment, ends)
  redis.call('HINCRBY', LIMITER, prefix .. ends, n)
  redis.call('HINCRBY', LIMITER, prefix, n)
end

-- Takes back up to n of the charges that end at `moment`; those already ended are gone and stay so.
local function discharge(set, prefix, moment, n)
  local ends = text(moment)
  local there = math.min(n, number(prefix .. ends))
  if there <= 0 then return 0 end
  redis.call('HINCRBY', LIMITER, prefix, -there)
  if redis.call('HINCRBY', LIMITER, prefix .. ends, -there) <= 0 then
    redis.call('HDEL', LIMITER, prefix .. ends)
    redis.call('ZREM', set, ends)
  end
  return there
end

-- Requests that were answered count for one window from their answer on. A charge that ended while its reply was on the way was counted
-- long enough already: the time-out is part of it.
local function settle(set, prefix, chargeEnd, n, answeredAt)
  local there = discharge(set, prefix, chargeEnd, n)
  if there > 0 then charge(set, prefix, endOf(answeredAt + policy.windowMs), there) end
end

local function expire(set, prefix)
  for _, ends in ipairs(redis.call('ZRANGEBYSCORE', set, '-inf', now)) do
    redis.call('HINCRBY', LIMITER, prefix, -number(prefix .. ends))
    redis.call('HDEL', LIMITER, prefix .. ends)
    redis.call('ZREM', set, ends)
  end
end

local function forget(set, prefix)
  for _, ends in ipairs(redis.call('ZRANGE', set, 0, -1)) do redis.call('HDEL', LIMITER, prefix .. ends) end
  redis.call('DEL', set)
  redis.call('HDEL', LIMITER, prefix)
end

-- A Redis that restarted may have lost the last charges, and a clock that jumped dates them wrongly. Either way nobody
-- knows what still counts, so everything does until nothing can. Several workers may tell of one jump: a backoff that lasts
-- goes on for what was left of it, never for less, and never for more than its whole length from now.
-- `since`: what was sent before that moment may be lost.
local function distrust(from, since)
  forget(WRITES, 'w')
  forget(ALL, 'a')
  forget(ACCEPTED, 'o')
  -- What was learned stays, but its dates may be of a day that is yet to come.
  if redis.call('HEXISTS', LIMITER, 'budget') == 1 then
    redis.call('HSET', LIMITER, 'stepAt', text(now), 'quiet', '0')
  end
  local backoff = number('backoffUntil')
  local rest = math.min(number('backoffMs'), math.max(backoff - from, backoff - now))
  if rest > 0 then redis.call('HSET', LIMITER, 'backoffUntil', text(now + rest)) end
  local full = since + policy.windowMs + policy.timeoutMs - now
  -- Several workers tell of one jump, soon after each other.
  local isNews = math.abs(now + full - number('fullUntil')) > policy.windowMs
  redis.call('HINCRBY', LIMITER, 'heldMs', text(full - math.max(0, math.min(full, number('fullUntil') - now))))
  redis.call('HSET', LIMITER, 'fullUntil', text(now + full), 'nextWriteAt', '0', 'nextReadAt', '0', 'openedAt', '0', 'earlyEnds', '0')
  if number('throttledAt') > 0 then redis.call('HSET', LIMITER, 'throttledAt', text(now)) end
  if isNews then tell('full ' .. text(full)) end
end

-- When a server was first asked by anybody of this tenant: what it may have lost was sent before, also of a family that comes later. The
-- tenant's hash is the main family's limiter, too.
local function askedSince(server)
  if redis.call('HGET', TENANT, 'askedServer') ~= server then
    redis.call('HSET', TENANT, 'askedServer', server, 'askedSince', text(now))
  end
  return math.min(now, tonumber(redis.call('HGET', TENANT, 'askedSince') or '') or now)
end

local function tickOne(server)
  local before = redis.call('HGET', LIMITER, 'server')
  -- Clocks are slewed by a little all the time, and a step forward looks like a pause; only a step back is seen from here.
  local steppedBack = number('seenAt') - now > 1000
  -- One that ended in order has lost nothing, but the one after it may have, when that has ended too.
  local chain = ' ' .. policy.endedInOrder
  local isSuccessor = before and string.sub(chain, -#server - 1) == ' ' .. server
  local lostNothing = isSuccessor and string.find(chain, ' ' .. before .. ' ', 1, true)
  local restarted = before and before ~= server and not lostNothing
  local since = askedSince(server)
  if policy.jumpedFrom ~= 0 or steppedBack then
    -- By this clock nobody can tell how long ago that was.
    redis.call('HSET', TENANT, 'askedSince', text(now))
    distrust(policy.jumpedFrom ~= 0 and policy.jumpedFrom or now, now)
  elseif restarted and since + policy.windowMs + policy.timeoutMs > now then distrust(now, since) end
  redis.call('HSET', LIMITER, 'server', server, 'seenAt', text(now))
  expire(WRITES, 'w')
  expire(ALL, 'a')
  for _, reads in ipairs(policy.answered or {}) do settle(ALL, 'a', reads[1], reads[2], now) end
end

local function tick()
  local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  inEach(function() tickOne(server) end)
end

-- Somebody has stopped the whole tenant (`pause --all`): nothing is sent until somebody lets it go on.
local function stopped() return redis.call('HEXISTS', TENANT, 'stop') == 1 end

-- How long nothing may be sent, and why; 0 when the way is free.
local function backingOff()
  local backoff = number('backoffUntil') - now
  if backoff > 0 then return backoff, redis.call('HGET', LIMITER, 'backoffReason') or 'throttled' end
  local full = number('fullUntil') - now
  if full > 0 then return full, 'restarted' end
  return 0, ''
end

-- At a limit as small as this, writes go five at a time: a tenant that takes one a window and counts what it refuses would
-- never have room for any if they came one after the other.
local SMALL_LIMIT, TOGETHER = 10, 5

-- How many of `wanted` requests may go now, and when that is too few, how long until the next charge ends. Be it a single one:
-- waiting for more would leave unused what is free.
local function room(set, prefix, limit, wanted)
  local free = math.max(0, math.min(wanted, limit - number(prefix)))
  if free == wanted then return free, 0 end
  if limit <= SMALL_LIMIT and free < math.min(TOGETHER, limit) then free = 0 end
  local first = redis.call('ZRANGE', set, 0, 0)[1]
  return free, math.max(1, (tonumber(first) or now + policy.windowMs) - now)
end

-- How long the tenant was kept still in all, until now. What is yet to come is counted in `heldMs` already.
local function heldUntilNow()
  return number('heldMs') - math.max(0, number('backoffUntil') - now, number('fullUntil') - now)
end

-- Keeps the tenant still for `ms` from now; a longer backoff that stands is never shortened.
local function backoffFor(ms, reason)
  local added = now + ms - number('backoffUntil')
  if added <= 0 then return end
  local heldAlready = math.max(now, number('backoffUntil'), number('fullUntil'))
  redis.call('HINCRBY', LIMITER, 'heldMs', text(math.max(0, now + ms - heldAlready)))
  redis.call('HSET', LIMITER, 'backoffUntil', text(now + ms), 'backoffMs', text(ms), 'backoffReason', reason)
  -- Answers to what was under way when a backoff began make it a little longer, which is no news.
  if added >= ms or added > policy.windowMs / 10 then tell('backoff ' .. text(ms)) end
end

-- What a 429 asks for. ms > 0: its Retry-After; -1: it had none, so each such answer waits longer, from a tenth of a window
-- to three; 0: nothing was throttled.
local function backoffAfter(ms)
  if ms > 0 then
    backoffFor(ms, 'throttled')
  elseif ms < 0 then
    local since = now - number('backoffUntil')
    -- Requests that were under way when the backoff began are answered within it: they are part of one refusal, not the next.
    if since >= 0 then
      local isNew = since > 3 * policy.windowMs
      redis.call('HSET', LIMITER, 'unnamedWaits', text(isNew and 1 or number('unnamedWaits') + 1))
    end
    local step = math.max(1, number('unnamedWaits'))
    backoffFor(policy.windowMs * math.min(3, 0.1 * 2 ^ (step - 1)), 'throttled')
  end
end

-- Writes went through after the last backoff: the steps of unnamed waits begin again. Reads that go through say nothing of it.
local function endUnnamedWaits()
  if number('backoffUntil') < now then redis.call('HDEL', LIMITER, 'unnamedWaits') end
end
