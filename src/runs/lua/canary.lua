-- needs: state
-- A canary lets only so many rows of a run be sent until somebody says yes. When all of them are through, the run pauses.
local function canaryLeft(header)
  local canary = tonumber(redis.call('HGET', header, FIELD.canary) or '')
  if not canary then return nil end
  return math.max(0, canary - tonumber(redis.call('HGET', header, FIELD.canaryUsed) or '0'))
end

local function pauseAfterCanary(header)
  if canaryLeft(header) ~= 0 or redis.call('HGET', header, FIELD.state) ~= RUN.running then return end
  if tonumber(redis.call('HGET', header, FIELD.sent) or '0') > 0 then return end
  if redis.call('HGET', header, FIELD.left) == '0' then return end
  moveTo(header, RUN.paused, REASON.canary, { rows = tonumber(redis.call('HGET', header, FIELD.canary)) })
end
