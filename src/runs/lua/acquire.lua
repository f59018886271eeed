-- needs: limiter, budget, atOnce, families, leases, details, canary, schedule, landings, approval
-- A permit to write rows of one batch: checks the run, picks, charges, marks `sent`, counts the attempt and keeps the
-- before-images, in one step.
-- args: policy, runId, batch, token; requestsMax: requests at most; rows: what is wanted, packed by itself as it is asked again and again: of
-- each row its place in the batch, `seen`: its state byte as the caller saw it (a row that changed since is left out), the number
-- of the request that it goes in, its before-image as bytes (nil: none, or known), the list that is written whole (nil: none), and
-- the name of the list that it is in; limiters: hash and charges of the limiters of all families of the run, or nil when there is one.
-- A request waits while a write of other rows may still land in its list; one that isApart,
-- for those of other runs only; one of a row that isOnce, for the row's own as well.
-- permitsBefore: permits that all runs had been given before what the rows are based upon was read, or nil when this was just now.
-- Answers {"granted", now, event, chargeEnd, states, requests, a byte for each row}, {"wait", now, event, ms, reason}, {"busy",
-- now, event, ms, why} when another worker writes this batch (`lease`) or writes of others may still land (`landing`), {"stopped", now, event, state} when the run is not at work, or {"overtaken", now, event} when another run
-- was given a permit since permitsBefore.
local HEADER, STATES, LEASES, BEFORE, LANDINGS = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
-- A row may be written again and again, each time over something else.
local IMAGES_BYTES_MAX = 65536
local LISTS_BYTES_MAX = 262144
local batch, token = args.batch, args.token
tick()

if stopped() then return { 'stopped', text(now), event, 'stopped' } end
local state, cap = unpack(redis.call('HMGET', HEADER, FIELD.state, FIELD.writesPerWindow))
if state ~= RUN.running then return { 'stopped', text(now), event, state or '' } end
if restIfUnapproved(HEADER) then return { 'stopped', text(now), event, REASON.approval } end
-- The clock may have come to the end of its window since it was set to work. What is sent at the last moment of a permit must leave before.
local closed, closesAt = restIfClosed(HEADER, now)
if closed then return { 'stopped', text(now), event, closed } end
if closesAt - now < policy.permitValidMs + DEPARTURE_MS then return { 'wait', text(now), event, text(math.max(1, closesAt - now)), 'window' } end

local function given(key, field) return tonumber(redis.call('HGET', key, field) or '0') or 0 end
if args.permitsBefore and given(TENANT, 'permits') - given(HEADER, FIELD.permits) ~= args.permitsBefore then return { 'overtaken', text(now), event } end

local leaseMs = leaseLeft(LEASES, batch, token, now)
if leaseMs > 0 then return { 'busy', text(now), event, text(leaseMs), 'lease' } end

local states = redis.call('HGET', STATES, batch)
local canary = canaryLeft(HEADER)
local rows = cmsgpack.unpack(args.rows)
local run = args.runId .. ':'
local function nameOf(row) return run .. batch .. ':' .. row.place end
-- A row's own write is sent again: it would land on what it wants. One that adds would add a second time.
local landing, held, landingMs = landingLists(LANDINGS), {}, 0
for _, row in ipairs(rows) do
  local others = landing[row.listName]
  for other, last in pairs(others and (row.isOnce or not others[nameOf(row)]) and others or {}) do
    if not row.isApart or string.sub(other, 1, #run) ~= run then
      held[row.request] = true
      landingMs = math.max(landingMs, last - now)
    end
  end
end
local wanted, wantedRequests, lastRequest, isHeldByCanary = {}, 0, nil, false
for _, row in ipairs(rows) do
  local before = row.seen % 16
  -- What Graph says it has written is read back, never sent again.
  local isSendable = before <= UNSETTLED_MAX and before ~= STATE.written
  if string.byte(states, row.place + 1) == row.seen and isSendable and not held[row.request] then
    local isNew, isBegun = row.seen < 16, row.request == lastRequest
    -- A request is never parted: what begins within the canary goes whole.
    if isNew and not isBegun and canary == 0 then
      isHeldByCanary = true
    else
      if isNew and canary then canary = math.max(0, canary - 1) end
      if not isBegun then wantedRequests = wantedRequests + 1 end
      lastRequest = row.request
      wanted[#wanted + 1] = { place = row.place, request = wantedRequests, image = row.image, list = row.list, listName = row.listName, name = nameOf(row) }
    end
  end
end
if #wanted == 0 then
  pauseAfterCanary(HEADER)
  -- Asked again within a window: what is under way only may be answered soon.
  if landingMs > 0 then return { 'busy', text(now), event, text(math.min(landingMs, policy.windowMs)), 'landing' } end
  if isHeldByCanary then return { 'stopped', text(now), event, 'canary' } end
  return { 'granted', text(now), event, '0', states, 0, '' }
end

-- Until the first batch is answered it goes alone: a tenant that refuses this kind of write refuses it once.
if redis.call('HGET', HEADER, FIELD.answered) ~= '1' then
  local since = now - tonumber(redis.call('HGET', HEADER, FIELD.firstPermitAt) or '0')
  local isOther = redis.call('HGET', HEADER, FIELD.firstBatch) ~= batch
  local rest = policy.windowMs / 2 - since
  if isOther and since >= 0 and rest > 0 then return { 'wait', text(now), event, text(math.min(rest, 50)), 'first' } end
end

-- A run's own limit caps what it gets, of all families together, and is nothing that the tenant is known by.
cap = tonumber(cap or '')
local function roomOfCap()
  if not cap or not args.limiters then return math.huge, 0 end
  local charged, first = 0, math.huge
  for _, limiter in ipairs(args.limiters) do
    for _, ends in ipairs(redis.call('ZRANGEBYSCORE', limiter[2], '(' .. text(now), '+inf')) do
      charged = charged + (tonumber(redis.call('HGET', limiter[1], 'w' .. ends) or '0') or 0)
      first = math.min(first, tonumber(ends))
    end
  end
  return math.max(0, cap - charged), first == math.huge and policy.windowMs or math.max(1, first - now)
end

local capFree, untilCapFree = roomOfCap()
local most = math.min(wantedRequests, args.requestsMax, capFree)
if most == 0 then return { 'wait', text(now), event, text(untilCapFree), 'budget' } end

-- Of each limiter that is charged, what it stood at.
local stood = {}
-- How many of so many requests may go as the limiter stands that is turned to; if none, how long to wait and why.
local function roomIn(limiter, requests)
  local wait, reason = backingOff()
  if wait > 0 then return 0, wait, reason end
  local budget = budgetAtPermit()
  if cap then budget = math.min(budget, cap) end
  local planned, wave = number('nextWriteAt'), waveLeft()
  stood[limiter] = { budget = budget, planned = planned, wave = wave }
  if planned > now then
    local rest = math.min(canaryLeft(HEADER) or math.huge, ofFamily(HEADER, FIELD.left) - ofFamily(HEADER, FIELD.sent))
    local early, askAgainMs = earlyRoom(budget, math.max(rest, requests), ofFamily(HEADER, FIELD.total), requests, wave)
    if early <= 0 then return 0, math.min(planned - now, askAgainMs), 'spacing' end
    requests = math.min(requests, early)
  end
  local free, untilFree = room(WRITES, 'w', math.floor(budget), requests)
  local freeAll, untilFreeAll = room(ALL, 'a', policy.limitAll, requests)
  local n = math.min(free, freeAll)
  return n, math.max(free == 0 and untilFree or 0, freeAll == 0 and untilFreeAll or 0), 'budget'
end

local n, waitMs, why = most, 0, ''
inEach(function(limiter)
  if n > 0 then n, waitMs, why = roomIn(limiter, n) end
end)
if n == 0 then return { 'wait', text(now), event, text(waitMs), why } end

local chargeEnd = endOf(now + policy.timeoutMs + policy.windowMs)
inEach(function(limiter)
  local was = stood[limiter]
  openWindow(was.budget)
  charge(WRITES, 'w', chargeEnd, n)
  charge(ALL, 'a', chargeEnd, n)
  spaceNext(n, was.budget, was.planned, was.wave, chargeEnd)
end)
redis.call('HINCRBY', TENANT, 'permits', 1)
redis.call('HINCRBY', HEADER, FIELD.permits, 1)
redis.call('HSET', LEASES, batch, leaseText(token, now, now + policy.timeoutMs))

local bytes, images, lists, granted = { string.byte(states, 1, #states) }, {}, {}, {}
local sent, fresh = 0, 0
for _, row in ipairs(wanted) do
  if row.request > n then break end
  local at = row.place + 1
  local byte = bytes[at]
  if byte % 16 == STATE.pending then sent = sent + 1 end
  if byte < 16 then fresh = fresh + 1 end
  bytes[at] = STATE.sent + 16 * math.min(15, math.floor(byte / 16) + 1)
  if row.image then images[#images + 1] = row.image end
  if row.list then lists[#lists + 1] = row.list end
  granted[#granted + 1] = row.place
  if row.listName then keepLanding(LANDINGS, token .. ' ' .. row.name .. ' ' .. row.listName) end
end
if redis.call('HSETNX', HEADER, FIELD.firstPermitAt, text(now)) == 1 then redis.call('HSET', HEADER, FIELD.firstBatch, batch) end
if sent > 0 then countUp(HEADER, FIELD.sent, sent) end
if canary then redis.call('HINCRBY', HEADER, FIELD.canaryUsed, fresh) end
local function keep(field, frames, bytesMax)
  if #frames == 0 then return end
  local kept = (redis.call('HGET', BEFORE, field) or '') .. table.concat(frames)
  if #kept > bytesMax then kept = lastFrames(kept) end
  redis.call('HSET', BEFORE, field, kept)
end
keep(batch, images, IMAGES_BYTES_MAX)
keep(batch .. 'l', lists, LISTS_BYTES_MAX)
states = string.char(unpack(bytes))
redis.call('HSET', STATES, batch, states)
return { 'granted', text(now), event, text(chargeEnd), states, n, string.char(unpack(granted)) }
