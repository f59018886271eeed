-- Details and before-images of a batch are frames, one after the other: length (one byte, or 255 and four), place of the row,
-- and what is said of it, which scripts do not read.

-- Nothing is said of the row any more.
local function forgottenDetail(row) return string.char(7, row, 0, 0, 0, 0, 0, 0) end

-- Only the last word about each row, since nothing of what stands before it counts.
local function lastFrames(said)
  local order, words = {}, {}
  local start = 1
  while start <= #said do
    local length, head = string.byte(said, start), 1
    if length == 255 then
      local a, b, c, d = string.byte(said, start + 1, start + 4)
      length, head = ((a * 256 + b) * 256 + c) * 256 + d, 5
    end
    local row = string.byte(said, start + head)
    if not words[row] then order[#order + 1] = row end
    words[row] = string.sub(said, start, start + head + length - 1)
    start = start + head + length
  end
  for i, row in ipairs(order) do order[i] = words[row] end
  return table.concat(order)
end
