-- An object store: as healthy as the newest base backup in it. Without any backup it is healthy, or the cluster that is to
-- make the first one would be waited for in vain. Times are RFC 3339 in UTC, which sort as text.
local hs = { status = "Healthy", message = "no backup yet" }
if obj.metadata ~= nil and obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "being deleted" }
end
if obj.status == nil or obj.status.serverRecoveryWindow == nil then
  return hs
end
local servers = {}
for name in pairs(obj.status.serverRecoveryWindow) do
  table.insert(servers, name)
end
table.sort(servers)
local words = {}
for _, name in ipairs(servers) do
  local window = obj.status.serverRecoveryWindow[name]
  local good = window.lastSuccessfulBackupTime or ""
  local bad = window.lastFailedBackupTime or ""
  if bad > good then
    hs.status = "Degraded"
    table.insert(words, name .. ": the backup of " .. bad .. " failed")
  elseif window.firstRecoverabilityPoint ~= nil then
    table.insert(words, name .. ": recoverable since " .. window.firstRecoverabilityPoint .. ", last backup " .. good)
  end
end
if #words > 0 then
  hs.message = table.concat(words, "; ")
end
return hs
