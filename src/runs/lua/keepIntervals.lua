-- Keeps when the windows of a run are open, unless somebody has given it others since they were read.
-- args: windows, timeZone: as they stand in the header; intervals: as the header keeps them.
-- Answers {1} when they are kept, else {0}.
local HEADER = KEYS[1]
local windows, timeZone = unpack(redis.call('HMGET', HEADER, FIELD.windows, FIELD.timeZone))
if windows ~= args.windows or timeZone ~= args.timeZone then return { 0 } end
redis.call('HSET', HEADER, FIELD.openIntervals, args.intervals)
return { 1 }
