-- needs: limiter, budget, atOnce
-- The limiter as it stands, for people. It changes nothing: what a restart or a jump of the clock means is for those who work.
-- Answers {charged, accepted in the last window, budget, backoffUntil (0: none), backoffReason, whether a 429 of the last day keeps writes spaced (1 or 0),
-- how long the tenant was kept still in all}.
expire(WRITES, 'w')
local wait, reason = backingOff()
local budget = math.min(policy.limit, math.floor(readBudget().budget))
return { text(number('w')), text(acceptedSince(now)), text(budget), text(wait > 0 and now + wait or 0), reason, isSpaced() and '1' or '0', text(heldUntilNow()) }
