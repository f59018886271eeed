-- Every change of a run's state goes through here: the state, and why, as a code. People get a sentence that is made of the
-- facts (reasonInWords), or the one that came with the code. `moves` counts the changes, so that two pauses for one reason differ.
-- The time at work is summed up on the way: what is foretold of a run must not count its pauses.
local function redisNow()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- What a run does by itself stands in its log as what people do with it. One that stops again and again does not fill it.
local LOG_SECONDS, LOG_ENTRIES_MAX = 4000 * 86400, 1000
local function tellItself(header, action, reason, words)
  local log = string.gsub(header, ':run:([^:]*)$', ':log:%1')
  if redis.call('LLEN', log) >= LOG_ENTRIES_MAX then return end
  local details = { state = redis.call('HGET', header, FIELD.state) }
  if words and words ~= '' then details.why = words end
  local entry = { at = redisNow(), operator = 'the run itself', action = action, reason = reason, details = details }
  redis.call('RPUSH', log, cjson.encode(entry))
  redis.call('EXPIRE', log, LOG_SECONDS)
end

local function tellMove(header, state, reason, words)
  if state == RUN.running then
    if not redis.call('HGET', header, FIELD.startedAt) then tellItself(header, 'begun') end
  elseif state == RUN.completed then
    tellItself(header, 'ended')
  elseif reason == REASON.interrupted then
    tellItself(header, 'interrupted', reason, words)
  elseif reason == REASON.noWorker then
    tellItself(header, 'left by its workers', reason)
  elseif state == RUN.queued and reason then
    tellItself(header, 'rests', reason)
  elseif reason and reason ~= REASON.operator then
    tellItself(header, 'stopped itself', reason, words)
  end
end

local function moveTo(header, state, reason, facts, words)
  local since = tonumber(redis.call('HGET', header, FIELD.workingSince) or '')
  if since then
    redis.call('HINCRBY', header, FIELD.workedMs, string.format('%.0f', math.max(0, redisNow() - since)))
    redis.call('HDEL', header, FIELD.workingSince)
  end
  if state == RUN.running then redis.call('HSET', header, FIELD.workingSince, string.format('%.0f', redisNow())) end
  redis.call('HSET', header, FIELD.state, state, FIELD.reason, reason or '', FIELD.reasonText, words or '',
    FIELD.reasonFacts, facts and cjson.encode(facts) or '')
  redis.call('HINCRBY', header, FIELD.moves, 1)
  tellMove(header, state, reason, words)
end

-- Why a run waits that is in line already. It has not moved.
local function waitFor(header, reason, facts)
  redis.call('HSET', header, FIELD.reason, reason or '', FIELD.reasonText, '', FIELD.reasonFacts, facts and cjson.encode(facts) or '')
end
