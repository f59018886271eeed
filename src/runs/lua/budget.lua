-- needs: limiter
-- How the limiter learns what the tenant takes, below the configured limit. LEARNING is src/runs/learning.ts. A test holds this
-- against a model in TypeScript, test/support/budgetModel.ts.
local BUDGET_FIELDS = { 'budget', 'base', 'quietWindows', 'probe', 'stepAt', 'quiet', 'cutDue', 'estimate' }

-- Before the first 429 there is nothing to learn from and nothing is kept.
local function readBudget()
  local kept = redis.call('HMGET', LIMITER, unpack(BUDGET_FIELDS))
  if not kept[1] then
    return { budget = policy.limit, base = policy.limit, quietWindows = LEARNING.quietWindowsMin, probe = 0, stepAt = now, quiet = 0, cutDue = 0, estimate = 0 }, false
  end
  local state = {}
  for i, field in ipairs(BUDGET_FIELDS) do state[field] = tonumber(kept[i] or 0) end
  return state, true
end

local function keepBudget(state)
  local pairsOf = {}
  for _, field in ipairs(BUDGET_FIELDS) do
    pairsOf[#pairsOf + 1] = field
    pairsOf[#pairsOf + 1] = string.format('%.17g', state[field])
  end
  redis.call('HSET', LIMITER, unpack(pairsOf))
end

-- Kept a window longer than they count: a cut looks back to the end of its backoff.
local function keepAccepted(n)
  for _, ends in ipairs(redis.call('ZRANGEBYSCORE', ACCEPTED, '-inf', now - policy.windowMs)) do
    redis.call('HDEL', LIMITER, 'o' .. ends)
    redis.call('ZREM', ACCEPTED, ends)
  end
  if n <= 0 then return end
  local ends = text(endOf(now + policy.windowMs))
  redis.call('ZADD', ACCEPTED, ends, ends)
  redis.call('HINCRBY', LIMITER, 'o' .. ends, n)
end

-- Writes that the tenant accepted since one window before `moment`.
local function acceptedSince(moment)
  local sum = 0
  for _, ends in ipairs(redis.call('ZRANGEBYSCORE', ACCEPTED, '(' .. text(moment), '+inf')) do
    sum = sum + number('o' .. ends)
  end
  return sum
end

-- Just before the end of the backoff the tenant's window was full still; at its end a whole batch leaves it at once.
local function acceptedBeforeBackoffEnded()
  return acceptedSince(math.min(now, number('backoffUntil')) - LEARNING.justBeforeWindows * policy.windowMs)
end

-- Answers what kind of a cut it was: with nothing accepted before, nothing is known but that it was too much.
local function cutBudget(state)
  local known = state.estimate > 0 and state.estimate or acceptedBeforeBackoffEnded()
  local taken = known > 0 and known or math.floor(state.budget / 2)
  local seen = math.max(math.min(LEARNING.budgetMin, policy.limit), math.min(state.budget, taken))
  local wasProbing = state.probe > 0
  local isBig = state.budget - state.base > LEARNING.probeBig
  local budget = seen
  if wasProbing then budget = math.max(math.min(state.base, state.budget), seen) end
  state.quietWindows = (wasProbing and not isBig) and math.min(LEARNING.quietWindowsMax, state.quietWindows * LEARNING.quietGrowth) or LEARNING.quietWindowsMin
  state.budget, state.base, state.probe, state.stepAt, state.quiet, state.cutDue, state.estimate = budget, budget, 0, now, 0, 0, 0
  return (known > 0 or wasProbing) and 'cut' or 'halved'
end

-- Time in which the budget was not used proves nothing: no step is made for it, and none is made up for.
local function stepBudget(state)
  if state.budget >= policy.limit then
    state.stepAt = now
    return false
  end
  local step = LEARNING.stepWindows * policy.windowMs
  local late = now - state.stepAt - step
  if late < 0 then return false end
  -- A step that is looked at a little late shortens the next one; after a rest they begin anew.
  state.stepAt = late < step and state.stepAt + step or now
  local lately = acceptedSince(now - (LEARNING.stepWindows - 1) * policy.windowMs)
  if lately < LEARNING.usedShare * state.budget then return false end
  state.quiet = state.quiet + LEARNING.stepWindows
  if state.quiet < state.quietWindows then return false end
  state.probe = state.probe == 0 and LEARNING.probeFirst or math.min(LEARNING.probeMax, 2 * state.probe)
  state.budget = math.min(policy.limit, state.budget + state.probe)
  return true
end

-- What may be used now. A cut or a probe is an event, with the budgets before and after; one that changes nothing is none.
local function budgetAtPermit()
  local state, isKept = readBudget()
  if not isKept then return state.budget end
  local before, kind = state.budget, ''
  state.budget = math.min(state.budget, policy.limit)
  if state.cutDue == 1 then
    kind = cutBudget(state)
  end
  if stepBudget(state) then kind = 'probe' end
  keepBudget(state)
  if kind ~= '' and state.budget ~= before then tell(kind .. ' ' .. text(before) .. ' ' .. text(state.budget)) end
  return state.budget
end

-- Of the writes of a reply some were accepted, some refused with 429. `isRateKnown`: they went in their time, or the refusal says nothing
-- of how many the tenant takes in a window.
local function learnFromReply(accepted, throttled, isRateKnown)
  keepAccepted(accepted)
  if throttled == 0 then return end
  redis.call('HSET', LIMITER, 'throttledAt', text(now))
  if not isRateKnown then return end
  local state = readBudget()
  state.quiet, state.cutDue = 0, 1
  if accepted > 0 then state.estimate = math.max(state.estimate, acceptedSince(now)) end
  keepBudget(state)
end
