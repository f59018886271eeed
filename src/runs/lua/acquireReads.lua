-- needs: limiter, budget, atOnce
-- A permit for requests that are of no batch. args: policy; requests: how many; isForWork: on a run; writes: they write.
-- Answers {"granted", now, event, chargeEnd}, {"wait", now, event, ms, reason}, or {"stopped", now, event} when the tenant is stopped and
-- they are for work.
local wanted, writes = args.requests, args.writes
tick()
if args.isForWork and stopped() then return { 'stopped', text(now), event } end
local waitMs, why = 0, ''
inEach(function()
  if waitMs > 0 then return end
  waitMs, why = backingOff()
  if waitMs > 0 then return end
  local free, untilFree = room(ALL, 'a', policy.limitAll, wanted)
  if free == wanted and writes then free, untilFree = room(WRITES, 'w', math.floor(budgetAtPermit()), wanted) end
  if free < wanted then waitMs, why = math.max(untilFree, 1), 'budget'
  elseif args.isForWork and not writes then waitMs, why = readsWait(), 'spacing' end
end)
if waitMs > 0 then return { 'wait', text(now), event, text(waitMs), why } end
local chargeEnd = endOf(now + policy.timeoutMs + policy.windowMs)
inEach(function()
  charge(ALL, 'a', chargeEnd, wanted)
  if args.isForWork and not writes then spaceReads(wanted) end
  if writes then charge(WRITES, 'w', chargeEnd, wanted) end
end)
return { 'granted', text(now), event, text(chargeEnd) }
