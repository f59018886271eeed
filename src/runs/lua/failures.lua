-- needs: state, canary, announce
-- The failure budget: a run that fails too often stops by itself, before it has tried every row.
-- `maxFailures` of the header is "off", a number of rows, or a share as "5%", which counts from PERCENT_AFTER written rows on.
-- What failed before the last `resume` or `retry` does not count, nor does what the plan showed as failing: somebody has seen it.
local PERCENT_AFTER, IN_A_ROW_MAX = 100, 20

local function since(header, counter, seen)
  local now, before = unpack(redis.call('HMGET', header, counter, seen))
  return tonumber(now or '0') - tonumber(before or '0')
end

-- Counts failures in a row with one code, '' for a row that went well, which ends the row of them.
local function countInARow(header, codes)
  if #codes == 0 then return end
  local code, count = unpack(redis.call('HMGET', header, FIELD.rowCode, FIELD.rowCount))
  local before = code
  for _, each in ipairs(codes) do
    count = each == code and count + 1 or 1
    code = each
  end
  if code ~= '' then
    redis.call('HSET', header, FIELD.rowCode, code, FIELD.rowCount, count)
  elseif before then
    redis.call('HDEL', header, FIELD.rowCode, FIELD.rowCount)
  end
end

-- Why it has: the code and its facts; nil when it has not.
local function failedTooOften(header, allForbidden)
  local max = redis.call('HGET', header, FIELD.maxFailures) or 'off'
  if max == 'off' then return nil end
  -- What was given up without anybody knowing what became of it did not come through either.
  local failed = since(header, FIELD.failed, FIELD.failedSeen) + since(header, FIELD.unsure, FIELD.unsureSeen)
  local succeeded = since(header, FIELD.succeeded, FIELD.succeededSeen)
  if allForbidden and succeeded == 0 then return REASON.forbidden, {} end
  local inARow = tonumber(redis.call('HGET', header, FIELD.rowCount) or '0')
  if inARow >= IN_A_ROW_MAX then
    return REASON.failures, { inARow = inARow, code = redis.call('HGET', header, FIELD.rowCode) }
  end
  local percent = string.match(max, '^(.*)%%$')
  local written = failed + succeeded
  if percent and written >= PERCENT_AFTER and failed * 100 > tonumber(percent) * written then
    return REASON.failures, { failed = failed, written = written, max = max }
  end
  if not percent and failed > tonumber(max) then return REASON.failures, { failed = failed, max = max } end
  return nil
end

-- Told once: more rows have failed than the share that somebody wants to know of.
local function announceFailures(header)
  local share, isTold = unpack(redis.call('HMGET', header, FIELD.notifyFailures, FIELD.failuresTold))
  share = tonumber(share or '')
  if not share or isTold == '1' then return end
  local failed = since(header, FIELD.failed, FIELD.failedSeen) + since(header, FIELD.unsure, FIELD.unsureSeen)
  local written = failed + since(header, FIELD.succeeded, FIELD.succeededSeen)
  if written < PERCENT_AFTER or failed * 100 <= share * written then return end
  redis.call('HSET', header, FIELD.failuresTold, '1')
  announce(header, redisNow(), EVENT.failures, { state = RUN.running, failed = failed, written = written, share = share })
end

local function abortIfFailing(header, allForbidden)
  if redis.call('HGET', header, FIELD.state) ~= RUN.running or redis.call('HGET', header, FIELD.left) == '0' then return end
  local reason, facts = failedTooOften(header, allForbidden)
  if reason then return moveTo(header, RUN.aborted, reason, facts) end
  announceFailures(header)
end

-- What failed in a row without a sign-in is not held against what comes next.
local function forgetRowOfFailures(header) redis.call('HDEL', header, FIELD.rowCode, FIELD.rowCount) end

-- From here on only what fails anew counts.
local function forgetFailures(header)
  for counter, seen in pairs({ [FIELD.failed] = FIELD.failedSeen, [FIELD.unsure] = FIELD.unsureSeen, [FIELD.succeeded] = FIELD.succeededSeen }) do
    redis.call('HSET', header, seen, redis.call('HGET', header, counter) or '0')
  end
  redis.call('HDEL', header, FIELD.failuresTold)
  forgetRowOfFailures(header)
end

-- From here on its age counts anew.
local function refresh(header)
  local time = redis.call('TIME')
  redis.call('HSET', header, FIELD.freshAt, time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000)))
end

-- Somebody has looked at the run and wants it to go on.
local function letGoOn(header)
  forgetFailures(header)
  if canaryLeft(header) == 0 then redis.call('HDEL', header, FIELD.canary, FIELD.canaryUsed) end
  refresh(header)
end
