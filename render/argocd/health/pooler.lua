-- PgBouncer. The operator has a phase from 1.30 on. Before that there is only a count of pods, which says nothing about
-- whether they are ready: the Deployment below it does.
local hs = { status = "Progressing", message = "waiting for the operator" }
if obj.metadata ~= nil and obj.metadata.deletionTimestamp ~= nil then
  hs.message = "being deleted"
  return hs
end
if obj.status == nil then
  return hs
end
local wanted = 1
if obj.spec ~= nil and obj.spec.instances ~= nil then
  wanted = obj.spec.instances
end
local phase = obj.status.phase
local reason = obj.status.phaseReason or ""
if phase == "active" then
  hs.status = "Healthy"
  hs.message = reason
elseif phase == "paused" then
  hs.status = "Suspended"
  hs.message = "paused: clients wait"
elseif phase == "failed" then
  hs.status = "Degraded"
  hs.message = reason
elseif wanted == 0 then
  hs.status = "Suspended"
  hs.message = "scaled to zero"
elseif phase ~= nil and phase ~= "" then
  hs.message = phase .. ": " .. reason
elseif obj.status.error ~= nil and obj.status.error ~= "" then
  hs.status = "Degraded"
  hs.message = obj.status.error
elseif obj.status.instances ~= nil and obj.status.instances >= wanted then
  hs.status = "Healthy"
  hs.message = "all pods exist; the Deployment says whether they are ready"
end
return hs
