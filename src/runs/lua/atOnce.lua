-- needs: limiter, budget
-- Which writes may go before their spacing has passed. The budget bounds these as it bounds all others: spacing only decides when within a
-- window its writes go. A tenant that refuses some of them is spaced for a day, as it takes less at once than in a window.

-- Two envelopes under way show whether more may follow, at the price of one that is refused.
local ENVELOPE, WAVE = 20, 40
-- Who waits for an answer that frees the next wave asks again so soon.
local WAVE_ASK_MS = math.max(5, math.min(50, policy.windowMs / 50))

local function isSpaced()
  local throttledAt = number('throttledAt')
  return throttledAt > 0 and now - throttledAt < LEARNING.spacedWindows * policy.windowMs
end

-- Requests whose answer has not come: an answer leaves a charge of one window at most.
local function unansweredOf(set, prefix)
  local sum = 0
  for _, ends in ipairs(redis.call('ZRANGEBYSCORE', set, '(' .. text(endOf(now + policy.windowMs)), '+inf')) do
    sum = sum + number(prefix .. ends)
  end
  return sum
end
local function unanswered() return unansweredOf(WRITES, 'w') end
local function unansweredReads() return unansweredOf(ALL, 'a') - unanswered() end

-- The first envelope goes alone, and the next wave when all of the one before has gone and is answered: an envelope of it that comes late
-- goes by itself, or three would be on their way of which nobody knows whether the second was refused.
local function waveLeft()
  if number('w') == 0 then return ENVELOPE end
  local left = number('waveLeft')
  return left < ENVELOPE and unanswered() == 0 and WAVE or left
end

-- When the window of the charges that stand was opened: by the first permit after a rest.
local function openedAt(charged, half)
  local at = number('openedAt')
  local isRested = charged == 0 or (charged < half and now - at >= policy.windowMs)
  return isRested and now or at
end

-- How many writes may go before their time, and if none, how soon to ask again. `rest`: rows of the run that are still to be sent; `total`:
-- all of its rows; `wanted`: writes that are asked for. All of the run when it fits into the budget. Else half of the budget when the window
-- opens, and the other half over a third of it; then the charges end in the order in which the writes went, which keeps that shape.
-- A run that takes longer than anybody waits for is spaced all through: what it could gain is nothing beside its length.
local function earlyRoom(budget, rest, total, wanted, wave)
  if isSpaced() then return 0, math.huge end
  -- A tenant that counts both in one small bucket refuses the reads first, and then the writes stay here.
  if unansweredReads() > 0 then return 0, WAVE_ASK_MS end
  local charged, half = number('w'), math.floor(budget / 2)
  if charged + rest <= budget then return wave, WAVE_ASK_MS end
  if total > LEARNING.awaitedWindows * budget then return 0, math.huge end
  if charged < half then return math.min(wave, half - charged), WAVE_ASK_MS end
  local others = math.min(wanted, ENVELOPE, budget - charged) + charged - half
  local early = openedAt(charged, half) + others / (budget - half) * policy.windowMs / 3 - now
  if early > 0 then return 0, math.ceil(early) end
  return wave, WAVE_ASK_MS
end

-- Before the charge of a permit.
local function openWindow(budget)
  redis.call('HSET', LIMITER, 'openedAt', text(openedAt(number('w'), math.floor(budget / 2))))
end

-- A permit for n was charged; `planned`: when its turn was. One that comes late by less than one step is made good by the next, or lateness
-- would add up to lost budget. After a longer rest there is nothing to make good: two batches at once would overfill a small bucket.
local function spaceNext(n, budget, planned, wave, chargeEnd)
  local step = 0.97 * n * policy.windowMs / budget
  local isLate = planned <= now and now - planned <= step
  redis.call('HSET', LIMITER, 'nextWriteAt', text((isLate and planned or now) + step), 'waveLeft', text(wave - n))
  if planned > now then redis.call('HSET', LIMITER, 'earlyEnds', text(chargeEnd)) end
end

-- What is refused before its time says nothing of how many writes the tenant takes in a window. What went early is made good: the
-- next write goes when it would have gone, had all been spaced.
local function wasEarly(chargeEnd)
  return chargeEnd > 0 and chargeEnd <= number('earlyEnds')
end

local function payBackEarly(budget)
  local from = math.max(number('openedAt'), now - policy.windowMs)
  local due = from + 0.97 * number('w') * policy.windowMs / budget
  if due > number('nextWriteAt') then redis.call('HSET', LIMITER, 'nextWriteAt', text(due)) end
end

-- How long reads of a run have to wait. Before their time one envelope is under way at a time, so that a tenant that takes less at once refuses
-- few; and none where it has refused some.
local function readsWait()
  local planned = number('nextReadAt')
  if planned <= now then return 0 end
  if isSpaced() then return planned - now end
  return unansweredReads() > 0 and math.min(planned - now, WAVE_ASK_MS) or 0
end

local function spaceReads(n)
  local planned = number('nextReadAt')
  local step = 0.97 * n * policy.windowMs / policy.limitAll
  local isLate = planned <= now and now - planned <= step
  redis.call('HSET', LIMITER, 'nextReadAt', text((isLate and planned or math.max(now, planned)) + step))
end
