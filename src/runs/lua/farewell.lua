-- needs: state, heartbeat
-- A worker ends: it is at work on none of the open runs any more.
-- args: headers: what the keys of headers begin with; workerId.
local OPEN = KEYS[1]
for _, runId in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do farewell(args.headers .. runId, args.workerId) end
return { 'done' }
