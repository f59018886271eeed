-- The failure budget: a run that fails too often stops by itself, before it has tried every row.
-- `maxFailures` of the header is "off", a number of rows, or a share as "5%", which counts from PERCENT_AFTER written rows on.
-- What failed before the last `resume` or `retry` does not count: somebody has seen it.
local PERCENT_AFTER, IN_A_ROW_MAX = 100, 20

local function since(header, field)
  return tonumber(redis.call('HGET', header, field) or '0') - tonumber(redis.call('HGET', header, field .. 'Seen') or '0')
end

-- Counts failures in a row with one code, '' for a row that went well, which ends the row of them.
local function countInARow(header, codes)
  if #codes == 0 then return end
  local code, count = unpack(redis.call('HMGET', header, 'rowCode', 'rowCount'))
  local before = code
  for _, each in ipairs(codes) do
    count = each == code and count + 1 or 1
    code = each
  end
  if code ~= '' then
    redis.call('HSET', header, 'rowCode', code, 'rowCount', count)
  elseif before then
    redis.call('HDEL', header, 'rowCode', 'rowCount')
  end
end

local function failedTooOften(header, allForbidden)
  local max = redis.call('HGET', header, 'maxFailures') or 'off'
  if max == 'off' then return nil end
  local failed, succeeded = since(header, 'failed'), since(header, 'succeeded')
  local last = redis.call('HGET', header, 'rowCode')
  local inARow = tonumber(redis.call('HGET', header, 'rowCount') or '0')
  if allForbidden and succeeded == 0 then
    return 'Graph refused every row of the first batch with 403: the sign-in may not write here; `retarget doctor` tells which permission it needs'
  end
  if inARow >= IN_A_ROW_MAX then return inARow .. ' rows in a row failed with ' .. last end
  local percent = string.match(max, '^(.*)%%$')
  local written = failed + succeeded
  if percent and written >= PERCENT_AFTER and failed * 100 > tonumber(percent) * written then
    return failed .. ' of ' .. written .. ' written rows failed, more than ' .. max
  end
  if not percent and failed > tonumber(max) then return failed .. ' rows failed, more than ' .. max end
  return nil
end

local function abortIfFailing(header, allForbidden)
  if redis.call('HGET', header, 'state') ~= 'running' or redis.call('HGET', header, 'left') == '0' then return end
  local why = failedTooOften(header, allForbidden)
  if why then redis.call('HSET', header, 'state', 'aborted', 'stateReason', why) end
end

-- From here on only what fails anew counts.
local function forgetFailures(header)
  for _, field in ipairs({ 'failed', 'succeeded' }) do
    redis.call('HSET', header, field .. 'Seen', redis.call('HGET', header, field) or '0')
  end
  redis.call('HDEL', header, 'rowCode', 'rowCount')
end

-- From here on its age counts anew.
local function refresh(header)
  local time = redis.call('TIME')
  redis.call('HSET', header, 'freshAt', time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000)))
end

-- Somebody has looked at the run and wants it to go on.
local function letGoOn(header)
  forgetFailures(header)
  if gateLeft(header) == 0 then redis.call('HDEL', header, 'gate', 'gateUsed') end
  refresh(header)
end
