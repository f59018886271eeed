-- Opens rows of an ended run again: the failed ones, and, of a cancelled run, those that were never written.
-- KEYS: 1 open, 2 header, 3 states, 4 settled, 5.. its other keys. ARGV: runId, then the states it may come from.
-- Answers {"done", number of rows opened} or {"wrong", state}.
local OPEN, HEADER, STATES, SETTLED = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local runId = ARGV[1]
local state = redis.call('HGET', HEADER, 'state')
local allowed = false
for i = 2, #ARGV do if ARGV[i] == state then allowed = true end end
if not allowed or not redis.call('HGET', HEADER, 'finishedAt') then return { 'wrong', state or '' } end
local failed = tonumber(redis.call('HGET', HEADER, 'failed') or '0')
local left = tonumber(redis.call('HGET', HEADER, 'left'))
if failed + left == 0 then return { 'done', 0 } end
if failed > 0 then
  local cursor = '0'
  repeat
    local page = redis.call('HSCAN', STATES, cursor, 'COUNT', 1000)
    cursor = page[1]
    for i = 1, #page[2], 2 do
      -- A failed row's byte is 4 in its low half; its attempts begin anew.
      local opened, n = string.gsub(page[2][i + 1], '[\4\20\36\52\68\84\100\116\132\148\164\180\196\212\228\244]', '\0')
      if n > 0 then
        redis.call('HSET', STATES, page[2][i], opened)
        redis.call('SETBIT', SETTLED, tonumber(page[2][i]), 0)
      end
    end
  until cursor == '0'
end
redis.call('HSET', HEADER, 'state', 'queued', 'stateReason', '', 'failed', '0', 'left', left + failed)
redis.call('HDEL', HEADER, 'finishedAt')
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
local time = redis.call('TIME')
redis.call('ZADD', OPEN, time[1] .. string.format('%06d', tonumber(time[2])), runId)
return { 'done', failed + left }
