-- A gate lets only so many rows of a run be sent until somebody says yes (a canary). When all of them are through, the run
-- pauses.
local function gateLeft(header)
  local gate = tonumber(redis.call('HGET', header, 'gate') or '')
  if not gate then return nil end
  return math.max(0, gate - tonumber(redis.call('HGET', header, 'gateUsed') or '0'))
end

local function pauseAtGate(header)
  if gateLeft(header) ~= 0 or redis.call('HGET', header, 'state') ~= 'running' then return end
  if tonumber(redis.call('HGET', header, 'sent') or '0') > 0 then return end
  if redis.call('HGET', header, 'left') == '0' then return end
  redis.call('HSET', header, 'state', 'paused', 'stateReason', 'canary: the first ' .. redis.call('HGET', header, 'gate') .. ' rows are written')
end
