-- A Database or a DatabaseRole. The operator writes observedGeneration only when it succeeded, so a failure of a
-- generation that never succeeded may still be a first attempt: its owner can be made a moment later. That is Progressing
-- with the operator's own words. A failure of a generation that had succeeded is Degraded.
local hs = { status = "Progressing", message = "waiting for the operator" }
if obj.metadata ~= nil and obj.metadata.deletionTimestamp ~= nil then
  hs.message = "being deleted"
  return hs
end
if obj.status == nil then
  return hs
end
local message = obj.status.message or ""
local observed = obj.status.observedGeneration ~= nil
  and (obj.metadata == nil or obj.metadata.generation == nil or obj.status.observedGeneration == obj.metadata.generation)
if obj.status.applied == true and observed then
  hs.status = "Healthy"
  hs.message = message
  return hs
end
if obj.status.applied == false and observed then
  hs.status = "Degraded"
end
if message ~= "" then
  hs.message = message
end
-- A standby cluster has it from its primary and applies nothing itself: it rests until the cluster is promoted.
if obj.status.applied == nil and message == "waiting for the cluster to become primary" then
  hs.status = "Suspended"
end
return hs
