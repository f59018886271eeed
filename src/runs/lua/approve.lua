-- needs: approval
-- Keeps somebody's yes to the plan of a run, on the terms that the run has now.
-- args: runId; fingerprint: of the plan that was seen; oid, name: who says yes; reason.
-- Answers {"done", state}, {"already", state}, {"ended", state}, {"otherPlan", its fingerprint}, {"unknownSubmitter"} or {"samePerson"}.
local HEADER = KEYS[1]
local state, finishedAt, fingerprint = unpack(redis.call('HMGET', HEADER, FIELD.state, FIELD.finishedAt, FIELD.planFingerprint))
if not state or state == RUN.loading then return { 'ended', state or '' } end
if finishedAt or state == RUN.cancelled or state == RUN.aborted then return { 'ended', state } end
if not fingerprint or fingerprint == '' or fingerprint ~= args.fingerprint then return { 'otherPlan', fingerprint or '' } end
local whyNot = whyNotBy(HEADER, args.oid)
if whyNot then return { whyNot } end
if isApproved(HEADER) then return { 'already', state } end
local pace = redis.call('HGET', HEADER, FIELD.writesPerWindow)
redis.call('HSET', HEADER, FIELD.approval, cjson.encode({
  run = args.runId, fingerprint = fingerprint, oid = args.oid, name = args.name, reason = args.reason, at = redisNow(),
  terms = termsOf(HEADER), pace = pace or '',
}))
if state == RUN.queued and redis.call('HGET', HEADER, FIELD.reason) == REASON.approval then waitFor(HEADER, nil) end
return { 'done', state }
