-- The reads of a leave were answered. Answers the event.
-- ARGV: policy, chargeEnd, n, holdMs (-1: throttled without a Retry-After; 0: not throttled).
tick()
local chargeEnd, n, hold = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local there = discharge(ALL, 'a', chargeEnd, n)
if there > 0 then charge(ALL, 'a', endOf(now + policy.windowMs), there) end
holdAfter(hold)
return event
