-- Opens an ended run again: its failed rows, those that await approval, or only the rest that was never written.
-- KEYS: 1 open, 2 header, 3 states, 4 settled, 5 details, 6.. its other keys. ARGV: runId, then JSON:
--   from: the states it may come from; open: "failed" (with cancelled ones), "awaiting" or "rest"; strategy: how it goes on, or null;
--   rows: batch → places of the rows that are meant, or null: all. Those not meant stay unwritten.
-- Answers {"done", number of rows opened} or {"wrong", state}.
local OPEN, HEADER, STATES, SETTLED, DETAILS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local runId, how = ARGV[1], cjson.decode(ARGV[2])
local state = redis.call('HGET', HEADER, 'state')
local allowed = false
for _, from in ipairs(how.from) do if from == state then allowed = true end end
if not allowed or not redis.call('HGET', HEADER, 'finishedAt') then return { 'wrong', state or '' } end
local selects = how.rows ~= cjson.null
local opened, left, failed, cancelled, awaiting = 0, 0, 0, 0, 0
local OPENS = { failed = { [4] = true, [7] = true }, awaiting = { [6] = true }, rest = {} }
local opens = OPENS[how.open]

local function isMeant(batch, row)
  if not selects then return true end
  for _, place in ipairs(how.rows[batch] or {}) do if place == row then return true end end
  return false
end

-- 0 pending, 4 failed, 6 awaits approval, 7 cancelled. Attempts begin anew, and what was said of the row is taken back, or a
-- word about an old attempt would decide over a new one; but the code of an approval is sent again.
local function openBatch(batch, states)
  local bytes, forgotten, isOpen = { string.byte(states, 1, #states) }, {}, false
  for i, byte in ipairs(bytes) do
    local low = byte % 16
    if opens[low] and isMeant(batch, i - 1) then
      bytes[i] = 0
      if low ~= 6 then forgotten[#forgotten + 1] = forgottenDetail(i - 1) end
    elseif low == 0 and not isMeant(batch, i - 1) then
      bytes[i] = 7
    end
    low = bytes[i] % 16
    if low <= 1 then isOpen, left = true, left + 1 end
    if low == 4 then failed = failed + 1 end
    if low == 6 then awaiting = awaiting + 1 end
    if low == 7 then cancelled = cancelled + 1 end
  end
  redis.call('HSET', STATES, batch, string.char(unpack(bytes)))
  redis.call('SETBIT', SETTLED, tonumber(batch), isOpen and 0 or 1)
  if #forgotten > 0 then
    redis.call('HSET', DETAILS, batch, (redis.call('HGET', DETAILS, batch) or '') .. table.concat(forgotten))
  end
end

local function eachBatch(visit)
  local cursor = '0'
  repeat
    local page = redis.call('HSCAN', STATES, cursor, 'COUNT', 1000)
    cursor = page[1]
    for i = 1, #page[2], 2 do visit(page[2][i], page[2][i + 1]) end
  until cursor == '0'
end

-- Before anything is changed: is there a row to be opened?
eachBatch(function(batch, states)
  for i = 1, #states do
    local low = string.byte(states, i) % 16
    if (low == 0 or opens[low]) and isMeant(batch, i - 1) then opened = opened + 1 end
  end
end)
if opened == 0 then return { 'done', 0 } end
eachBatch(openBatch)
redis.call('HSET', HEADER, 'state', 'queued', 'stateReason', '', 'failed', failed, 'cancelled', cancelled, 'awaitingApproval', awaiting, 'left', left)
if how.strategy ~= cjson.null then redis.call('HSET', HEADER, 'strategy', how.strategy) end
letGoOn(HEADER)
redis.call('HDEL', HEADER, 'finishedAt')
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
local time = redis.call('TIME')
redis.call('ZADD', OPEN, time[1] .. string.format('%06d', tonumber(time[2])), runId)
return { 'done', opened }
