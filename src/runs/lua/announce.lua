-- What a run tells through the channels that it names: an event lies in `untold` of the tenant until a worker has queued it for each of
-- them (worker/telling.ts). Its id is the run's, a number and the time, so that whoever gets one twice can tell:
-- a Redis that came back older counts from an earlier number, and no other event may pass for what was told before. A run that names none tells nothing.
local SUMS = {
  FIELD.succeeded, FIELD.skipped, FIELD.failed, FIELD.stale, FIELD.awaitingApproval, FIELD.unsure, FIELD.cancelled,
}

-- How many rows there are of each kind, without those of which there is none.
local function sumsOf(header)
  local sums, counts = {}, redis.call('HMGET', header, unpack(SUMS))
  for i, field in ipairs(SUMS) do
    local n = tonumber(counts[i] or '0')
    if n and n > 0 then sums[field] = n end
  end
  local state, left, sent = unpack(redis.call('HMGET', header, FIELD.state, FIELD.left, FIELD.sent))
  left, sent = tonumber(left or '0') or 0, tonumber(sent or '0') or 0
  -- The pending rows of a cancelled run are not touched one by one.
  local pending = state == RUN.cancelled and sent or left
  if pending > 0 then sums.pending = pending end
  if left > pending then sums[FIELD.cancelled] = (sums[FIELD.cancelled] or 0) + left - pending end
  return sums
end

-- at: ms; data: state, and what is to be said of this event besides.
local function announce(header, at, type, data)
  local channels, file, operator, total, timeZone = unpack(redis.call('HMGET', header,
    FIELD.notify, FIELD.fileName, FIELD.operator, FIELD.total, FIELD.timeZone))
  if not channels or channels == '' or channels == '[]' then return end
  local prefix, runId = string.match(header, '^(.*):run:([^:]*)$')
  data.file, data.operator, data.total, data.rows = file, operator, tonumber(total or '0') or 0, sumsOf(header)
  data.timeZone = timeZone ~= '' and timeZone or nil
  redis.call('RPUSH', prefix .. ':untold', cjson.encode({
    id = string.format('%s-%d-%.0f', runId, redis.call('HINCRBY', header, FIELD.announced, 1), at),
    at = at, run = runId, type = type, channels = cjson.decode(channels), data = data,
  }))
end
