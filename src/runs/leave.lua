-- Leave to write rows of one batch: checks the run, picks, charges, marks `sent` and counts the attempt, in one step.
-- KEYS: ledger, its sets; 5 header, 6 states, 7 leases. ARGV: policy, batch, token, then of
-- each wanted row its place in the batch and its state byte as the caller saw it: a row that changed since is left out.
-- Answers {"granted", now, event, chargeEnd, states, row, row, …}, {"wait", now, event, ms, reason}, {"busy", now, event, ms}
-- when another worker writes this batch, or {"stopped", now, event, state} when the run is not at work.
local HEADER, STATES, LEASES = KEYS[5], KEYS[6], KEYS[7]
local batch, token = ARGV[2], ARGV[3]
tick()

local state = redis.call('HGET', HEADER, 'state')
if state ~= 'running' then return { 'stopped', text(now), event, state or '' } end

local leaseMs = leaseLeft(LEASES, batch, token, now)
if leaseMs > 0 then return { 'busy', text(now), event, text(leaseMs) } end

local states = redis.call('HGET', STATES, batch)
local wanted = {}
for i = 4, #ARGV, 2 do
  local row, seen = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  if string.byte(states, row + 1) == seen and seen % 16 <= 1 then wanted[#wanted + 1] = row end
end
if #wanted == 0 then return { 'granted', text(now), event, '0', states } end

local wait, reason = held()
if wait > 0 then return { 'wait', text(now), event, text(wait), reason } end
local budget = budgetAtLeave()
local spacing = number('nextWriteAt') - now
if spacing > 0 then return { 'wait', text(now), event, text(spacing), 'spacing' } end
local free, untilFree = room(WRITES, 'w', math.floor(budget), #wanted)
local freeAll, untilFreeAll = room(ALL, 'a', policy.limitAll, #wanted)
local n = math.min(free, freeAll)
if n <= 0 then return { 'wait', text(now), event, text(math.max(untilFree, untilFreeAll)), 'budget' } end

local chargeEnd = endOf(now + policy.timeoutMs + policy.windowMs)
charge(WRITES, 'w', chargeEnd, n)
charge(ALL, 'a', chargeEnd, n)
-- A leave that comes late by less than one step is made good by the next, or lateness would add up to lost budget. After
-- a longer rest there is nothing to make good: two batches at once would overfill a small bucket.
local step = 0.97 * n * policy.windowMs / budget
local planned = number('nextWriteAt')
redis.call('HSET', LEDGER, 'nextWriteAt', text((now - planned <= step and planned or now) + step))
redis.call('HSET', LEASES, batch, leaseText(token, now, now + policy.timeoutMs))

local answer = { 'granted', text(now), event, text(chargeEnd), '' }
local bytes = { string.byte(states, 1, #states) }
for i = 1, n do
  local row = wanted[i]
  local byte = bytes[row + 1]
  if byte % 16 == 0 then redis.call('HINCRBY', HEADER, 'sent', 1) end
  bytes[row + 1] = 1 + 16 * math.min(15, math.floor(byte / 16) + 1)
  answer[#answer + 1] = row
end
answer[5] = string.char(unpack(bytes))
redis.call('HSET', STATES, batch, answer[5])
return answer
