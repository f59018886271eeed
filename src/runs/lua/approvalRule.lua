-- needs: state
-- Sets what the tenant demands. One person makes it stricter; what makes it less strict two have to ask for, one after the other.
-- args: isRequired, isRollbackFree; oid, name: who asks; reason; lastsMs: until when a second one may ask for the same.
-- Answers {"set" | "asked" | "same"}.
local TENANT = KEYS[1]
local now = redisNow()

local function levelOf(rule)
  if not rule.isRequired then return 0 end
  return rule.isRollbackFree and 1 or 2
end

local function kept(field)
  local text = redis.call('HGET', TENANT, field)
  return text and cjson.decode(text) or {}
end

local function keep(field, more)
  local rule = {
    isRequired = args.isRequired, isRollbackFree = args.isRollbackFree, by = { oid = args.oid, name = args.name }, at = now, reason = args.reason,
  }
  for name, value in pairs(more) do rule[name] = value end
  redis.call('HSET', TENANT, field, cjson.encode(rule))
end

local level = levelOf(args)
if level == levelOf(kept('approvalRule')) then
  redis.call('HDEL', TENANT, 'approvalLowering')
  return { 'same' }
end
local asked = kept('approvalLowering')
local isSecond = asked.by and asked.by.oid ~= args.oid and levelOf(asked) == level and now <= asked['until']
if level < levelOf(kept('approvalRule')) and not isSecond then
  local isOwn = asked.by and asked.by.oid == args.oid and levelOf(asked) == level and now <= asked['until']
  if not isOwn then keep('approvalLowering', { ['until'] = now + args.lastsMs }) end
  return { 'asked' }
end
keep('approvalRule', {})
redis.call('HDEL', TENANT, 'approvalLowering')
return { 'set' }
