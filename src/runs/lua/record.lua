-- needs: limiter, budget, atOnce, families, samples, details, canary, failures, runEnd, landings
-- Records what became of rows of one batch: states, counters, details, charges and backoff, in one step; only for rows that
-- are not settled yet.
-- args: policy, runId, batch; rows: of each its place, its new state byte, `seen`: its state byte when that was decided (nil:
-- whatever it was), its code when it failed (nil: it
-- did not), isExpected: its plan showed that it fails, which the failure budget does not count, isUnrecorded: it was found so though the plan wanted a write and none is on record, its detail as bytes (nil: nothing to say), its list as bytes (likewise), its before-image as bytes (nil: as it is on record); and of the permit that they were sent with:
--   token, chargeEnd; mayLand: the places of the rows whose write may still be applied
--   answered, returned: charges that were used and end a window after the answer came, answeredAgoMs ago / that were never
--   sent and are given back
--   accepted: how many of them the tenant let through its limit; throttled: how many it refused with 429
--   backoffMs: as in backoffAfter; allForbidden: every reply was a 403
--   isStopping: the caller stops the run next, so that the first batch still goes alone
-- Answers {states, state of the run, event}.
local HEADER, STATES, DETAILS, SETTLED, LEASES, OPEN = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local BEFORE, SAMPLES, LANDINGS = KEYS[14], KEYS[16], KEYS[18]
local OTHER_KEYS = { STATES, DETAILS, SETTLED, LEASES, unpack(KEYS, 12, 17) }
local batch = args.batch
local COUNTERS = {
  [STATE.succeeded] = FIELD.succeeded,
  [STATE.skipped] = FIELD.skipped,
  [STATE.failed] = FIELD.failed,
  [STATE.stale] = FIELD.stale,
  [STATE.awaitingApproval] = FIELD.awaitingApproval,
  [STATE.leftUnsure] = FIELD.unsure,
  [STATE.cancelled] = FIELD.cancelled,
}
-- A tenant that is throttled all night has something to say of each row each time.
local DETAILS_BYTES_MAX = 16384

tick()

inEach(function(limiter)
  if args.answered > 0 then
    local answeredAt = now - args.answeredAgoMs
    settle(WRITES, 'w', args.chargeEnd, args.answered, answeredAt)
    settle(ALL, 'a', args.chargeEnd, args.answered, answeredAt)
  end
  if args.returned > 0 then
    discharge(WRITES, 'w', args.chargeEnd, args.returned)
    discharge(ALL, 'a', args.chargeEnd, args.returned)
  end
  backoffAfter(args.backoffMs)
  if args.accepted > 0 or args.throttled > 0 then
    local isEarly = wasEarly(args.chargeEnd)
    -- A limiter that is charged as well backs off too, but whether its budget was too much only its own kinds tell.
    local throttled = limiter == OWN and args.throttled or 0
    learnFromReply(args.accepted, throttled, not isEarly)
    if isEarly and throttled > 0 then payBackEarly(readBudget().budget) end
  end
  if args.accepted > 0 and args.backoffMs == 0 then endUnnamedWaits() end
end)
if args.token ~= '' then settleLandings(LANDINGS, args.token, args.mayLand) end
-- The run may be gone, as when Redis came back older than it: then nothing of it is made anew.
local states = redis.call('HGET', STATES, batch)
if not states then return { '', '', event } end
if args.answered > 0 and not args.isStopping then redis.call('HSET', HEADER, FIELD.answered, '1') end
if args.accepted > 0 then redis.call('HINCRBY', HEADER, FIELD.written, args.accepted) end
if args.throttled > 0 then
  redis.call('HINCRBY', HEADER, FIELD.throttled, args.throttled)
  local wait = backingOff()
  if args.backoffMs ~= 0 then tellThrottled(HEADER, args.throttled, now + wait) end
end

local lease = redis.call('HGET', LEASES, batch)
if lease and string.match(lease, '^%S+') == args.token then redis.call('HDEL', LEASES, batch) end

local bytes = { string.byte(states, 1, #states) }
local details, lists, images, counts, codes = {}, {}, {}, {}, {}
local left, sent, used, unrecorded, expected = 0, 0, 0, 0, 0
local found, hasFound = {}, false
local function isInDoubt(state) return state ~= STATE.pending and state <= UNSETTLED_MAX end
for _, row in ipairs(args.rows) do
  local at = row.place + 1
  local before, state = bytes[at] % 16, row.byte % 16
  local isAsSeen = not row.seen or bytes[at] == row.seen
  if before <= UNSETTLED_MAX and isAsSeen then
    -- Redis has lost its permit, which counted it.
    if bytes[at] == STATE.pending and row.byte >= 16 then used = used + 1 end
    bytes[at] = row.byte
    if row.detail then details[#details + 1] = row.detail end
    if row.list then lists[#lists + 1] = row.list end
    if row.image then images[#images + 1] = row.image end
    if isInDoubt(before) and row.byte == STATE.succeeded + 16 then
      found[args.runId .. ':' .. batch .. ':' .. row.place], hasFound = true, true
    end
    if isInDoubt(before) then sent = sent - 1 end
    if isInDoubt(state) then sent = sent + 1 end
    if isInDoubt(before) and row.byte == STATE.pending then used = used - 1 end
    if state > UNSETTLED_MAX then
      left = left - 1
      counts[state] = (counts[state] or 0) + 1
      -- What was held back says nothing that the row which failed did not say.
      if state == STATE.succeeded then codes[#codes + 1] = '' end
      if row.isExpected then expected = expected + 1
      elseif row.code and row.code ~= 'HeldBack' then codes[#codes + 1] = row.code end
      if row.isUnrecorded then unrecorded = unrecorded + 1 end
    end
  end
end
if hasFound then landedRows(LANDINGS, found) end
-- Who accepted the plan has seen them fail.
if expected > 0 then redis.call('HINCRBY', HEADER, FIELD.failedSeen, expected) end
for state, n in pairs(counts) do redis.call('HINCRBY', HEADER, COUNTERS[state], n) end
-- What was found so, as the plan did not see it, may be the canary's own, and Redis has lost that: no other rows go in its place.
used = used + unrecorded
if used ~= 0 and canaryLeft(HEADER) then redis.call('HINCRBY', HEADER, FIELD.canaryUsed, used) end
countInARow(HEADER, codes)
if #details > 0 then
  local said = (redis.call('HGET', DETAILS, batch) or '') .. table.concat(details)
  if #said > DETAILS_BYTES_MAX then said = lastFrames(said) end
  redis.call('HSET', DETAILS, batch, said)
end
local function keep(field, frames)
  if #frames == 0 then return end
  redis.call('HSET', BEFORE, field, lastFrames((redis.call('HGET', BEFORE, field) or '') .. table.concat(frames)))
end
keep(batch .. 'l', lists)
keep(batch, images)
states = string.char(unpack(bytes))
redis.call('HSET', STATES, batch, states)
local open = false
for i = 1, #bytes do if bytes[i] % 16 <= UNSETTLED_MAX then open = true end end
if not open then redis.call('SETBIT', SETTLED, tonumber(batch), 1) end
if sent ~= 0 then countUp(HEADER, FIELD.sent, sent) end
if unrecorded > 0 then redis.call('HINCRBY', HEADER, FIELD.unrecorded, unrecorded) end
if left ~= 0 then
  countUp(HEADER, FIELD.left, left)
  redis.call('HINCRBY', HEADER, FIELD.ended, -left)
  redis.call('HSET', HEADER, FIELD.lastProgressAt, text(now))
end
if left ~= 0 then keepSample(SAMPLES, HEADER) end
abortIfFailing(HEADER, args.allForbidden)
pauseAfterCanary(HEADER)
endIfDone(HEADER, OPEN, args.runId, OTHER_KEYS)
return { states, redis.call('HGET', HEADER, FIELD.state), event }
