-- needs: limiter
-- How the limiter learns what the tenant takes, below the configured limit. LEARNING is src/runs/learning.ts. A test holds this
-- against a model in TypeScript, test/support/budgetModel.ts.
local BUDGET_FIELDS = { 'budget', 'base', 'quietWindows', 'probe', 'stepAt', 'throttledAt', 'cutDue', 'estimate' }

-- Before the first 429 there is nothing to learn from and nothing is kept.
local function readBudget()
  local kept = redis.call('HMGET', LEDGER, unpack(BUDGET_FIELDS))
  if not kept[1] then
    return { budget = policy.limit, base = policy.limit, quietWindows = LEARNING.quietWindowsMin, probe = 0, stepAt = now, throttledAt = 0, cutDue = 0, estimate = 0 }, false
  end
  local state = {}
  for i, field in ipairs(BUDGET_FIELDS) do state[field] = tonumber(kept[i]) end
  return state, true
end

local function keepBudget(state)
  local pairsOf = {}
  for _, field in ipairs(BUDGET_FIELDS) do
    pairsOf[#pairsOf + 1] = field
    pairsOf[#pairsOf + 1] = string.format('%.17g', state[field])
  end
  redis.call('HSET', LEDGER, unpack(pairsOf))
end

-- Kept a window longer than they count: a cut looks back to the end of its hold.
local function keepAccepted(n)
  for _, ends in ipairs(redis.call('ZRANGEBYSCORE', ACCEPTED, '-inf', now - policy.windowMs)) do
    redis.call('HDEL', LEDGER, 'o' .. ends)
    redis.call('ZREM', ACCEPTED, ends)
  end
  if n <= 0 then return end
  local ends = text(endOf(now + policy.windowMs))
  redis.call('ZADD', ACCEPTED, ends, ends)
  redis.call('HINCRBY', LEDGER, 'o' .. ends, n)
end

-- Writes that the tenant accepted since one window before `moment`.
local function acceptedSince(moment)
  local sum = 0
  for _, ends in ipairs(redis.call('ZRANGEBYSCORE', ACCEPTED, '(' .. text(moment), '+inf')) do
    sum = sum + number('o' .. ends)
  end
  return sum
end

-- Just before the end of the hold the tenant's window was full still; at its end a whole batch leaves it at once.
local function acceptedBeforeHoldEnded()
  return acceptedSince(math.min(now, number('holdUntil')) - LEARNING.justBeforeWindows * policy.windowMs)
end

local function cutBudget(state)
  local known = state.estimate > 0 and state.estimate or acceptedBeforeHoldEnded()
  local taken = known > 0 and known or math.floor(state.budget / 2)
  local seen = math.max(math.min(LEARNING.budgetMin, policy.limit), math.min(state.budget, taken))
  local wasProbing = state.probe > 0
  local isBig = state.budget - state.base > LEARNING.probeBig
  local budget = seen
  if wasProbing then budget = math.max(math.min(state.base, state.budget), seen) end
  state.quietWindows = (wasProbing and not isBig) and math.min(LEARNING.quietWindowsMax, state.quietWindows * LEARNING.quietGrowth) or LEARNING.quietWindowsMin
  state.budget, state.base, state.probe, state.stepAt, state.cutDue, state.estimate = budget, budget, 0, now, 0, 0
end

-- What may be used now. A cut or a probe is an event, with the budgets before and after; one that changes nothing is none.
local function budgetAtLeave()
  local state, isKept = readBudget()
  if not isKept then return state.budget end
  local before, kind, step = state.budget, '', LEARNING.stepWindows * policy.windowMs
  state.budget = math.min(state.budget, policy.limit)
  if state.cutDue == 1 then
    cutBudget(state)
    kind = 'cut'
  end
  if now - state.stepAt > LEARNING.stepsAtOnceMax * step then state.stepAt = now - LEARNING.stepsAtOnceMax * step end
  while state.budget < policy.limit and now - state.stepAt >= step do
    state.stepAt = state.stepAt + step
    if state.stepAt - state.throttledAt >= state.quietWindows * policy.windowMs then
      state.probe = state.probe == 0 and LEARNING.probeFirst or math.min(LEARNING.probeMax, 2 * state.probe)
      state.budget = math.min(policy.limit, state.budget + state.probe)
      kind = 'probe'
    end
  end
  if state.budget >= policy.limit then state.stepAt = now end
  keepBudget(state)
  if kind ~= '' and state.budget ~= before then tell(kind .. ' ' .. text(before) .. ' ' .. text(state.budget)) end
  return state.budget
end

-- Of the writes of a reply some were accepted, some refused with 429.
local function learnFromReply(accepted, throttled)
  keepAccepted(accepted)
  if throttled == 0 then return end
  local state = readBudget()
  state.throttledAt, state.cutDue = now, 1
  if accepted > 0 then state.estimate = math.max(state.estimate, acceptedSince(now)) end
  keepBudget(state)
end
