-- Every change of a run's state goes through here: the state, and why, as a code. People get a sentence that is made of the
-- facts (reasonInWords), or the one that came with the code. `moves` counts the changes, so that two pauses for one reason differ.
local function moveTo(header, state, reason, facts, words)
  redis.call('HSET', header, FIELD.state, state, FIELD.reason, reason or '', FIELD.reasonText, words or '',
    FIELD.reasonFacts, facts and cjson.encode(facts) or '')
  redis.call('HINCRBY', header, FIELD.moves, 1)
end
