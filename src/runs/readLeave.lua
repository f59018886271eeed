-- Leave for ARGV[2] requests that are of no batch; ARGV[3] is "1" when they are for work on a run, ARGV[4] when they write. Answers
-- {"granted", now, event, chargeEnd}, {"wait", now, event, ms, reason}, or {"stopped", now, event} when the tenant is stopped and
-- they are for work.
tick()
if ARGV[3] == '1' and stopped() then return { 'stopped', text(now), event } end
local wanted, writes = tonumber(ARGV[2]), ARGV[4] == '1'
local wait, reason = held()
if wait > 0 then return { 'wait', text(now), event, text(wait), reason } end
local free, until_ = room(ALL, 'a', policy.limitAll, wanted)
if free < wanted then return { 'wait', text(now), event, text(math.max(until_, 1)), 'budget' } end
if writes then
  free, until_ = room(WRITES, 'w', math.floor(budgetAtLeave()), wanted)
  if free < wanted then return { 'wait', text(now), event, text(math.max(until_, 1)), 'budget' } end
end
local chargeEnd = endOf(now + policy.timeoutMs + policy.windowMs)
charge(ALL, 'a', chargeEnd, wanted)
if writes then charge(WRITES, 'w', chargeEnd, wanted) end
return { 'granted', text(now), event, text(chargeEnd) }
