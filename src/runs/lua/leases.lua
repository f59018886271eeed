-- A lease says that a worker may have a write of a batch on its way: `token`, since when, until when.
local function leaseText(token, from, untilMs) return string.format('%s %.0f %.0f', token, from, untilMs) end

-- How long somebody else's lease lasts. One from the future was given before the clock stepped back: it is void, and the
-- limiter, which counts as full after such a step, keeps the batch as long.
local function leaseLeft(leases, batch, token, now)
  local lease = redis.call('HGET', leases, batch)
  if not lease then return 0 end
  local owner, from, untilMs = string.match(lease, '^(%S+) (%d+) (%d+)$')
  if owner == token or tonumber(from) > now + 1000 then return 0 end
  return math.max(0, tonumber(untilMs) - now)
end
