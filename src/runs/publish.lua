-- Makes a staged run a run: from here on workers see it. KEYS: 1 open, 2 runs, 3 header, 4 inputs, 5 states, 6.. its other keys.
-- ARGV: runId, again ("1": the same file may be at work twice), prefix of run headers, SHA-256 of the file, then the
-- header's last fields.
-- Answers {"published"}, {"lost"} when the staging has expired, or {"sameFile", run id}.
local OPEN, RUNS, HEADER = KEYS[1], KEYS[2], KEYS[3]
local runId, again, prefix = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', HEADER, 'state') ~= 'loading' then return { 'lost' } end
if redis.call('EXISTS', KEYS[4], KEYS[5]) < 2 then return { 'lost' } end
local sha, root = ARGV[4], redis.call('HGET', HEADER, 'graphUrl')
if again ~= '1' then
  for _, other in ipairs(redis.call('ZRANGE', OPEN, 0, -1)) do
    local header = prefix .. other
    if redis.call('HGET', header, 'fileSha256') == sha and redis.call('HGET', header, 'graphUrl') == root then
      return { 'sameFile', other }
    end
  end
end
redis.call('HSET', HEADER, 'state', 'queued', 'fileSha256', sha, unpack(ARGV, 5))
for i = 3, #KEYS do redis.call('PERSIST', KEYS[i]) end
local time = redis.call('TIME')
redis.call('ZADD', OPEN, time[1] .. string.format('%06d', tonumber(time[2])), runId)
redis.call('ZADD', RUNS, time[1], runId)
return { 'published' }
