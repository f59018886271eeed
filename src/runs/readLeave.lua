-- Leave for ARGV[2] reads. Answers {"granted", now, event, chargeEnd} or {"wait", now, event, ms, reason}.
tick()
local wanted = tonumber(ARGV[2])
local wait, reason = held()
if wait > 0 then return { 'wait', text(now), event, text(wait), reason } end
local free, until_ = room(ALL, 'a', policy.limitAll, wanted)
if free < wanted then return { 'wait', text(now), event, text(math.max(until_, 1)), 'budget' } end
local chargeEnd = endOf(now + policy.timeoutMs + policy.windowMs)
charge(ALL, 'a', chargeEnd, wanted)
return { 'granted', text(now), event, text(chargeEnd) }
