-- needs: limiter, budget, families
-- How far a run was, once a window while rows come to their end: for what is foretold of it, and for plots. A sample is a MessagePack list,
-- as in src/runs/samples.ts.
local SAMPLES_MAX, SAMPLES_WHOLE = 720, 180

-- The older a sample is, the less it matters which one of two is kept.
local function thin(samples)
  local all = redis.call('LRANGE', samples, 0, -1)
  local kept = {}
  for i, sample in ipairs(all) do
    if i % 2 == 1 or i > #all - SAMPLES_WHOLE then kept[#kept + 1] = sample end
  end
  redis.call('DEL', samples)
  redis.call('RPUSH', samples, unpack(kept))
end

local function keepSample(samples, header)
  local last = redis.call('LINDEX', samples, -1)
  local since = last and now - cmsgpack.unpack(last)[1]
  -- A clock that stepped back begins anew.
  if since and since >= 0 and since < policy.windowMs then return end
  local ended, written, throttled, worked, working = unpack(redis.call('HMGET', header,
    FIELD.ended, FIELD.written, FIELD.throttled, FIELD.workedMs, FIELD.workingSince))
  local workedMs = tonumber(worked or '') or 0
  if tonumber(working or '') then workedMs = workedMs + math.max(0, now - tonumber(working)) end
  -- Of a run with several families none is kept still alone.
  local isMixed = hasFamilies(header)
  local sample = { now, workedMs, tonumber(ended or '') or 0, tonumber(written or '') or 0, isMixed and 0 or heldUntilNow(),
    math.floor(readBudget().budget), number('w'), tonumber(throttled or '') or 0, policy.family }
  if redis.call('RPUSH', samples, cmsgpack.pack(sample)) > SAMPLES_MAX then thin(samples) end
end
