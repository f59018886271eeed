-- Moves a run from one of some states to another. KEYS: 1 open, 2 header, 3.. its other keys.
-- ARGV: runId, to, reason, the reason it must have ("*": any), then the states it may come from.
-- Answers {"done" | "wrong", the state it had}. One that somebody lets go on is as good as new: its age, its gate and what
-- failed before count no more. A sign-in that works again is nobody's yes: it only keeps the run from counting as old, and what
-- was refused in a row without it from being held against what comes next.
local OPEN, HEADER = KEYS[1], KEYS[2]
local runId, to, reason, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local state, why = unpack(redis.call('HMGET', HEADER, 'state', 'stateReason'))
local allowed = false
for i = 5, #ARGV do if ARGV[i] == state then allowed = true end end
if expected ~= '*' and why ~= expected then allowed = false end
if not allowed then return { 'wrong', state or '' } end
redis.call('HSET', HEADER, 'state', to, 'stateReason', reason)
if to == 'queued' then
  if string.find(why or '', '^sign%-in: ') then
    refresh(HEADER)
    redis.call('HDEL', HEADER, 'rowCode', 'rowCount')
  else
    letGoOn(HEADER)
  end
end
endIfDone(HEADER, OPEN, runId, { unpack(KEYS, 3) })
return { 'done', state }
