-- Leave to write rows of one batch: checks the run, picks, charges, marks `sent`, counts the attempt and keeps the
-- before-images, in one step.
-- KEYS: ledger, its sets; 5 header, 6 states, 7 leases, 8 before. ARGV: policy, batch, token, requests at most, then the
-- wanted rows one after the other (rowsCodec.ts): of each its place in the batch, its state byte as the caller saw it (a row that
-- changed since is left out), the number of the request that it goes in, and its before-image (empty: none, or known).
-- Answers {"granted", now, event, chargeEnd, states, requests, a byte for each row}, {"wait", now, event, ms, reason}, {"busy",
-- now, event, ms} when another worker writes this batch, or {"stopped", now, event, state} when the run is not at work.
local HEADER, STATES, LEASES, BEFORE = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
-- A row may be written again and again, each time over something else.
local IMAGES_BYTES_MAX = 65536
local batch, token, requestsMax, rows = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
tick()

if stopped() then return { 'stopped', text(now), event, 'stopped' } end
local state = redis.call('HGET', HEADER, 'state')
if state ~= 'running' then return { 'stopped', text(now), event, state or '' } end
policy.limit = tonumber(redis.call('HGET', HEADER, 'writesPerWindow') or '') or policy.limit

local leaseMs = leaseLeft(LEASES, batch, token, now)
if leaseMs > 0 then return { 'busy', text(now), event, text(leaseMs) } end

local states = redis.call('HGET', STATES, batch)
local gate = gateLeft(HEADER)
local wanted, wantedRequests, lastRequest, isGated = {}, 0, nil, false
local next = 1
while next <= #rows do
  local row, seen, request, image
  row, seen, request, image, next = struct.unpack('>BBBI4c0', rows, next)
  if string.byte(states, row + 1) == seen and seen % 16 <= 1 then
    local isNew, isBegun = seen < 16, request == lastRequest
    -- A request is never parted: what begins within the gate goes whole.
    if isNew and not isBegun and gate == 0 then
      isGated = true
    else
      if isNew and gate then gate = math.max(0, gate - 1) end
      if not isBegun then wantedRequests = wantedRequests + 1 end
      lastRequest = request
      wanted[#wanted + 1] = { row = row, request = wantedRequests, image = image }
    end
  end
end
if #wanted == 0 then
  pauseAtGate(HEADER)
  if isGated then return { 'stopped', text(now), event, 'gate' } end
  return { 'granted', text(now), event, '0', states, 0, '' }
end

-- Until the first batch is answered it goes alone: a tenant that refuses this kind of write refuses it once.
if redis.call('HGET', HEADER, 'answered') ~= '1' then
  local since = now - tonumber(redis.call('HGET', HEADER, 'firstLeaveAt') or '0')
  local isOther = redis.call('HGET', HEADER, 'firstBatch') ~= batch
  local rest = policy.windowMs / 2 - since
  if isOther and since >= 0 and rest > 0 then return { 'wait', text(now), event, text(math.min(rest, 50)), 'first' } end
end
local wait, reason = held()
if wait > 0 then return { 'wait', text(now), event, text(wait), reason } end
local budget = budgetAtLeave()
local spacing = number('nextWriteAt') - now
if spacing > 0 then return { 'wait', text(now), event, text(spacing), 'spacing' } end
local most = math.min(wantedRequests, requestsMax)
local free, untilFree = room(WRITES, 'w', math.floor(budget), most)
local freeAll, untilFreeAll = room(ALL, 'a', policy.limitAll, most)
local n = math.min(free, freeAll)
if n == 0 then
  local ms = math.max(free == 0 and untilFree or 0, freeAll == 0 and untilFreeAll or 0)
  return { 'wait', text(now), event, text(ms), 'budget' }
end

local chargeEnd = endOf(now + policy.timeoutMs + policy.windowMs)
charge(WRITES, 'w', chargeEnd, n)
charge(ALL, 'a', chargeEnd, n)
-- A leave that comes late by less than one step is made good by the next, or lateness would add up to lost budget. After
-- a longer rest there is nothing to make good: two batches at once would overfill a small bucket.
local step = 0.97 * n * policy.windowMs / budget
local planned = number('nextWriteAt')
redis.call('HSET', LEDGER, 'nextWriteAt', text((now - planned <= step and planned or now) + step))
redis.call('HSET', LEASES, batch, leaseText(token, now, now + policy.timeoutMs))

local bytes, images, granted = { string.byte(states, 1, #states) }, {}, {}
local sent, fresh = 0, 0
for _, want in ipairs(wanted) do
  if want.request > n then break end
  local row = want.row
  local byte = bytes[row + 1]
  if byte % 16 == 0 then sent = sent + 1 end
  if byte < 16 then fresh = fresh + 1 end
  bytes[row + 1] = 1 + 16 * math.min(15, math.floor(byte / 16) + 1)
  if want.image ~= '' then images[#images + 1] = want.image end
  granted[#granted + 1] = row
end
if redis.call('HSETNX', HEADER, 'firstLeaveAt', text(now)) == 1 then redis.call('HSET', HEADER, 'firstBatch', batch) end
if sent > 0 then redis.call('HINCRBY', HEADER, 'sent', sent) end
if gate then redis.call('HINCRBY', HEADER, 'gateUsed', fresh) end
if #images > 0 then
  local kept = (redis.call('HGET', BEFORE, batch) or '') .. table.concat(images)
  if #kept > IMAGES_BYTES_MAX then kept = lastFrames(kept) end
  redis.call('HSET', BEFORE, batch, kept)
end
states = string.char(unpack(bytes))
redis.call('HSET', STATES, batch, states)
return { 'granted', text(now), event, text(chargeEnd), states, n, string.char(unpack(granted)) }
