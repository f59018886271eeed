-- needs: state, heartbeat
-- Which runs a worker works on: the one at work for its root, else the next in line, which it sets to work; and those that were
-- stopped for good, or left by their workers, and still need a read. None while the tenant is stopped.
-- A run at work whose workers have not been heard of for `silentMs` is queued again, and keeps its place in line; while the fate of
-- what it had sent is not known, no other run begins.
-- The headers of the runs are not among the KEYS: all keys of a tenant lie in one hash slot, so that a cluster has them here.
-- args: headers: what the keys of headers begin with; graphUrl; format; now: ms; isWorker; only: the runs that the caller works on, or
-- nil: all; worker: what it says of itself, nil of one that is none; silentMs.
-- Answers the run ids.
local OPEN, LIMITER = KEYS[1], KEYS[2]
if redis.call('HEXISTS', LIMITER, 'stop') == 1 then return {} end

local function isMeant(runId)
  if not args.only then return true end
  for _, each in ipairs(args.only) do if each == runId then return true end end
  return false
end

-- What it is about may have changed since: somebody must look again.
local function isTooOld(header)
  local freshAt = tonumber(redis.call('HGET', header, FIELD.freshAt) or '')
  local maxAge = tonumber(redis.call('HGET', header, FIELD.maxAgeMs) or '')
  if not freshAt or not maxAge or args.now - freshAt <= maxAge then return false end
  moveTo(header, RUN.paused, REASON.age, { hours = math.floor((args.now - freshAt) / 3600000) })
  return true
end

local working, first, left = nil, nil, nil
local answer = {}
for _, runId in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
  local header = args.headers .. runId
  local state, graphUrl, format = unpack(redis.call('HMGET', header, FIELD.state, FIELD.graphUrl, FIELD.format))
  if not state then
    redis.call('ZREM', OPEN, runId)
  elseif graphUrl == args.graphUrl and format == args.format then
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
      if reason == REASON.noWorker and tonumber(sent or '0') > 0 then left = left or runId end
      if isMeant(runId) and not first and not (args.isWorker and isTooOld(header)) then first = runId end
    end
    if state == RUN.cancelled or state == RUN.aborted then answer[#answer + 1] = runId end
  end
end
if not working and left and left ~= first then
  table.insert(answer, 1, left)
elseif not working and first then
  working = first
  if args.isWorker then
    moveTo(args.headers .. first, RUN.running, nil, nil, nil, args.worker)
    hear(args.headers .. first, args.worker)
    redis.call('HSETNX', args.headers .. first, FIELD.startedAt, string.format('%.0f', args.now))
  end
end
if working and isMeant(working) then table.insert(answer, 1, working) end
return answer
