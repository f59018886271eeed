-- needs: state, announce, reverts
-- isTold: whoever ends it tells the log of it.
local function tellEnd(header, isTold)
  if not isTold then tellItself(header, 'ended', nil, sumsOf(header)) end
  local state, reason, facts, words, leftOut, startedAt = unpack(redis.call('HMGET', header,
    FIELD.state, FIELD.reason, FIELD.reasonFacts, FIELD.reasonText, FIELD.leftOut, FIELD.startedAt))
  announce(header, redisNow(), EVENT.ended, {
    state = state, reason = reason ~= '' and reason or nil, facts = facts and facts ~= '' and cjson.decode(facts) or nil,
    words = reason == REASON.operator and words or nil, leftOut = tonumber(leftOut or ''), startedAt = tonumber(startedAt or ''),
  })
end

-- What a run has taken back at its time is over with it, unless it was stopped.
local function endOfRevert(header, runId)
  local state, of = unpack(redis.call('HMGET', header, FIELD.state, FIELD.revertOf))
  if state ~= RUN.completed or not of or of == '' then return end
  local other = string.match(header, '^(.*:run:)[^:]*$') .. of
  if redis.call('HGET', other, FIELD.revertedBy) == runId then expireWhole(other, daysAfterRevert(other)) end
end

-- A run ends when nothing of it is left to do: no unsettled row, or, once cancelled, none whose write may have left.
-- rest: its other keys, which live as long as the header from then on; isTold: whoever ends it tells the log of it.
local function endIfDone(header, open, runId, rest, isTold)
  local state = redis.call('HGET', header, FIELD.state)
  if redis.call('HGET', header, FIELD.finishedAt) then return end
  local left = tonumber(redis.call('HGET', header, FIELD.left))
  local sent = tonumber(redis.call('HGET', header, FIELD.sent) or '0')
  local isStopped = state == RUN.cancelled or state == RUN.aborted
  local done = left == 0 or (isStopped and sent == 0)
  if not done then return end
  if not isStopped then moveTo(header, RUN.completed) end
  local time = redis.call('TIME')
  redis.call('HSET', header, FIELD.finishedAt, time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000)))
  redis.call('ZREM', open, runId)
  tellEnd(header, isTold)
  endOfRevert(header, runId)
  -- It is taken back from its record.
  if awaitsRevert(header) then return end
  local days = tonumber(redis.call('HGET', header, FIELD.keepDays))
  redis.call('EXPIRE', header, days * 86400)
  for _, key in ipairs(rest) do redis.call('EXPIRE', key, days * 86400) end
end
