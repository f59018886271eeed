-- Writes that may still be applied, of all runs: those under way, and those whose reply was lost. A sorted set of
-- `<token of the permit> <run>:<batch>:<place> <list>` by the moment until which they may.

-- Of each list the rows whose writes they are, and until when.
local function landingLists(landings)
  redis.call('ZREMRANGEBYSCORE', landings, '-inf', now)
  local lists, all = {}, redis.call('ZRANGE', landings, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do
    local row, list = string.match(all[i], '^%S+ (%S+) (%S+)$')
    lists[list] = lists[list] or {}
    lists[list][row] = math.max(lists[list][row] or 0, tonumber(all[i + 1]))
  end
  return lists
end

local function keepLanding(landings, member)
  redis.call('ZADD', landings, text(now + policy.timeoutMs + policy.windowMs), member)
end

-- What was answered lands no more. What was not may, as long from now as its charge has counted.
local function settleLandings(landings, token, mayLand)
  local lost = {}
  for _, place in ipairs(mayLand) do lost[place] = true end
  for _, member in ipairs(redis.call('ZRANGE', landings, 0, -1)) do
    local by, place = string.match(member, '^(%S+) %S+:(%d+) ')
    if by == token then
      if lost[tonumber(place)] then keepLanding(landings, member) else redis.call('ZREM', landings, member) end
    end
  end
end

-- Rows of which a read has found the only send: it has landed. Where more than one may be on its way, nobody knows which it was.
local function landedRows(landings, rows)
  local members = {}
  for _, member in ipairs(redis.call('ZRANGE', landings, 0, -1)) do
    local row = string.match(member, '^%S+ (%S+) ')
    if rows[row] then
      members[row] = members[row] or {}
      table.insert(members[row], member)
    end
  end
  for _, own in pairs(members) do
    if #own == 1 then redis.call('ZREM', landings, own[1]) end
  end
end
