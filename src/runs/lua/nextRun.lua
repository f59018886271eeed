-- needs: state
-- Which runs a worker works on: the one at work for its root, else the next in line, which it sets to work; and those that were
-- stopped for good and still need a look. None while the tenant is stopped.
-- The headers of the runs are not among the KEYS: all keys of a tenant lie in one hash slot, so that a cluster has them here.
-- args: headers: what the keys of headers begin with; graphUrl; format; now: ms; isWorker.
-- Answers the run ids.
local OPEN, LEDGER = KEYS[1], KEYS[2]
if redis.call('HEXISTS', LEDGER, 'stop') == 1 then return {} end

-- What it is about may have changed since: somebody must look again.
local function isTooOld(header)
  local freshAt = tonumber(redis.call('HGET', header, FIELD.freshAt) or '')
  local maxAge = tonumber(redis.call('HGET', header, FIELD.maxAgeMs) or '')
  if not freshAt or not maxAge or args.now - freshAt <= maxAge then return false end
  moveTo(header, RUN.paused, REASON.age, { hours = math.floor((args.now - freshAt) / 3600000) })
  return true
end

local working, first = nil, nil
local answer = {}
for _, runId in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
  local header = args.headers .. runId
  local state, graphUrl, format = unpack(redis.call('HMGET', header, FIELD.state, FIELD.graphUrl, FIELD.format))
  if not state then
    redis.call('ZREM', OPEN, runId)
  elseif graphUrl == args.graphUrl and format == args.format then
    if state == RUN.running then working = working or runId end
    if state == RUN.queued and not first and not (args.isWorker and isTooOld(header)) then first = runId end
    if state == RUN.cancelled or state == RUN.aborted then answer[#answer + 1] = runId end
  end
end
if not working and first then
  working = first
  if args.isWorker then
    moveTo(args.headers .. first, RUN.running)
    redis.call('HSETNX', args.headers .. first, FIELD.startedAt, string.format('%.0f', args.now))
  end
end
if working then table.insert(answer, 1, working) end
return answer
