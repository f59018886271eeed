-- needs: state
-- Runs that are taken back at a time: `reverts` of the tenant names them by it. Their record is what they are taken back from, so it lives until
-- that is done, however long ago they have ended.
local function keyOfReverts(header)
  local prefix, runId = string.match(header, '^(.*):run:([^:]*)$')
  return prefix .. ':reverts', runId
end

local function awaitsRevert(header)
  local at, done = unpack(redis.call('HMGET', header, FIELD.revertAt, FIELD.revertedAt))
  return tonumber(at or '') ~= nil and tonumber(done or '') == nil
end

local function expireWhole(header, days)
  redis.call('EXPIRE', header, days * 86400)
  for _, ending in ipairs(RUN_KEY_ENDINGS) do redis.call('EXPIRE', header .. ending, days * 86400) end
end

local function keepWhole(header)
  redis.call('PERSIST', header)
  for _, ending in ipairs(RUN_KEY_ENDINGS) do redis.call('PERSIST', header .. ending) end
end

local function daysAfterRevert(header)
  return math.max(REVERTED_DAYS, tonumber(redis.call('HGET', header, FIELD.keepDays) or '') or 0)
end

-- Whether the run is to be taken back now: somebody may have given it another time since that was seen.
local function isDueToRevert(header)
  return awaitsRevert(header) and tonumber(redis.call('HGET', header, FIELD.revertAt)) <= redisNow()
end

-- The same of one whose rows were read when it had moved so often: one that was opened again since writes what was not read.
local function isDueAsRead(header, moves)
  return isDueToRevert(header) and tonumber(redis.call('HGET', header, FIELD.moves) or '0') == moves
end

-- by: the run that takes it back, nil when there is nothing to take back; taken: its rows; left: what it leaves.
local function markReverted(header, by, taken, left)
  local reverts, runId = keyOfReverts(header)
  redis.call('HSET', header, FIELD.revertedAt, string.format('%.0f', redisNow()), FIELD.revertedBy, by or '', FIELD.revertTrouble, '')
  redis.call('ZREM', reverts, runId)
  if not by then expireWhole(header, daysAfterRevert(header)) end
  tellItself(header, 'taken back', nil, { by = by, rows = taken, left = left })
  announce(header, redisNow(), EVENT.takenBack, { by = by, taken = taken, left = left })
end
