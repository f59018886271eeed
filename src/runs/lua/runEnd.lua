-- needs: state
-- A run ends when nothing of it is left to do: no unsettled row, or, once cancelled, none whose write may have left.
-- `rest` are its other keys, which live as long as the header from then on.
local function endIfDone(header, open, runId, rest)
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
  local days = tonumber(redis.call('HGET', header, FIELD.keepDays))
  redis.call('EXPIRE', header, days * 86400)
  for _, key in ipairs(rest) do redis.call('EXPIRE', key, days * 86400) end
end
