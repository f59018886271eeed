-- needs: reverts
-- Nothing of a run whose time has come is there to be taken back.
-- args: left: what is left; moves: how often it had moved when its rows were read. Answers {1} when that is recorded, {0} when it is not due (any more).
local HEADER = KEYS[1]
if not isDueAsRead(HEADER, args.moves) then return { 0 } end
markReverted(HEADER, nil, 0, args.left)
return { 1 }
