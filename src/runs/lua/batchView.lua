-- needs: leases
-- All that a worker needs to go on with a batch, in one step. args: batch.
-- Answers {ms of another worker's lease, inputs, states, details, planned, planned lists, planned refusals, before, lists that were written whole, fields and values of the header
-- as MessagePack}.
local HEADER, INPUTS, STATES, DETAILS, LEASES, PLANNED, BEFORE = unpack(KEYS)
local batch = args.batch
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function of(key, field) return redis.call('HGET', key, field or batch) or '' end
return {
  string.format('%.0f', leaseLeft(LEASES, batch, '', now)),
  of(INPUTS), of(STATES), of(DETAILS), of(PLANNED), of(PLANNED, batch .. 'l'), of(PLANNED, batch .. 'r'), of(BEFORE), of(BEFORE, batch .. 'l'),
  cmsgpack.pack(redis.call('HGETALL', HEADER)),
}
