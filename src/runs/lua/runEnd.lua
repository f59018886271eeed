-- needs: state
local SUMS = {
  FIELD.succeeded, FIELD.skipped, FIELD.failed, FIELD.stale, FIELD.awaitingApproval, FIELD.unsure, FIELD.cancelled,
}
local function tellEnd(header, left)
  local details, counts = {}, redis.call('HMGET', header, unpack(SUMS))
  for i, field in ipairs(SUMS) do
    local n = tonumber(counts[i] or '0')
    if n and n > 0 then details[field] = n end
  end
  -- The pending rows of a cancelled run are not touched one by one.
  local rest = redis.call('HGET', header, FIELD.state) == RUN.cancelled and FIELD.cancelled or 'pending'
  if left > 0 then details[rest] = (details[rest] or 0) + left end
  tellItself(header, 'ended', nil, details)
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
  if not isTold then tellEnd(header, left) end
  local days = tonumber(redis.call('HGET', header, FIELD.keepDays))
  redis.call('EXPIRE', header, days * 86400)
  for _, key in ipairs(rest) do redis.call('EXPIRE', key, days * 86400) end
end
