-- needs: state, heartbeat, schedule
-- Queues the runs at work again, whatever their root, whose workers are not heard of any more or whose window has closed; for whoever looks
-- at them while no worker is there, or none has asked since, that would do so.
-- args: headers: what the keys of headers begin with; format; silentMs.
local OPEN = KEYS[1]
for _, runId in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
  local header = args.headers .. runId
  local state, format = unpack(redis.call('HMGET', header, FIELD.state, FIELD.format))
  if state == RUN.running and format == args.format and not restIfClosed(header, redisNow()) then queueIfLeft(header) end
end
return { 'done' }
