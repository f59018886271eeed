-- needs: state, announce
-- Whether a second person has to say yes before anything of a run is written, and whether one has. The tenant's record demands it, or
-- args.approval: what the caller's own settings say. Once it was demanded of a run it stays so, whatever becomes of the rule.

-- It takes back a recorded run as that was written. What takes back a rollback writes anew what was taken back.
local function isPlainUndo(header)
  local isUndo, of = unpack(redis.call('HMGET', header, FIELD.isPlainUndo, FIELD.revertOf))
  if isUndo ~= '1' or not of or not string.match(of, '^[%w-]+$') then return false end
  local undone = string.match(header, '^(.*:run:)[^:]*$') .. of
  local state, ofThat = unpack(redis.call('HMGET', undone, FIELD.state, FIELD.revertOf))
  return state and state ~= RUN.loading and (ofThat or '') == ''
end

-- What a yes was said to besides the plan: who changes it needs another one.
local function termsOf(header)
  local terms = redis.call('HMGET', header, FIELD.startAt, FIELD.windows, FIELD.timeZone, FIELD.deadlineAt, FIELD.isUrgent,
    FIELD.revertAt, FIELD.maxFailures, FIELD.maxAgeMs, FIELD.strategy, FIELD.verify, FIELD.restores)
  for i = 1, #terms do terms[i] = terms[i] or '' end
  return redis.sha1hex(cjson.encode(terms))
end

local function paceOf(header) return tonumber(redis.call('HGET', header, FIELD.writesPerWindow) or '') or math.huge end

local function submitterOf(header)
  local kept = redis.call('HGET', header, FIELD.submitter)
  return kept and kept ~= '' and cjson.decode(kept) or { kind = 'unknown', oid = '', name = '' }
end

-- Why somebody's yes is none: a code, or nil.
local function whyNotBy(header, oid)
  local submitter = submitterOf(header)
  if submitter.kind ~= 'person' and submitter.kind ~= 'app' then return 'unknownSubmitter' end
  if not oid or oid == '' or (submitter.kind == 'person' and submitter.oid == '') then return 'unknownSubmitter' end
  if submitter.kind == 'person' and submitter.oid == oid then return 'samePerson' end
  return nil
end

local function isApproved(header)
  local kept, fingerprint = unpack(redis.call('HMGET', header, FIELD.approval, FIELD.planFingerprint))
  if not kept or kept == '' or kept == 'null' or not fingerprint or fingerprint == '' then return false end
  local yes = cjson.decode(kept)
  return yes.run == string.match(header, '([^:]*)$') and yes.fingerprint == fingerprint and not whyNotBy(header, yes.oid)
    and yes.terms == termsOf(header) and paceOf(header) <= (tonumber(yes.pace or '') or math.huge)
end

local function needsApproval(header)
  if redis.call('HGET', header, FIELD.needsApproval) == '1' then return true end
  local kept = redis.call('HGET', string.match(header, '^(.*):run:[^:]*$') .. ':ledger', 'approvalRule')
  local rule = kept and cjson.decode(kept) or {}
  local demand = args.approval
  if not rule.isRequired and demand ~= 'required' and demand ~= 'required-but-rollback' then return false end
  local goesWithout = (not rule.isRequired or rule.isRollbackFree) and demand ~= 'required' and isPlainUndo(header)
  if goesWithout then return false end
  redis.call('HSET', header, FIELD.needsApproval, '1')
  return true
end

-- Has a run wait that may not be at work without a yes. Answers whether it does.
local function restIfUnapproved(header)
  if not needsApproval(header) or isApproved(header) then return false end
  local state, reason, operator, fingerprint = unpack(redis.call('HMGET', header,
    FIELD.state, FIELD.reason, FIELD.operator, FIELD.planFingerprint))
  local submitter = submitterOf(header)
  local facts = {
    run = string.match(header, '([^:]*)$'), by = submitter.name ~= '' and submitter.name or operator,
    fingerprint = fingerprint ~= '' and fingerprint or nil,
  }
  if state == RUN.running then
    moveTo(header, RUN.queued, REASON.approval, facts)
  elseif reason ~= REASON.approval then
    waitFor(header, REASON.approval, facts)
    tellItself(header, 'rests', REASON.approval, { facts = facts })
    announce(header, redisNow(), EVENT.waitsForYes, { state = RUN.queued, reason = REASON.approval, facts = facts })
  end
  return true
end

-- A yes counts for the terms that it was said to, whether a worker is there or not: who changes them has the run wait at once, and who
-- brings them back has it go.
local function turnByTerms(header)
  local state, reason = unpack(redis.call('HMGET', header, FIELD.state, FIELD.reason))
  if state ~= RUN.queued or restIfUnapproved(header) then return end
  if reason == REASON.approval then waitFor(header, nil) end
end
