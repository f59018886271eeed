-- How the ledger learns what the tenant takes, below the configured limit. The same as src/queue/budget.ts, which says why
-- it is as it is; a test holds the two against each other. Stands behind ledger.lua. KEYS[4]: what was accepted, and when.
local ACCEPTED = KEYS[4]
local BUDGET_MIN = 5
local QUIET_WINDOWS_MIN, QUIET_WINDOWS_MAX, QUIET_GROWTH = 2, 24, 1.5
local PROBE_FIRST, PROBE_MAX, PROBE_BIG = 2, 32, 16
local STEP_WINDOWS = 1.1

local BUDGET_FIELDS = { 'budget', 'base', 'quietWindows', 'probe', 'stepAt', 'throttledAt', 'cutDue', 'estimate' }

-- Before the first 429 there is nothing to learn from and nothing is kept.
local function readBudget()
  local kept = redis.call('HMGET', LEDGER, unpack(BUDGET_FIELDS))
  if not kept[1] then
    return { budget = policy.limit, base = policy.limit, quietWindows = QUIET_WINDOWS_MIN, probe = 0, stepAt = now, throttledAt = 0, cutDue = 0, estimate = 0 }, false
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

-- Writes that the tenant accepted in the last window.
local function acceptedLately()
  expire(ACCEPTED, 'o')
  return number('o')
end

local function cutBudget(state)
  local seen = state.estimate > 0 and state.estimate or acceptedLately()
  seen = math.max(BUDGET_MIN, math.min(state.budget, seen))
  local wasProbing = state.probe > 0
  local isBig = state.budget - state.base > PROBE_BIG
  local budget = seen
  if wasProbing then budget = math.max(math.min(state.base, state.budget), seen) end
  state.quietWindows = (wasProbing and not isBig) and math.min(QUIET_WINDOWS_MAX, state.quietWindows * QUIET_GROWTH) or QUIET_WINDOWS_MIN
  state.budget, state.base, state.probe, state.stepAt, state.cutDue, state.estimate = budget, budget, 0, now, 0, 0
end

-- What may be used now, and what changed, for the log: 'cut' or 'probe' with the budgets before and after, or ''.
local function budgetAtLeave()
  local state, isKept = readBudget()
  if not isKept then return state.budget, '' end
  local before, event = state.budget, ''
  state.budget = math.min(state.budget, policy.limit)
  if state.cutDue == 1 then
    cutBudget(state)
    event = 'cut'
  end
  if state.budget >= policy.limit then
    state.stepAt = now
  else
    local step = STEP_WINDOWS * policy.windowMs
    while now - state.stepAt >= step do
      state.stepAt = state.stepAt + step
      if state.stepAt - state.throttledAt >= state.quietWindows * policy.windowMs then
        state.probe = state.probe == 0 and PROBE_FIRST or math.min(PROBE_MAX, 2 * state.probe)
        state.budget = math.min(policy.limit, state.budget + state.probe)
        event = 'probe'
      end
    end
  end
  keepBudget(state)
  if event ~= '' then event = string.format('%s %d %d', event, math.floor(before), math.floor(state.budget)) end
  return state.budget, event
end

-- Some writes of a reply were accepted, some refused with 429. An answer without any 429 only counts.
local function learnFromReply(accepted, throttled)
  if accepted > 0 then charge(ACCEPTED, 'o', endOf(now + policy.windowMs), accepted) end
  if throttled == 0 then return end
  local state = readBudget()
  state.throttledAt, state.cutDue = now, 1
  if accepted > 0 then state.estimate = math.max(state.estimate, acceptedLately()) end
  keepBudget(state)
end
