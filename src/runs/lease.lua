-- How long another worker may have a write of batch ARGV[1] on its way, in ms. KEYS: leases.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return string.format('%.0f', leaseLeft(KEYS[1], ARGV[1], '', now))
