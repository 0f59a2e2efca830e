package native_test

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// Every kind of store is a repository in pgBackRest's words.
func TestRepositories(t *testing.T) {
	const keys = "/etc/onggi/repository/"
	for _, tt := range []struct {
		name, backup string
		want         config.Repository
	}{
		{"a store of one's own", `{destination: s3://bucket/a/b, endpoint: "https://minio.lan:9000", credentials: {secret: k}}`,
			config.Repository{Type: "s3", Path: "/a/b", Bucket: "bucket", Endpoint: "minio.lan:9000", Region: "us-east-1", KeyFile: keys + "key", SecretFile: keys + "secret"}},
		{"with an authority and a session", `{destination: s3://bucket, region: lan, endpoint: "https://minio.lan/", endpointCA: {secret: ca, key: x}, credentials: {secret: k, sessionToken: T}}`,
			config.Repository{Type: "s3", Path: "/", Bucket: "bucket", Endpoint: "minio.lan", Region: "lan", CAFile: keys + "ca.crt", KeyFile: keys + "key", SecretFile: keys + "secret", TokenFile: keys + "token"}},
		{"AWS has buckets for hosts", `{destination: s3://bucket/a, region: eu-central-1, credentials: {fromPod: true}}`,
			config.Repository{Type: "s3", Path: "/a", Bucket: "bucket", Endpoint: "s3.eu-central-1.amazonaws.com", Region: "eu-central-1", HostStyle: true}},
		{"at an address of AWS's too", `{destination: s3://bucket/a, region: eu-central-1, endpoint: "https://s3.dualstack.eu-central-1.amazonaws.com", credentials: {fromPod: true}}`,
			config.Repository{Type: "s3", Path: "/a", Bucket: "bucket", Endpoint: "s3.dualstack.eu-central-1.amazonaws.com", Region: "eu-central-1", HostStyle: true}},
		{"Google", `{destination: gs://bucket/a, credentials: {secret: k}}`, config.Repository{Type: "gcs", Path: "/a", Bucket: "bucket", KeyFile: keys + "key.json"}},
		{"Google knows the pod", `{destination: gs://bucket/a, credentials: {fromPod: true}}`, config.Repository{Type: "gcs", Path: "/a", Bucket: "bucket"}},
		{"Azure", `{destination: azblob://account/container/a/b, credentials: {secret: k}}`,
			config.Repository{Type: "azure", Path: "/a/b", Bucket: "container", Account: "account", SecretFile: keys + "secret"}},
		{"Azure by a signature", `{destination: azblob://account/container, credentials: {secret: k, sasToken: S}}`,
			config.Repository{Type: "azure", Path: "/", Bucket: "container", Account: "account", TokenFile: keys + "token"}},
		{"Google's, at a host of one's own", `{destination: gs://bucket/a, endpoint: "https://gcs.lan:4443", endpointCA: {secret: ca, key: x}, credentials: {secret: k}}`,
			config.Repository{Type: "gcs", Path: "/a", Bucket: "bucket", Endpoint: "gcs.lan:4443", CAFile: keys + "ca.crt", KeyFile: keys + "key.json"}},
		{"Azure's, with the account in the path", `{destination: azblob://account/container/a, endpoint: "https://azurite.lan:10000", endpointCA: {secret: ca, key: x}, credentials: {secret: k}}`,
			config.Repository{Type: "azure", Path: "/a", Bucket: "container", Account: "account", Endpoint: "azurite.lan:10000", CAFile: keys + "ca.crt", SecretFile: keys + "secret"}},
		{"another of Azure's clouds", `{destination: azblob://account/container, endpoint: "https://blob.core.chinacloudapi.cn", credentials: {secret: k}}`,
			config.Repository{Type: "azure", Path: "/", Bucket: "container", Account: "account", Endpoint: "blob.core.chinacloudapi.cn", HostStyle: true, SecretFile: keys + "secret"}},
		{"with the account's own address", `{destination: azblob://account/container, endpoint: "https://account.blob.stack.lan", credentials: {secret: k}}`,
			config.Repository{Type: "azure", Path: "/", Bucket: "container", Account: "account", Endpoint: "blob.stack.lan", HostStyle: true, SecretFile: keys + "secret"}},
		{"a volume, encrypted", `{destination: pvc://claim/a, encryptionKey: {secret: k, key: PASS}}`,
			config.Repository{Type: "posix", Path: "/repository/claim/a", CipherFile: keys + "passphrase"}},
		{"all of a volume", `{destination: pvc://claim}`, config.Repository{Type: "posix", Path: "/repository/claim"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, native.File(compile(t, "backup: "+tt.backup).Plan).Backup.Repository)
		})
	}
}

func TestBackups(t *testing.T) {
	for backup, want := range map[string]config.Backup{
		``: {Stanza: "shop", Target: "prefer-standby", Compression: "gz", Jobs: 2},
		`serverName: shop-2, target: primary, jobs: 8, compression: zstd`: {Stanza: "shop-2", Target: "primary", Compression: "zst", Jobs: 8},
		`walCompression: lz4`:                       {Stanza: "shop", Target: "prefer-standby", Compression: "lz4", Jobs: 2},
		`compression: none`:                         {Stanza: "shop", Target: "prefer-standby", Compression: "none", Jobs: 2},
		`compression: bzip2, walCompression: bzip2`: {Stanza: "shop", Target: "prefer-standby", Compression: "bz2", Jobs: 2},
		`retention: 90d`:                            {Stanza: "shop", Target: "prefer-standby", Compression: "gz", Jobs: 2, RetentionDays: 90},
		`retention: 12w`:                            {Stanza: "shop", Target: "prefer-standby", Compression: "gz", Jobs: 2, RetentionDays: 84},
		`retention: 6m`:                             {Stanza: "shop", Target: "prefer-standby", Compression: "gz", Jobs: 2, RetentionDays: 186},
		`retentionFull: 4`:                          {Stanza: "shop", Target: "prefer-standby", Compression: "gz", Jobs: 2, RetentionFull: 4},
		`schedules: [{name: daily, cron: 0 1 * * *, immediate: true}]`:                                            {Stanza: "shop", Target: "prefer-standby", Compression: "gz", Jobs: 2, Immediate: true, MaxAgeSeconds: 32 * 3600},
		`schedules: [{name: daily, cron: 0 1 * * *, immediate: true, suspend: true}, {name: w, cron: 0 1 * * *}]`: {Stanza: "shop", Target: "prefer-standby", Compression: "gz", Jobs: 2, MaxAgeSeconds: 32 * 3600},
	} {
		fields := "backup: {destination: pvc://claim, " + backup + "}"
		got := *native.File(compile(t, fields).Plan).Backup
		got.Repository = config.Repository{}
		require.Equal(t, want, got, fields)
	}
	require.Nil(t, native.File(compile(t, `{}`).Plan).Backup)
}

func TestRecoveries(t *testing.T) {
	recovery := func(recovery, more string) string {
		return "bootstrap: {recovery: {from: old" + recovery + "}}\nexternalClusters: [{name: old, archive: {destination: pvc://claim/old" + more + "}}]"
	}
	repository := config.Repository{Type: "posix", Path: "/repository/claim/old"}
	for _, tt := range []struct {
		name, fields string
		want         config.Recover
	}{
		{"to the end", recovery("", ""), config.Recover{Repository: repository, Stanza: "old"}},
		{"of another name", recovery("", ", serverName: shop"), config.Recover{Repository: repository, Stanza: "shop"}},
		{"or empty", recovery(", orInit: true", ""), config.Recover{Repository: repository, Stanza: "old", OrInit: true}},
		{"to a time", recovery(`, target: {time: "2026-11-22T06:00:00Z", exclusive: true}`, ""),
			config.Recover{Repository: repository, Stanza: "old", Target: config.RecoverTarget{Time: "2026-11-22T06:00:00Z", Exclusive: true}}},
		{"to a position", recovery(`, target: {lsn: 0/3000000, timeline: "3"}`, ""),
			config.Recover{Repository: repository, Stanza: "old", Target: config.RecoverTarget{LSN: "0/3000000", Timeline: "3"}}},
		{"to a transaction", recovery(`, target: {xid: "1234", backupID: 20261122-030000F}`, ""),
			config.Recover{Repository: repository, Stanza: "old", Set: "20261122-030000F", Target: config.RecoverTarget{XID: "1234"}}},
		{"to a restore point", recovery(`, target: {name: p, backupID: 20261122-030000F_20261123-030000D}`, ""),
			config.Recover{Repository: repository, Stanza: "old", Set: "20261122-030000F_20261123-030000D", Target: config.RecoverTarget{Name: "p"}}},
		{"as soon as consistent", recovery(`, target: {immediate: true}`, ""),
			config.Recover{Repository: repository, Stanza: "old", Target: config.RecoverTarget{Immediate: true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, &tt.want, native.File(compile(t, tt.fields).Plan).Recover)
		})
	}
	require.Nil(t, native.File(compile(t, `{}`).Plan).Recover)
}

// A cluster starts from the place that it archives to only to come back from its own backups: always, and to their end.
func TestOwnBackups(t *testing.T) {
	const archive = "destination: s3://backups/shop, region: eu, credentials: {secret: k}"
	fields := func(recovery, server string) string {
		return "bootstrap: {recovery: {from: before" + recovery + "}}\nbackup: {" + archive + ", serverName: one}\nexternalClusters: [{name: before, archive: {" + archive + ", serverName: " + server + "}}]"
	}
	for given, code := range map[string]string{
		fields("", "one"):               "ONG2316",
		fields(", orInit: true", "one"): "",
		fields(`, orInit: true, target: {time: "2026-11-22T06:00:00Z"}`, "one"): "ONG2316",
		fields("", "two"):               "",
		fields(", orInit: true", "two"): "",
		fields(`, orInit: true, target: {time: "2026-11-22T06:00:00Z"}`, "two"): "",
		// The same place, spelt otherwise.
		strings.Replace(fields("", "one"), "region: eu, credentials: {secret: k}, serverName: one}\next", "region: eu, endpoint: 'https://s3.eu.amazonaws.com', credentials: {secret: other}, serverName: one}\next", 1): "ONG2316",
	} {
		var codes []string
		for _, p := range problems(t, given) {
			codes = append(codes, p.Code)
		}
		require.Equal(t, strings.Fields(code), append([]string{}, codes...), given)
	}
}

// Keys are where the agent reads them and nowhere else; a volume is where pgBackRest runs.
func TestWhereRepositoriesAre(t *testing.T) {
	for _, b := range samples(t) {
		f := native.File(b.Plan)
		var repositories []config.Repository
		if f.Backup != nil {
			repositories = append(repositories, f.Backup.Repository)
		}
		if f.Recover != nil {
			repositories = append(repositories, f.Recover.Repository)
		}
		for _, r := range repositories {
			for _, file := range []string{r.CAFile, r.KeyFile, r.SecretFile, r.TokenFile, r.CipherFile} {
				if file != "" {
					require.Contains(t, files(t, b, "agent"), file)
					require.NotContains(t, files(t, b, "database"), file)
				}
			}
			if r.Type == "posix" {
				require.True(t, within(t, b, "database", r.Path), r.Path)
				require.False(t, within(t, b, "agent", r.Path), r.Path)
			}
		}
	}
}

// files are those that a container sees of Secrets.
func files(t *testing.T, b render.Bundle, name string) []string {
	t.Helper()
	var out []string
	volumes := at(t, find(t, b, "StatefulSet", b.Plan.Name), "spec", "template", "spec", "volumes").([]any)
	for _, m := range at(t, container(t, b, name), "volumeMounts").([]any) {
		for _, v := range volumes {
			if v.(manifest.Map)["name"] != m.(manifest.Map)["name"] {
				continue
			}
			sources, _ := manifest.Get(v.(manifest.Map), "projected", "sources")
			list, _ := sources.([]any)
			for _, s := range list {
				items, _ := manifest.Get(s.(manifest.Map), "secret", "items")
				keys, _ := items.([]any)
				for _, item := range keys {
					out = append(out, path.Join(m.(manifest.Map)["mountPath"].(string), item.(manifest.Map)["path"].(string)))
				}
			}
		}
	}
	return out
}

func within(t *testing.T, b render.Bundle, name, folder string) bool {
	t.Helper()
	for _, m := range at(t, container(t, b, name), "volumeMounts").([]any) {
		if at := m.(manifest.Map)["mountPath"].(string); folder == at || strings.HasPrefix(folder, at+"/") {
			return true
		}
	}
	return false
}

// A series asks the agents, is nobody's member, and may do nothing.
func TestSchedules(t *testing.T) {
	b := compile(t, `{network: {}, backup: {destination: pvc://claim, schedules: [{name: weekly, cron: 0  1 * * 0}, {name: daily, cron: 0 1 * * 1-6, type: differential}, {name: hourly, cron: 30 * * * *, type: incremental, suspend: true}]}}`)
	for name, want := range map[string]struct {
		cron, kind string
		suspend    bool
	}{"weekly": {"0 1 * * 0", "full", false}, "daily": {"0 1 * * 1-6", "diff", false}, "hourly": {"30 * * * *", "incr", true}} {
		job := find(t, b, "CronJob", "shop-"+name)
		require.Equal(t, want.cron, at(t, job, "spec", "schedule"))
		require.Equal(t, want.suspend, at(t, job, "spec", "suspend"))
		require.Equal(t, "Forbid", at(t, job, "spec", "concurrencyPolicy"))
		pod := []any{"spec", "jobTemplate", "spec", "template"}
		require.Equal(t, []any{"ctl", "--url", "http://shop-pods:8008", "--token-file", "/etc/onggi/secrets/token/password", "--timeout", "24h", "backup", "--type", want.kind, "--wait"},
			at(t, job, append(pod, "spec", "containers", 0, "args")...))
		require.Equal(t, "shop-backup", at(t, job, append(pod, "spec", "serviceAccountName")...))
		labels := at(t, job, append(pod, "metadata", "labels")...).(manifest.Map)
		require.NotContains(t, labels, "onggi.dev/cluster", "Services, budgets and agents would take it for a member")
		require.Equal(t, "shop", labels["onggi.dev/backup"])
	}
	require.Equal(t, false, find(t, b, "ServiceAccount", "shop-backup")["automountServiceAccountToken"])
	for _, o := range b.Objects {
		if o.Ref().Kind == "RoleBinding" {
			require.NotEqual(t, "shop-backup", at(t, o.Body(), "subjects", 0, "name"))
		}
	}
	rules := at(t, find(t, b, "NetworkPolicy", "shop"), "spec", "ingress").([]any)
	require.Contains(t, rules, any(manifest.Map{
		"from":  []any{manifest.Map{"podSelector": manifest.Map{"matchLabels": manifest.Map{"onggi.dev/backup": "shop"}}}},
		"ports": []any{manifest.Map{"port": int64(8008), "protocol": "TCP"}},
	}))
	hibernating := compile(t, `{hibernate: true, backup: {destination: pvc://claim, schedules: [{name: weekly, cron: 0 1 * * 0}]}}`)
	require.Equal(t, true, at(t, find(t, hibernating, "CronJob", "shop-weekly"), "spec", "suspend"))
}

// With backups, and to start from some, the database runs in an image that has pgBackRest.
func TestImages(t *testing.T) {
	for fields, want := range map[string]string{
		`{}`:                                 "docker.io/library/postgres:17.10-trixie",
		`backup: {destination: pvc://claim}`: "ghcr.io/onggi-db/onggi-postgres:17.10-trixie",
		"version: '16.9'\nbackup: {destination: pvc://claim}":                                                      "ghcr.io/onggi-db/onggi-postgres:16.9-bookworm",
		"bootstrap: {recovery: {from: old}}\nexternalClusters: [{name: old, archive: {destination: pvc://claim}}]": "ghcr.io/onggi-db/onggi-postgres:17.10-trixie",
		"image: registry.lan/postgres:17\nbackup: {destination: pvc://claim}":                                      "registry.lan/postgres:17",
	} {
		require.Equal(t, want, container(t, compile(t, fields), "database")["image"], fields)
	}
	for image, code := range map[string]string{
		"postgres:17": "ONG2308", "docker.io/postgres:17.10-alpine": "ONG2308", "docker.io/library/postgres@sha256:" + strings.Repeat("0", 64): "ONG2308",
		"ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie": "ONG2308", "registry.lan:5000/postgres:17": "", "bitnami/postgresql:17": "",
	} {
		found := problems(t, "image: '"+image+"'\nbackup: {destination: pvc://claim}")
		require.Equal(t, code != "", len(found) == 1 && found[0].Code == code, "%s: %v", image, found)
		require.Empty(t, problems(t, "image: '"+image+"'"), image)
	}
}

// What pgBackRest calls its backups.
func TestLabels(t *testing.T) {
	for id, good := range map[string]bool{
		"20261122-030000F": true, "20261122-030000F_20261123-030000D": true, "20261122-030000F_20261123-030000I": true,
		"20261122T030000": false, "20261122-030000": false, "20261122-030000D": false, "20261122-030000F_20261123-030000": false,
		"20261122-030000F_20261123-030000F": false, "20261122-030000F_": false, "latest": false, "20261122-030000F_20261123-030000DI": false,
	} {
		fields := "bootstrap: {recovery: {from: old, target: {immediate: true, backupID: " + id + "}}}\nexternalClusters: [{name: old, archive: {destination: pvc://claim}}]"
		found := problems(t, fields)
		require.Equal(t, good, len(found) == 0, "%s: %v", id, found)
	}
}

// problems are what is found in a native spec with these fields.
func problems(t *testing.T, fields string) spec.Problems {
	t.Helper()
	set, found := spec.Load([]spec.Source{source(t, fields)})
	require.Empty(t, found)
	cluster, found := set.Clusters[0].Resolve("")
	require.Empty(t, found)
	_, found = render.Compile(cluster)
	return found
}
