-- needs: state, approval, reverts
-- Makes a staged run a run: from here on workers see it.
-- args: runId; again: the same file may be at work twice; headers: what the keys of headers begin with; fileSha256; writes: of its staging; fields: the
-- header's last fields, names and values by turns; approval: what the caller's settings demand; reverts: nil, or what it takes back as the time of
-- that has come: run, moves (when it was read), rows, left, of which no more than one run is made.
-- Answers {"published"}, {"unapprovable", "noPlan" | "unknownSubmitter"} when a second person's yes is demanded and can't be given, {"lost"} when
-- the staging has expired or lacks one of its writes, {"sameFile", run id} or {"notDue"}.
-- Not by BITCOUNT, which users with the least rights have not been given.
local function bitsIn(text)
  local bits = 0
  for at = 1, #text do
    local rest = string.byte(text, at)
    while rest > 0 do rest, bits = math.floor(rest / 2), bits + rest % 2 end
  end
  return bits
end
local OPEN, RUNS, HEADER, INPUTS, STATES, STAGED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
if redis.call('HGET', HEADER, FIELD.state) ~= RUN.loading then return { 'lost' } end
if redis.call('EXISTS', INPUTS, STATES) < 2 or bitsIn(redis.call('GET', STAGED) or '') < args.writes then return { 'lost' } end
local root = redis.call('HGET', HEADER, FIELD.graphUrl)
if not args.again then
  for _, other in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
    local sha, otherRoot = unpack(redis.call('HMGET', args.headers .. other, FIELD.fileSha256, FIELD.graphUrl))
    if sha == args.fileSha256 and otherRoot == root then return { 'sameFile', other } end
  end
end
if args.reverts and not isDueAsRead(args.headers .. args.reverts.run, args.reverts.moves) then return { 'notDue' } end
redis.call('HSET', HEADER, FIELD.fileSha256, args.fileSha256, unpack(args.fields))
if needsApproval(HEADER) then
  if (redis.call('HGET', HEADER, FIELD.planFingerprint) or '') == '' then return { 'unapprovable', 'noPlan' } end
  if whyNotBy(HEADER, 'anybody else') then return { 'unapprovable', 'unknownSubmitter' } end
end
moveTo(HEADER, RUN.queued)
redis.call('DEL', STAGED)
for i = 3, #KEYS do redis.call('PERSIST', KEYS[i]) end
local time = redis.call('TIME')
redis.call('ZADD', OPEN, time[1] .. string.format('%06d', tonumber(time[2])), args.runId)
redis.call('ZADD', RUNS, time[1], args.runId)
restIfUnapproved(HEADER)
if args.reverts then markReverted(args.headers .. args.reverts.run, args.runId, args.reverts.rows, args.reverts.left) end
if awaitsRevert(HEADER) then redis.call('ZADD', keyOfReverts(HEADER), redis.call('HGET', HEADER, FIELD.revertAt), args.runId) end
return { 'published' }
