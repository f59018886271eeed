-- needs: approval
-- Changes how a run goes on.
-- args: fields: of the header, each name before its text.
local HEADER = KEYS[1]
redis.call('HSET', HEADER, unpack(args.fields))
turnByTerms(HEADER)
return { 1 }
