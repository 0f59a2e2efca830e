-- A base backup. A phase that is not known here is not taken for an end.
local hs = { status = "Progressing", message = "waiting for the operator" }
if obj.status == nil or obj.status.phase == nil or obj.status.phase == "" then
  return hs
end
local phase = obj.status.phase
hs.message = phase
if phase == "completed" then
  hs.status = "Healthy"
  if obj.status.stoppedAt ~= nil then
    hs.message = "completed at " .. obj.status.stoppedAt
  end
elseif phase == "failed" or phase == "walArchivingFailing" or phase == "invalid backup definition" then
  hs.status = "Degraded"
  hs.message = phase .. ": " .. (obj.status.error or "the operator gave no reason")
end
return hs
