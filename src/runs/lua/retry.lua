-- needs: state, details, failures
-- Opens an ended run again: its failed rows, those that await approval, or only the rest that was never written.
-- args: runId; from: the states it may come from; open: "failed" (with cancelled ones and those left unsure), "awaiting" or "rest"; strategy: how it goes
-- on, or nil; rows: batch → places of the rows that are meant, or nil: all. Those not meant stay unwritten.
-- Answers {"done", number of rows opened} or {"wrong", state}.
local OPEN, HEADER, STATES, SETTLED, DETAILS, FAMILIES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local state = redis.call('HGET', HEADER, FIELD.state)
local allowed = false
for _, from in ipairs(args.from) do if from == state then allowed = true end end
if not allowed or not redis.call('HGET', HEADER, FIELD.finishedAt) then return { 'wrong', state or '' } end
local opened, left, failed, cancelled, awaiting, unsure, sent = 0, 0, 0, 0, 0, 0, 0
local OPENS = {
  failed = { [STATE.failed] = true, [STATE.cancelled] = true, [STATE.leftUnsure] = true },
  awaiting = { [STATE.awaitingApproval] = true },
  rest = {},
}
local opens = OPENS[args.open]
-- Of each family of a run that has several, rows left and rows whose write may have left.
local names, byFamily = cjson.decode(redis.call('HGET', HEADER, FIELD.families) or '[]'), {}
local places = redis.call('GET', FAMILIES) or ''
for i = 1, #names do byFamily[i] = { left = 0, sent = 0 } end
local function ofBatch(batch)
  if #names < 2 then return { left = 0, sent = 0 } end
  return byFamily[1 + (string.byte(places, batch + 1) or 0)]
end

local function isMeant(batch, row)
  if not args.rows then return true end
  for _, place in ipairs(args.rows[batch] or {}) do if place == row then return true end end
  return false
end

-- Attempts begin anew, and what was said of the row is taken back, or a word about an old attempt would decide over a new one;
-- but the code of an approval is sent again.
local function openBatch(batch, states)
  local bytes, forgotten, isOpen = { string.byte(states, 1, #states) }, {}, false
  local family = ofBatch(batch)
  for i, byte in ipairs(bytes) do
    local row = byte % 16
    if opens[row] and isMeant(batch, i - 1) then
      -- What may be there is looked for before anything else, and stays known as sent.
      bytes[i] = row == STATE.leftUnsure and STATE.unsure + 16 or STATE.pending
      if row ~= STATE.awaitingApproval then forgotten[#forgotten + 1] = forgottenDetail(i - 1) end
    elseif row == STATE.pending and not isMeant(batch, i - 1) then
      bytes[i] = STATE.cancelled
    end
    row = bytes[i] % 16
    if row <= UNSETTLED_MAX then isOpen, left, family.left = true, left + 1, family.left + 1 end
    if row == STATE.unsure then sent, family.sent = sent + 1, family.sent + 1 end
    if row == STATE.leftUnsure then unsure = unsure + 1 end
    if row == STATE.failed then failed = failed + 1 end
    if row == STATE.awaitingApproval then awaiting = awaiting + 1 end
    if row == STATE.cancelled then cancelled = cancelled + 1 end
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
    local row = string.byte(states, i) % 16
    if (row == STATE.pending or opens[row]) and isMeant(batch, i - 1) then opened = opened + 1 end
  end
end)
if opened == 0 then return { 'done', 0 } end
eachBatch(openBatch)
moveTo(HEADER, RUN.queued)
redis.call('HSET', HEADER, FIELD.failed, failed, FIELD.cancelled, cancelled, FIELD.awaitingApproval, awaiting, FIELD.unsure, unsure)
redis.call('HSET', HEADER, FIELD.left, left, FIELD.sent, sent)
if #names > 1 then
  for i, name in ipairs(names) do
    redis.call('HSET', HEADER, FIELD.left .. ':' .. name, byFamily[i].left, FIELD.sent .. ':' .. name, byFamily[i].sent)
  end
end
if args.strategy then redis.call('HSET', HEADER, FIELD.strategy, args.strategy) end
letGoOn(HEADER)
redis.call('HDEL', HEADER, FIELD.finishedAt)
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
local time = redis.call('TIME')
redis.call('ZADD', OPEN, time[1] .. string.format('%06d', tonumber(time[2])), args.runId)
return { 'done', opened }
