-- The requests of a leave that were of no batch were answered. Answers the event.
-- ARGV: policy, chargeEnd, n, holdMs (-1: throttled without a Retry-After; 0: not throttled), "1" when they were writes.
tick()
local chargeEnd, n, hold = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for set, prefix in pairs(ARGV[5] == '1' and { [WRITES] = 'w', [ALL] = 'a' } or { [ALL] = 'a' }) do
  local there = discharge(set, prefix, chargeEnd, n)
  if there > 0 then charge(set, prefix, endOf(now + policy.windowMs), there) end
end
holdAfter(hold)
return event
