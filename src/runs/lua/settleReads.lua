-- needs: limiter
-- The requests of a permit that were of no batch were answered. args: policy; chargeEnd; requests: how many; writes: they were
-- writes; backoffMs: as in backoffAfter. Answers the event.
tick()
inEach(function()
  if args.writes then settle(WRITES, 'w', args.chargeEnd, args.requests, now) end
  settle(ALL, 'a', args.chargeEnd, args.requests, now)
  backoffAfter(args.backoffMs)
  -- It takes less at once than in a window, or others use it: nothing goes before its time for a day.
  if args.backoffMs ~= 0 then redis.call('HSET', LIMITER, 'throttledAt', text(now)) end
end)
return event
