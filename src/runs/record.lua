-- Records what became of rows of one batch: states, counters, details, charges and hold, in one step; only for rows that
-- are not settled yet. KEYS: ledger, its sets; 5 header, 6 states, 7 details, 8 settled, 9 leases, 10 open, 11.. its other keys.
-- ARGV: policy, runId, batch, token, chargeEnd, answered, accepted, returned, holdMs, throttled, allForbidden, isStopping, answeredAgoMs, then the rows one
-- after the other (rowsCodec.ts): of each its place, its new state byte, the state byte as it was when that was decided (255:
-- whatever it was), its error code when it failed, and its detail (empty: nothing to say).
--   answered/returned: charges that were used and end a window after the answer came, answeredAgoMs ago / that were never sent
--   and are given back
--   accepted: how many of them the tenant let through its limit; throttled: how many it refused with 429
--   holdMs: as in holdAfter; allForbidden: "1" when every reply was a 403
--   isStopping: "1" when the caller stops the run next, so that the first batch still goes alone
-- Answers {states, state of the run, event}.
local HEADER, STATES, DETAILS, SETTLED, LEASES, OPEN = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local runId, batch, token = ARGV[2], ARGV[3], ARGV[4]
local chargeEnd, answered, accepted, returned = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local hold, throttled, rows = tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[14]
local COUNTERS = { [2] = 'succeeded', [3] = 'skipped', [4] = 'failed', [5] = 'stale', [6] = 'awaitingApproval', [7] = 'cancelled' }
-- A tenant that is throttled all night has something to say of each row each time.
local DETAILS_BYTES_MAX = 16384

tick()

if answered > 0 then
  local answeredAt = now - tonumber(ARGV[13])
  settle(WRITES, 'w', chargeEnd, answered, answeredAt)
  settle(ALL, 'a', chargeEnd, answered, answeredAt)
end
if returned > 0 then
  discharge(WRITES, 'w', chargeEnd, returned)
  discharge(ALL, 'a', chargeEnd, returned)
end
if answered > 0 and ARGV[12] ~= '1' then redis.call('HSET', HEADER, 'answered', '1') end
holdAfter(hold)
if accepted > 0 or throttled > 0 then learnFromReply(accepted, throttled) end
if accepted > 0 and hold == 0 then endUnnamedWaits() end
if throttled > 0 then redis.call('HINCRBY', HEADER, 'throttled', throttled) end

local lease = redis.call('HGET', LEASES, batch)
if lease and string.match(lease, '^%S+') == token then redis.call('HDEL', LEASES, batch) end

local states = redis.call('HGET', STATES, batch)
if not states then return { '', '', event } end
local bytes = { string.byte(states, 1, #states) }
local details, counts, codes = {}, {}, {}
local left, sent, ungated = 0, 0, 0
local next = 1
while next <= #rows do
  local row, byte, seen, code, detail
  row, byte, seen, code, detail, next = struct.unpack('>BBBI2c0I4c0', rows, next)
  local before, state = bytes[row + 1] % 16, byte % 16
  local isAsSeen = seen == 255 or bytes[row + 1] == seen
  if before <= 1 and isAsSeen then
    bytes[row + 1] = byte
    if detail ~= '' then details[#details + 1] = detail end
    if before == 1 and state ~= 1 then sent = sent - 1 end
    if before == 0 and state == 1 then sent = sent + 1 end
    if before == 1 and state == 0 then ungated = ungated + 1 end
    if state > 1 then
      left = left - 1
      counts[state] = (counts[state] or 0) + 1
      -- What was held back says nothing that the row which failed did not say.
      if state == 2 or (state == 4 and code ~= 'HeldBack') then codes[#codes + 1] = code end
    end
  end
end
for state, n in pairs(counts) do redis.call('HINCRBY', HEADER, COUNTERS[state], n) end
if ungated > 0 and gateLeft(HEADER) then redis.call('HINCRBY', HEADER, 'gateUsed', -ungated) end
countInARow(HEADER, codes)
if #details > 0 then
  local said = (redis.call('HGET', DETAILS, batch) or '') .. table.concat(details)
  if #said > DETAILS_BYTES_MAX then said = lastFrames(said) end
  redis.call('HSET', DETAILS, batch, said)
end
states = string.char(unpack(bytes))
redis.call('HSET', STATES, batch, states)
local open = false
for i = 1, #bytes do if bytes[i] % 16 <= 1 then open = true end end
if not open then redis.call('SETBIT', SETTLED, tonumber(batch), 1) end
if sent ~= 0 then redis.call('HINCRBY', HEADER, 'sent', sent) end
if left ~= 0 then redis.call('HINCRBY', HEADER, 'left', left) end
abortIfFailing(HEADER, ARGV[11] == '1')
pauseAtGate(HEADER)
endIfDone(HEADER, OPEN, runId, { KEYS[6], KEYS[7], KEYS[8], KEYS[9], unpack(KEYS, 11) })
return { states, redis.call('HGET', HEADER, 'state'), event }
