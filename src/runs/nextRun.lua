-- Which run works now: the one at work, else the first in the line, which a worker sets to work; for others it stays queued.
-- KEYS: open. ARGV: prefix of run headers, graphUrl, record format, now (ms), "1" for a worker. Answers the run ids that may have jobs: that one and
-- those that ended with writes in doubt, which still need a look.
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
  if ARGV[5] == '1' then
    redis.call('HSET', prefix .. first, 'state', 'running', 'stateReason', '')
    redis.call('HSETNX', prefix .. first, 'startedAt', now)
  end
end
if working then table.insert(answer, 1, working) end
return answer
