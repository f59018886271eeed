-- Which run works now: the one at work, else the first in the line, which a worker sets to work; for others it stays queued.
-- KEYS: 1 open, 2 ledger. ARGV: prefix of run headers, graphUrl, record format, now (ms), "1" for a worker. Answers the run ids that may
-- have jobs: that one and those that ended with writes in doubt, which still need a look. None while the tenant is stopped.
local OPEN, LEDGER = KEYS[1], KEYS[2]
local prefix, root, format, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local isWorker = ARGV[5] == '1'
if redis.call('HEXISTS', LEDGER, 'stop') == 1 then return {} end

-- What it is about may have changed since: somebody must look again.
local function isTooOld(header)
  local freshAt = tonumber(redis.call('HGET', header, 'freshAt') or '')
  local maxAge = tonumber(redis.call('HGET', header, 'maxAgeMs') or '')
  if not freshAt or not maxAge or now - freshAt <= maxAge then return false end
  local hours = math.floor((now - freshAt) / 3600000)
  redis.call('HSET', header, 'state', 'paused', 'stateReason', 'it is ' .. hours .. ' h old: look whether it still is what you want')
  return true
end

local working, first = nil, nil
local answer = {}
for _, runId in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
  local header = prefix .. runId
  local state = redis.call('HGET', header, 'state')
  if not state then
    redis.call('ZREM', OPEN, runId)
  elseif redis.call('HGET', header, 'graphUrl') == root and redis.call('HGET', header, 'format') == format then
    if state == 'running' then working = working or runId end
    if state == 'queued' and not first and not (isWorker and isTooOld(header)) then first = runId end
    if state == 'cancelled' or state == 'aborted' then answer[#answer + 1] = runId end
  end
end
if not working and first then
  working = first
  if isWorker then
    redis.call('HSET', prefix .. first, 'state', 'running', 'stateReason', '')
    redis.call('HSETNX', prefix .. first, 'startedAt', ARGV[4])
  end
end
if working then table.insert(answer, 1, working) end
return answer
