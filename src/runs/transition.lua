-- Moves a run from one of some states to another. KEYS: 1 open, 2 header, 3.. its other keys.
-- ARGV: runId, to, reason, then the states it may come from. Answers {"done" | "wrong", the state it had}.
local OPEN, HEADER = KEYS[1], KEYS[2]
local runId, to, reason = ARGV[1], ARGV[2], ARGV[3]
local state = redis.call('HGET', HEADER, 'state')
local allowed = false
for i = 4, #ARGV do if ARGV[i] == state then allowed = true end end
if not allowed then return { 'wrong', state or '' } end
redis.call('HSET', HEADER, 'state', to, 'stateReason', reason)
endIfDone(HEADER, OPEN, runId, { unpack(KEYS, 3) })
return { 'done', state }
