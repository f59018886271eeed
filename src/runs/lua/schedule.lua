-- needs: state
-- When a run may be at work, by Redis' clock: from its time on, within its windows, before its deadline. Lua knows no time zones: a
-- worker keeps the moments in the header at which the windows are open (openIntervals.ts).

-- Why it may not at `now`, and when it may again (nil: nobody knows); or nil, and until when it may.
local function closedAt(header, now)
  local startAt, deadlineAt, windows, intervals = unpack(redis.call('HMGET', header,
    FIELD.startAt, FIELD.deadlineAt, FIELD.windows, FIELD.openIntervals))
  startAt, deadlineAt = tonumber(startAt or '') or 0, tonumber(deadlineAt or '') or math.huge
  if now >= deadlineAt then return REASON.deadline, deadlineAt end
  if not windows or windows == '' or windows == '[]' then
    if now < startAt then return REASON.time, startAt end
    return nil, deadlineAt
  end
  local why = now < startAt and REASON.time or REASON.window
  local from = math.max(now, startAt)
  if not intervals or intervals == '' then return why, nil end
  for _, interval in ipairs(cjson.decode(intervals)) do
    if from < interval[2] then
      if now < startAt or now < interval[1] then return why, math.max(from, interval[1]) end
      return nil, math.min(deadlineAt, interval[2])
    end
  end
  return why, nil
end

-- Has a run rest that may not be at work now. Answers as closedAt does.
local function restIfClosed(header, now)
  local why, at = closedAt(header, now)
  if not why then return nil, at end
  local facts = at and { at = at } or {}
  if why == REASON.deadline then moveTo(header, RUN.paused, why, facts)
  elseif redis.call('HGET', header, FIELD.state) == RUN.running then moveTo(header, RUN.queued, why, facts)
  else waitFor(header, why, facts) end
  return why, at
end
