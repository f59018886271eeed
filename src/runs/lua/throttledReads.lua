-- needs: state
-- Reads for a run were told to wait. args: requests: how many; ms: for how long, as Graph has said. Answers {"done"}.
local HEADER = KEYS[1]
tellThrottled(HEADER, args.requests, redisNow() + args.ms)
return { 'done' }
