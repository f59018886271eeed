-- needs: limiter
-- The requests of a permit that were of no batch were answered. args: policy; chargeEnd; requests: how many; writes: they were
-- writes; holdMs: as in holdAfter. Answers the event.
tick()
if args.writes then settle(WRITES, 'w', args.chargeEnd, args.requests, now) end
settle(ALL, 'a', args.chargeEnd, args.requests, now)
holdAfter(args.holdMs)
return event
