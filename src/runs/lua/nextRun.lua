-- needs: state, heartbeat, schedule, approval
-- Which runs a worker works on: the one at work for its root, else the next in line that may be at work now, which it sets to work; and those
-- that were stopped for good, left by their workers or at rest, and still need a read. None while the tenant is stopped.
-- A run at work whose workers have not been heard of for `silentMs` is queued again, and keeps its place in line; while the fate of
-- what it had sent is not known, no other run begins. One whose window has closed is queued as well, and blocks nobody. One that is urgent
-- goes before the others: the run at work gives way, and goes on in its turn.
-- The headers of the runs are not among the KEYS: all keys of a tenant lie in one hash slot, so that a cluster has them here.
-- args: headers: what the keys of headers begin with; graphUrl; format; isWorker; only: the runs that the caller works on, or
-- nil: all; worker: what it says of itself, nil of one that is none; silentMs; approval: what its settings demand.
-- Answers the run ids.
local OPEN, LIMITER = KEYS[1], KEYS[2]
if redis.call('HEXISTS', LIMITER, 'stop') == 1 then return {} end
local heardAt = redisNow()

local function isMeant(runId)
  if not args.only then return true end
  for _, each in ipairs(args.only) do if each == runId then return true end end
  return false
end

local function isUrgent(header) return redis.call('HGET', header, FIELD.isUrgent) == '1' end

local function freshen(header) redis.call('HSET', header, FIELD.freshAt, string.format('%.0f', heardAt)) end

-- What kept a run that is in line is over. Its own rests make it no older: what was at work goes on as it left off.
local function comeDue(header)
  local reason, facts, startedAt = unpack(redis.call('HMGET', header, FIELD.reason, FIELD.reasonFacts, FIELD.startedAt))
  local isOver = reason == REASON.time or reason == REASON.window or reason == REASON.approval
    or (reason == REASON.urgent and not redis.call('ZSCORE', OPEN, cjson.decode(facts).run))
  if not isOver then return end
  waitFor(header, nil)
  if tonumber(startedAt or '') then freshen(header) end
end

-- What it is about may have changed since. A plan that nothing was written of is made anew by the worker (app/work/planningAnew.ts); of any other
-- run somebody must look again, and the wait for its time makes that no older.
local function isTooOld(header)
  local freshAt, startAt, maxAge, reason, startedAt, approved = unpack(redis.call('HMGET', header,
    FIELD.freshAt, FIELD.startAt, FIELD.maxAgeMs, FIELD.reason, FIELD.startedAt, FIELD.approved))
  freshAt, maxAge = tonumber(freshAt or ''), tonumber(maxAge or '')
  if not freshAt or not maxAge or reason == REASON.urgent then return false end
  local mayPlanAnew = not tonumber(startedAt or '') and approved and approved ~= '' and approved ~= 'null'
  if not mayPlanAnew then freshAt = math.max(freshAt, tonumber(startAt or '') or 0) end
  local age = heardAt - freshAt
  if age <= maxAge then return false end
  local hours = math.floor(age / 3600000)
  if mayPlanAnew then waitFor(header, REASON.age, { hours = hours, isAnew = true })
  else moveTo(header, RUN.paused, REASON.age, { hours = hours }) end
  return true
end

local working, first, urgent, left, notMeant = nil, nil, nil, nil, nil
local answer, unsure = {}, {}
for _, runId in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
  local header = args.headers .. runId
  local state, graphUrl, format = unpack(redis.call('HMGET', header, FIELD.state, FIELD.graphUrl, FIELD.format))
  if not state then
    redis.call('ZREM', OPEN, runId)
  elseif graphUrl == args.graphUrl and format == args.format then
    local mayWork = state == RUN.running or state == RUN.queued
    local closed = mayWork and (restIfUnapproved(header) or restIfClosed(header, heardAt))
    if closed then state = redis.call('HGET', header, FIELD.state) end
    if state == RUN.running then
      if args.isWorker and isMeant(runId) then
        hear(header, args.worker)
        working = working or runId
      elseif queueIfLeft(header) then
        state = RUN.queued
      else
        working = working or runId
      end
    end
    if state == RUN.queued then
      local reason, sent = unpack(redis.call('HMGET', header, FIELD.reason, FIELD.sent))
      if tonumber(sent or '0') > 0 then
        if reason == REASON.noWorker then left = left or runId
        elseif closed or reason == REASON.urgent then unsure[#unsure + 1] = runId end
      end
      if not closed then comeDue(header) end
      if not closed and not isMeant(runId) then notMeant = notMeant or runId end
      local isNext = not first or (not urgent and isUrgent(header))
      if not closed and isMeant(runId) and isNext and not (args.isWorker and isTooOld(header)) then
        first = first or runId
        if isUrgent(header) then urgent = urgent or runId end
      end
    end
    if state == RUN.cancelled or state == RUN.aborted then answer[#answer + 1] = runId end
  end
end
if args.isWorker and working and urgent and not isUrgent(args.headers .. working) then
  local header = args.headers .. working
  moveTo(header, RUN.queued, REASON.urgent, { run = urgent })
  if tonumber(redis.call('HGET', header, FIELD.sent) or '0') > 0 then unsure[#unsure + 1] = working end
  working = nil
end
first = urgent or first
if not working and left and left ~= first then
  table.insert(answer, 1, left)
elseif not working and first then
  working = first
  if args.isWorker then
    moveTo(args.headers .. first, RUN.running, nil, nil, nil, args.worker)
    hear(args.headers .. first, args.worker)
    redis.call('HSETNX', args.headers .. first, FIELD.startedAt, string.format('%.0f', heardAt))
  end
end
if args.worker and notMeant and not working then announceUnworked(args.headers .. notMeant, heardAt, args.worker.silentMs) end
if working and isMeant(working) then table.insert(answer, 1, working) end
for _, runId in ipairs(unsure) do
  if runId ~= working then answer[#answer + 1] = runId end
end
return answer
