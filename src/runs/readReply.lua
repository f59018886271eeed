-- The requests of a leave that were of no batch were answered. Answers the event.
-- ARGV: policy, chargeEnd, n, holdMs (-1: throttled without a Retry-After; 0: not throttled), "1" when they were writes.
tick()
local chargeEnd, n, hold = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if ARGV[5] == '1' then settle(WRITES, 'w', chargeEnd, n, now) end
settle(ALL, 'a', chargeEnd, n, now)
holdAfter(hold)
return event
