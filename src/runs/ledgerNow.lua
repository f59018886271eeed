-- The ledger as it stands, for people. Answers {charged, holdUntil (0: none), holdReason}.
tick()
local wait, reason = held()
if wait > 0 then return { text(number('w')), text(now + wait), reason } end
return { text(number('w')), '0', '' }
