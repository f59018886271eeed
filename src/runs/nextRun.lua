-- Which run works now: the one at work, else the first in the line, which is set to work. KEYS: open.
-- ARGV: prefix of run headers, graphUrl, record format, now (ms). Answers the run ids that may have jobs: the one at work
-- and those that ended with writes in doubt, which still need a look.
local OPEN = KEYS[1]
local prefix, root, format, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local working, first = nil, nil
local answer = {}
for _, runId in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
  local header = prefix .. runId
  local state = redis.call('HGET', header, 'state')
  if not state then
    redis.call('ZREM', OPEN, runId)
  elseif redis.call('HGET', header, 'graphUrl') == root and redis.call('HGET', header, 'format') == format then
    if state == 'running' then working = working or runId end
    if state == 'queued' then first = first or runId end
    if state == 'cancelled' or state == 'aborted' then answer[#answer + 1] = runId end
  end
end
if not working and first then
  working = first
  local header = prefix .. first
  redis.call('HSET', header, 'state', 'running', 'stateReason', '')
  redis.call('HSETNX', header, 'startedAt', now)
end
if working then table.insert(answer, 1, working) end
return answer
