-- Opens rows of an ended run again: the failed ones, and, of a cancelled run, those that were never written.
-- KEYS: 1 open, 2 header, 3 states, 4 settled, 5 details, 6.. its other keys. ARGV: runId, then the states it may come from.
-- Answers {"done", number of rows opened} or {"wrong", state}.
local OPEN, HEADER, STATES, SETTLED, DETAILS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local runId = ARGV[1]
local state = redis.call('HGET', HEADER, 'state')
local allowed = false
for i = 2, #ARGV do if ARGV[i] == state then allowed = true end end
if not allowed or not redis.call('HGET', HEADER, 'finishedAt') then return { 'wrong', state or '' } end
local failed = tonumber(redis.call('HGET', HEADER, 'failed') or '0')
local cancelled = tonumber(redis.call('HGET', HEADER, 'cancelled') or '0')
local left = tonumber(redis.call('HGET', HEADER, 'left'))
local total = failed + cancelled + left
if total == 0 then return { 'done', 0 } end
if failed + cancelled > 0 then
  local cursor = '0'
  repeat
    local page = redis.call('HSCAN', STATES, cursor, 'COUNT', 1000)
    cursor = page[1]
    for i = 1, #page[2], 2 do
      local batch, states = page[2][i], page[2][i + 1]
      local bytes, forgotten = { string.byte(states, 1, #states) }, {}
      for row, byte in ipairs(bytes) do
        -- 4 failed, 7 cancelled. Attempts begin anew, and what was said of the row is taken back, or a word about an old
        -- attempt would decide over a new one.
        if byte % 16 == 4 or byte % 16 == 7 then
          bytes[row] = 0
          forgotten[#forgotten + 1] = forgottenDetail(row - 1)
        end
      end
      if #forgotten > 0 then
        redis.call('HSET', STATES, batch, string.char(unpack(bytes)))
        redis.call('SETBIT', SETTLED, tonumber(batch), 0)
        redis.call('HSET', DETAILS, batch, (redis.call('HGET', DETAILS, batch) or '') .. table.concat(forgotten))
      end
    end
  until cursor == '0'
end
redis.call('HSET', HEADER, 'state', 'queued', 'stateReason', '', 'failed', '0', 'cancelled', '0', 'left', total)
redis.call('HDEL', HEADER, 'finishedAt')
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
local time = redis.call('TIME')
redis.call('ZADD', OPEN, time[1] .. string.format('%06d', tonumber(time[2])), runId)
return { 'done', total }
