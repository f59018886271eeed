-- needs: reverts, approval
-- Has a run taken back at another time, or not at all.
-- args: revertAt: ms, nil: nothing takes it back by itself. Answers {1}, or {0} when the run is gone.
local HEADER = KEYS[1]
if redis.call('EXISTS', HEADER) == 0 then return { 0 } end
local reverts, runId = keyOfReverts(HEADER)
local at = args.revertAt and string.format('%.0f', args.revertAt) or ''
redis.call('HSET', HEADER, FIELD.revertAt, at, FIELD.revertedAt, '', FIELD.revertedBy, '', FIELD.revertTrouble, '')
if args.revertAt then
  redis.call('ZADD', reverts, at, runId)
  keepWhole(HEADER)
else
  redis.call('ZREM', reverts, runId)
  local finishedAt = redis.call('HGET', HEADER, FIELD.finishedAt)
  if finishedAt and finishedAt ~= '' then expireWhole(HEADER, tonumber(redis.call('HGET', HEADER, FIELD.keepDays))) end
end
turnByTerms(HEADER)
return { 1 }
