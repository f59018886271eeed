-- needs: state, failures, runEnd, reverts
-- Moves a run from one of some states to another.
-- args: runId; to: its new state; from: the states it may come from; reason, words: why, as a code and a sentence; moves: it must
-- not have moved since it had moved so often, or nil; isOtherPlan: what was approved is no more what it comes to.
-- Answers {"done" | "wrong", the state it had}. One that somebody lets go on is as good as new: its age, its canary and what
-- failed before count no more. A sign-in that works again is nobody's yes: it only keeps the run from counting as old, and what
-- was refused in a row without it from being held against what comes next.
local OPEN, HEADER = KEYS[1], KEYS[2]
local OTHER_KEYS = { unpack(KEYS, 3) }
local state, reason, moves = unpack(redis.call('HMGET', HEADER, FIELD.state, FIELD.reason, FIELD.moves))
local allowed = false
for _, from in ipairs(args.from) do if from == state then allowed = true end end
if args.moves and tonumber(moves or '0') ~= args.moves then allowed = false end
-- Somebody may have given it another time to be taken back since that was seen.
if args.reason == REASON.revert and not isDueToRevert(HEADER) then allowed = false end
if not allowed then return { 'wrong', state or '' } end
moveTo(HEADER, args.to, args.reason, nil, args.words)
if args.isOtherPlan then redis.call('HDEL', HEADER, FIELD.approval) end
if args.to == RUN.queued then
  if SIGN_IN_REASON[reason] then
    refresh(HEADER)
    forgetRowOfFailures(HEADER)
  else
    letGoOn(HEADER)
  end
end
endIfDone(HEADER, OPEN, args.runId, OTHER_KEYS, args.reason == REASON.operator)
return { 'done', state }
