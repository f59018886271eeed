-- Who plans a run anew says so for a while, so that others leave it to him.
-- args: by; ms. Answers {1} when it is his, else {0}.
local HEADER = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local by, untilMs = unpack(redis.call('HMGET', HEADER, FIELD.planningBy, FIELD.planningUntil))
if by and by ~= args.by and now < (tonumber(untilMs or '') or 0) then return { 0 } end
redis.call('HSET', HEADER, FIELD.planningBy, args.by, FIELD.planningUntil, string.format('%.0f', now + args.ms))
return { 1 }
