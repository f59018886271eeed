-- Every change of a run's state goes through here: the state, and why, as a code. People get a sentence that is made of the
-- facts (reasonInWords), or the one that came with the code. `moves` counts the changes, so that two pauses for one reason differ.
-- The time at work is summed up on the way: what is foretold of a run must not count its pauses.
local function redisNow()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
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
end
