-- needs: announce
-- Every change of a run's state goes through here: the state, and why, as a code. People get a sentence that is made of the
-- facts (reasonInWords), or the one that came with the code. `moves` counts the changes, so that two pauses for one reason differ.
-- The time at work is summed up on the way: what is foretold of a run must not count its pauses.
local function redisNow()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- What a run does by itself stands in its log, and in its tenant's, as what people do with it. One that stops again and again does not
-- fill it.
local LOG_SECONDS, LOG_ENTRIES_MAX, TENANT_LOG_ENTRIES_MAX = 4000 * 86400, 1000, 10000
local function logsOf(header)
  local prefix, runId = string.match(header, '^(.*):run:([^:]*)$')
  return prefix .. ':log:' .. runId, prefix .. ':log', runId
end

local function tellItself(header, action, reason, details)
  local log, ofTenant, runId = logsOf(header)
  if redis.call('LLEN', log) >= LOG_ENTRIES_MAX then return end
  details.state = redis.call('HGET', header, FIELD.state)
  local entry = { at = redisNow(), operator = 'the run itself', action = action, reason = reason, details = details }
  redis.call('RPUSH', log, cjson.encode(entry))
  redis.call('EXPIRE', log, LOG_SECONDS)
  entry.run = runId
  redis.call('RPUSH', ofTenant, cjson.encode(entry))
  redis.call('LTRIM', ofTenant, -TENANT_LOG_ENTRIES_MAX, -1)
  redis.call('EXPIRE', ofTenant, LOG_SECONDS)
end

-- One entry for as long as nothing else happens to the run, however often it is told to wait.
local function tellThrottled(header, rows, untilMs)
  local log, ofTenant, runId = logsOf(header)
  local last = redis.call('LINDEX', log, -1)
  local entry = last and cjson.decode(last)
  if not entry or entry.action ~= 'throttled' then
    return tellItself(header, 'throttled', nil, { times = 1, rows = rows, untilMs = untilMs })
  end
  local details = entry.details
  details.times, details.rows, details.untilMs = details.times + 1, details.rows + rows, untilMs
  redis.call('RPOP', log)
  redis.call('RPUSH', log, cjson.encode(entry))
  local lastOfTenant = redis.call('LINDEX', ofTenant, -1)
  local other = lastOfTenant and cjson.decode(lastOfTenant)
  if not other or other.run ~= runId or other.action ~= 'throttled' then return end
  entry.run = runId
  redis.call('RPOP', ofTenant)
  redis.call('RPUSH', ofTenant, cjson.encode(entry))
end

local function tellMove(header, state, reason, facts, words, worker)
  local function tell(action, details) tellItself(header, action, reason, details or { why = words, facts = facts }) end
  if state == RUN.running then
    local by = worker and { worker = worker.host .. ' (pid ' .. string.format('%.0f', worker.pid) .. ')' } or {}
    tell(redis.call('HGET', header, FIELD.startedAt) and 'goes on' or 'begun', by)
  elseif reason == REASON.interrupted then
    tell('interrupted')
  elseif reason == REASON.noWorker then
    tell('left by its workers', { since = tonumber(redis.call('HGET', header, FIELD.seenAt) or '') })
  elseif state == RUN.queued and reason then
    tell('rests')
  elseif reason and reason ~= REASON.operator then
    tell(state == RUN.paused and 'paused' or 'stopped itself')
  end
end

-- What a person says with a pause is told as he said it; what Graph says, as in a reason of the sign-in, may be about anything.
local function announceMove(header, was, state, reason, facts, words)
  local type = nil
  if state == RUN.running and not redis.call('HGET', header, FIELD.startedAt) then type = EVENT.begun
  elseif state == RUN.paused then type = (reason == REASON.canary or reason == REASON.age) and EVENT.waitsForYes or EVENT.paused
  elseif state == RUN.queued and reason == REASON.noWorker then type = EVENT.stalled
  elseif state == RUN.queued and reason == REASON.approval then type = EVENT.waitsForYes
  elseif state == RUN.queued and reason == REASON.window and was == RUN.running then type = EVENT.windowClosed end
  if not type then return end
  local isSaid = reason == REASON.operator or reason == REASON.interrupted
  announce(header, redisNow(), type, { state = state, reason = reason, facts = facts, words = isSaid and words or nil })
end

-- worker: who sets it to work, as in heartbeat.lua.
local function moveTo(header, state, reason, facts, words, worker)
  local now, was = string.format('%.0f', redisNow()), redis.call('HGET', header, FIELD.state)
  local since = tonumber(redis.call('HGET', header, FIELD.workingSince) or '')
  if since then
    redis.call('HINCRBY', header, FIELD.workedMs, string.format('%.0f', math.max(0, redisNow() - since)))
    redis.call('HDEL', header, FIELD.workingSince)
  end
  if state == RUN.running then
    redis.call('HSET', header, FIELD.workingSince, now)
    redis.call('HDEL', header, FIELD.workers)
  end
  redis.call('HSET', header, FIELD.state, state, FIELD.reason, reason or '', FIELD.reasonText, words or '',
    FIELD.reasonFacts, facts and cjson.encode(facts) or '', FIELD.movedAt, now)
  redis.call('HINCRBY', header, FIELD.moves, 1)
  tellMove(header, state, reason, facts, words, worker)
  announceMove(header, was, state, reason, facts, words)
end

-- Why a run waits that is in line already, and since when. It has not moved.
local function waitFor(header, reason, facts)
  local told = facts and cjson.encode(facts) or ''
  reason = reason or ''
  local before, toldBefore = unpack(redis.call('HMGET', header, FIELD.reason, FIELD.reasonFacts))
  if before == reason and toldBefore == told then return end
  redis.call('HSET', header, FIELD.reason, reason, FIELD.reasonText, '', FIELD.reasonFacts, told,
    FIELD.movedAt, string.format('%.0f', redisNow()))
end
