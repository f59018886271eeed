-- needs: limiter
-- A run with rows of several families counts some things of each of them too, in its header, as `<field>:<family>`; one with rows of a
-- single family counts them once.
local function nameInFamily(field) return field .. ':' .. policy.family end

local function hasFamilies(header) return redis.call('HEXISTS', header, nameInFamily(FIELD.total)) == 1 end

-- How much of `field` is of the family.
local function ofFamily(header, field)
  return tonumber(redis.call('HGET', header, nameInFamily(field)) or redis.call('HGET', header, field) or '0') or 0
end

local function countUp(header, field, n)
  redis.call('HINCRBY', header, field, n)
  if redis.call('HEXISTS', header, nameInFamily(field)) == 1 then redis.call('HINCRBY', header, nameInFamily(field), n) end
end
