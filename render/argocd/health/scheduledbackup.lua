-- A series of base backups. It is healthy when it is on time; whether the backups succeed is the ObjectStore's and the
-- alerts' business. A suspended series says so.
local hs = { status = "Progressing", message = "waiting for the operator" }
if obj.metadata ~= nil and obj.metadata.deletionTimestamp ~= nil then
  hs.message = "being deleted"
  return hs
end
if obj.spec ~= nil and obj.spec.suspend == true then
  hs.status = "Suspended"
  hs.message = "suspended: no backups are taken"
  return hs
end
if obj.status == nil then
  return hs
end
if obj.status.error ~= nil and obj.status.error ~= "" then
  hs.status = "Degraded"
  hs.message = obj.status.error
  return hs
end
if obj.status.nextScheduleTime ~= nil then
  hs.status = "Healthy"
  hs.message = "next backup at " .. obj.status.nextScheduleTime
end
return hs
