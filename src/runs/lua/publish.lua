-- needs: state, approval
-- Makes a staged run a run: from here on workers see it.
-- args: runId; again: the same file may be at work twice; headers: what the keys of headers begin with; fileSha256; fields: the
-- header's last fields, names and values by turns; approval: what the caller's settings demand.
-- Answers {"published"}, {"unapprovable", "noPlan" | "unknownSubmitter"} when a second person's yes is demanded and can't be given, {"lost"} when the staging has expired, or {"sameFile", run id}.
local OPEN, RUNS, HEADER, INPUTS, STATES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
if redis.call('HGET', HEADER, FIELD.state) ~= RUN.loading then return { 'lost' } end
if redis.call('EXISTS', INPUTS, STATES) < 2 then return { 'lost' } end
local root = redis.call('HGET', HEADER, FIELD.graphUrl)
if not args.again then
  for _, other in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
    local sha, otherRoot = unpack(redis.call('HMGET', args.headers .. other, FIELD.fileSha256, FIELD.graphUrl))
    if sha == args.fileSha256 and otherRoot == root then return { 'sameFile', other } end
  end
end
redis.call('HSET', HEADER, FIELD.fileSha256, args.fileSha256, unpack(args.fields))
if needsApproval(HEADER) then
  if (redis.call('HGET', HEADER, FIELD.planFingerprint) or '') == '' then return { 'unapprovable', 'noPlan' } end
  if whyNotBy(HEADER, 'anybody else') then return { 'unapprovable', 'unknownSubmitter' } end
end
moveTo(HEADER, RUN.queued)
for i = 3, #KEYS do redis.call('PERSIST', KEYS[i]) end
local time = redis.call('TIME')
redis.call('ZADD', OPEN, time[1] .. string.format('%06d', tonumber(time[2])), args.runId)
redis.call('ZADD', RUNS, time[1], args.runId)
restIfUnapproved(HEADER)
return { 'published' }
