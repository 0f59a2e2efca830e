package spec_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

const shop = `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: databases}
spec:
  engine: postgres
  version: "17"
  backend: cloudnative-pg
  instances: 3
  storage: {size: 10Gi, class: longhorn-ssd}
  replication: {mode: quorum, minSync: 1}
  databases: [{name: app, owner: app, extensions: [pg_trgm]}]
  parameters: {max_connections: "200", timezone: Asia/Seoul}
  hba: ["hostssl all all 10.0.0.0/8 scram-sha-256"]
  superuser: {secret: superuser-secrets}
  expose:
    - {name: lb, role: primary, type: LoadBalancer, ip: 192.168.0.206}
  pooler: {mode: transaction, instances: 2}
  backup:
    destination: s3://lemon-backup/cnpg-backup
    credentials: {secret: aws-secrets, accessKey: ACCESS_KEY_ID, secretKey: ACCESS_SECRET_KEY}
    schedules: [{name: daily, cron: "0 0 * * *"}]
    retention: 90d
    drill: "0 6 * * 0"
  monitoring: {alerts: true, dashboards: true}
  secrets: {provider: sealed-secrets}
  overrides: [{kind: Cluster, name: shop, patch: {spec: {logLevel: debug}}}]
environments:
  dev:  {instances: 1, backup: null, expose: null}
  prod: {storage: {size: 100Gi}, instances: 5}
`

func TestResolveShop(t *testing.T) {
	set, problems := spec.Load([]spec.Source{{Name: "db/shop.yaml", Data: []byte(shop)}})
	require.Empty(t, problems)
	require.Len(t, set.Clusters, 1)
	doc := set.Clusters[0]
	require.Equal(t, []string{"dev", "prod"}, doc.Environments())

	base, problems := doc.Resolve("")
	if len(problems) > 0 {
		problems.Render(os.Stdout, false)
	}
	require.Empty(t, problems)
	require.Equal(t, 3, base.Spec.Instances)
	require.Equal(t, "10Gi", base.Spec.Storage.Size)
	require.Equal(t, "pg_trgm", base.Spec.Databases[0].Extensions[0].Name)
	require.Equal(t, "s3://lemon-backup/cnpg-backup", base.Spec.Backup.Destination)
	require.Equal(t, map[string]any{"spec": map[string]any{"logLevel": "debug"}}, base.Spec.Overrides[0].Patch)
	require.Equal(t, spec.Pos{File: "db/shop.yaml", Line: 10, Col: 19}, base.At("spec.storage.size"))
	require.Equal(t, spec.Pos{File: "db/shop.yaml", Line: 10, Col: 3}, base.At("spec.storage.wal.size"))

	dev, problems := doc.Resolve("dev")
	require.Empty(t, problems)
	require.Nil(t, dev.Spec.Backup)
	require.Empty(t, dev.Spec.Expose)
	require.Equal(t, 1, dev.Spec.Instances)
	require.Equal(t, "longhorn-ssd", dev.Spec.Storage.Class)

	prod, problems := doc.Resolve("prod")
	require.Empty(t, problems)
	require.Equal(t, "100Gi", prod.Spec.Storage.Size)
	require.Equal(t, spec.Pos{File: "db/shop.yaml", Line: 30, Col: 26}, prod.At("spec.storage.size"))

	_, problems = doc.Resolve("prdo")
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Message, "dev, prod")
}
