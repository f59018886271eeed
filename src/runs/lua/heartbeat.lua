-- needs: state, announce
-- Who is at work on a run, as the workers tell themselves: of each its host and process, since when it is at work on it, when it was
-- heard of last, until when it counts as alive, and since when Graph is out of its reach.
local function workersOf(header)
  local told = redis.call('HGET', header, FIELD.workers)
  return told and told ~= '' and cjson.decode(told) or {}
end

local function keepWorkers(header, workers, at)
  redis.call('HSET', header, FIELD.workers, cjson.encode(workers), FIELD.seenAt, string.format('%.0f', at))
end

local function heardNow(header) redis.call('HSET', header, FIELD.seenAt, string.format('%.0f', redisNow())) end

-- Its workers are heard of, and for long no row has come to its end. Told once, until one does.
local STUCK_SILENCES = 5
local function announceStuck(header, at, silentMs)
  local working, progress, told = unpack(redis.call('HMGET', header, FIELD.workingSince, FIELD.lastProgressAt, FIELD.stuckTold))
  local since = math.max(tonumber(working or '') or at, tonumber(progress or '') or 0)
  if at - since <= STUCK_SILENCES * silentMs or tonumber(told or '') == since then return end
  redis.call('HSET', header, FIELD.stuckTold, string.format('%.0f', since))
  announce(header, at, EVENT.stalled, { state = RUN.running, since = since })
end

-- It is due, and for long nobody has set it to work, though a worker of other runs is there. Told once.
local function announceUnworked(header, at, silentMs)
  local moved, startAt, told = unpack(redis.call('HMGET', header, FIELD.movedAt, FIELD.startAt, FIELD.stuckTold))
  local since = math.max(tonumber(moved or '') or at, tonumber(startAt or '') or 0)
  if at - since <= STUCK_SILENCES * silentMs or tonumber(told or '') == since then return end
  redis.call('HSET', header, FIELD.stuckTold, string.format('%.0f', since))
  announce(header, at, EVENT.stalled, { state = RUN.queued, reason = REASON.noWorker, since = since })
end

-- worker: id, host, pid, silentMs, graphAway: why Graph is out of its reach, or nil; nil of one that does not tell.
local function hear(header, worker)
  if not worker then return heardNow(header) end
  local at = redisNow()
  local workers, kept = workersOf(header), {}
  for id, each in pairs(workers) do
    if each.aliveUntil >= at then kept[id] = each end
  end
  local before = kept[worker.id] or {}
  local away = worker.graphAway and { since = before.graphAway and before.graphAway.since or at, why = worker.graphAway }
  kept[worker.id] = {
    host = worker.host, pid = worker.pid, since = before.since or at, seenAt = at, aliveUntil = at + worker.silentMs, graphAway = away or nil,
  }
  keepWorkers(header, kept, at)
  announceStuck(header, at, worker.silentMs)
end

-- It works on no run any more.
local function farewell(header, workerId)
  local workers = workersOf(header)
  if not workers[workerId] then return end
  workers[workerId] = nil
  keepWorkers(header, workers, redisNow())
end

-- Whether somebody works on it. When all have left, somebody may still come within args.silentMs, as when a worker is restarted. One that
-- was never heard of was set to work by an older version: its silence begins now.
local function isAlive(header)
  local at = redisNow()
  local seenAt = tonumber(redis.call('HGET', header, FIELD.seenAt) or '')
  if not seenAt then heardNow(header) end
  local workers = workersOf(header)
  for _, each in pairs(workers) do
    if each.aliveUntil >= at then return true end
  end
  return next(workers) == nil and (not seenAt or at - seenAt <= args.silentMs)
end

-- A run at work that nobody works on is in line again, where it stood. Answers whether it is.
local function queueIfLeft(header)
  if isAlive(header) then return false end
  moveTo(header, RUN.queued, REASON.noWorker)
  return true
end
