-- All that a worker needs to go on with a batch, in one step: {ms of another worker's lease, inputs, states, details, planned,
-- planned lists, before, fields and values of the header as MessagePack}. KEYS: header, inputs, states, details, leases, planned, before. ARGV: batch.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local batch = ARGV[1]
local function of(key) return redis.call('HGET', key, batch) or '' end
return { string.format('%.0f', leaseLeft(KEYS[5], batch, '', now)), of(KEYS[2]), of(KEYS[3]), of(KEYS[4]), of(KEYS[6]), redis.call('HGET', KEYS[6], batch .. 'l') or '', of(KEYS[7]), cmsgpack.pack(redis.call('HGETALL', KEYS[1])) }
