-- An Application of an Application: healthy when its last sync went through and what it made is healthy.
-- The sync counts because an Application whose objects are still missing can be called healthy.
local hs = { status = "Progressing", message = "never synced" }
if obj.metadata ~= nil and obj.metadata.deletionTimestamp ~= nil then
  hs.message = "being deleted"
  return hs
end
if obj.status == nil or obj.status.operationState == nil then
  return hs
end
local operation = obj.status.operationState
local phase = operation.phase or ""
hs.message = operation.message or ""
if phase == "Failed" or phase == "Error" then
  hs.status = "Degraded"
  return hs
end
if phase ~= "Succeeded" then
  return hs
end
if obj.status.health ~= nil and obj.status.health.status ~= nil then
  hs.status = obj.status.health.status
  hs.message = obj.status.health.message or ""
end
return hs
