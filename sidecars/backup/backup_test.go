package backup

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
)

// shop is a cluster's settings with a repository.
func shop(r config.Repository) Settings {
	f := config.File{Cluster: "shop", Backup: &config.Backup{Repository: r, RetentionDays: 14}}.Defaults()
	return Of(*f.Backup, f)
}

// rendered is the file of pgBackRest and those beside it, by name.
func rendered(t *testing.T, s Settings, k Secrets) map[string]string {
	t.Helper()
	files, err := s.Render(k)
	require.NoError(t, err)
	out := map[string]string{}
	for _, f := range files {
		out[f.Name] = string(f.Content)
	}
	return out
}

func TestAConfigurationForEveryStore(t *testing.T) {
	for _, row := range []struct {
		name       string
		repository config.Repository
		secrets    Secrets
		has        []string
		hasNot     []string
		beside     map[string]string
	}{
		{"a folder", config.Repository{Type: "posix", Path: "/backups/"}, Secrets{CA: []byte("x")}, []string{"repo1-type=posix", "repo1-path=/backups\n"}, []string{"s3", "ca-file"}, nil},
		{"s3 with keys, over TLS of one's own", config.Repository{Type: "s3", Path: "/shop", Bucket: "b", Endpoint: "minio:9000", Region: "us-east-1"},
			Secrets{Key: "AK", Secret: "sk==", CA: []byte("PEM")},
			[]string{"repo1-s3-bucket=b", "repo1-s3-endpoint=minio:9000", "repo1-s3-region=us-east-1", "repo1-s3-uri-style=path", "repo1-s3-key=AK", "repo1-s3-key-secret=sk==",
				"repo1-storage-ca-file=/run/onggi/pgbackrest/pgbackrest-ca.pem"}, []string{"key-type", "verify-tls", "token"}, map[string]string{"pgbackrest-ca.pem": "PEM"}},
		{"s3 by the pod's identity", config.Repository{Type: "s3", Path: "/shop", Bucket: "b", Endpoint: "e", Region: "r", HostStyle: true, Insecure: true}, Secrets{},
			[]string{"repo1-s3-key-type=auto", "repo1-s3-uri-style=host", "repo1-storage-verify-tls=n"}, []string{"key-secret"}, nil},
		{"gcs", config.Repository{Type: "gcs", Path: "/shop", Bucket: "b"}, Secrets{Key: `{"type":"service_account"}`},
			[]string{"repo1-gcs-bucket=b", "repo1-gcs-key=/run/onggi/pgbackrest/pgbackrest-gcs.json", "repo1-gcs-key-type=service"}, []string{"service_account"},
			map[string]string{"pgbackrest-gcs.json": "{\"type\":\"service_account\"}\n"}},
		{"gcs by the pod's identity", config.Repository{Type: "gcs", Path: "/shop", Bucket: "b"}, Secrets{}, []string{"repo1-gcs-key-type=auto"}, []string{"gcs-key="}, nil},
		{"gcs elsewhere", config.Repository{Type: "gcs", Path: "/shop", Bucket: "b", Endpoint: "gcs.lan:4443"}, Secrets{Key: "{}", CA: []byte("PEM")},
			[]string{"repo1-gcs-endpoint=gcs.lan:4443", "repo1-storage-ca-file=/run/onggi/pgbackrest/pgbackrest-ca.pem"}, nil,
			map[string]string{"pgbackrest-gcs.json": "{}\n", "pgbackrest-ca.pem": "PEM"}},
		{"azure in another cloud", config.Repository{Type: "azure", Path: "/shop", Bucket: "c", Account: "a", Endpoint: "blob.core.chinacloudapi.cn", HostStyle: true}, Secrets{Secret: "a2V5"},
			[]string{"repo1-azure-endpoint=blob.core.chinacloudapi.cn", "repo1-azure-uri-style=host"}, nil, nil},
		{"azure with a key", config.Repository{Type: "azure", Path: "/shop", Bucket: "c"}, Secrets{Key: "account", Secret: "a2V5"},
			[]string{"repo1-azure-account=account", "repo1-azure-container=c", "repo1-azure-key=a2V5", "repo1-azure-key-type=shared", "repo1-azure-uri-style=host"}, nil, nil},
		{"azure with a signature", config.Repository{Type: "azure", Path: "/shop", Bucket: "c", Account: "named", Endpoint: "azurite:10000"}, Secrets{Token: "?sv=1&sig=2"},
			[]string{"repo1-azure-account=named", "repo1-azure-key=sv=1&sig=2", "repo1-azure-key-type=sas", "repo1-azure-uri-style=path"}, nil, nil},
		{"encrypted", config.Repository{Type: "posix", Path: "/b"}, Secrets{Cipher: "a b#c"}, []string{"repo1-cipher-type=aes-256-cbc", "repo1-cipher-pass=a b#c"}, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			files := rendered(t, shop(row.repository), row.secrets)
			for _, want := range append(row.has, "repo1-retention-full-type=time\nrepo1-retention-full=14", "[shop]\npg1-path=/var/lib/postgresql/data/pgdata\n", "archive-async=y") {
				require.Contains(t, files["pgbackrest.conf"], want)
			}
			for _, no := range row.hasNot {
				require.NotContains(t, files["pgbackrest.conf"], no)
			}
			delete(files, "pgbackrest.conf")
			if row.beside == nil {
				require.Empty(t, files)
			} else {
				require.Equal(t, row.beside, files)
			}
		})
	}
}

// A value with a line of its own would be an option of its own, and an error must not show it.
func TestAKeyIsOneLine(t *testing.T) {
	for _, bad := range []string{"pass\nrepo1-path=/", "pass\rb", " passphrase", "passphrase "} {
		_, err := shop(config.Repository{Type: "posix", Path: "/b"}).Render(Secrets{Cipher: bad})
		require.ErrorContains(t, err, "repo1-cipher-pass")
		require.NotContains(t, err.Error(), bad)
	}
	s := shop(config.Repository{Type: "posix", Path: "/b"})
	s.Stanza = "a]\n[b"
	_, err := s.Render(Secrets{})
	require.ErrorContains(t, err, "is no name")
}

func TestRetention(t *testing.T) {
	for _, row := range []struct {
		days, full int
		want       string
	}{
		{7, 3, "repo1-retention-full-type=time\nrepo1-retention-full=7\n"},
		{0, 3, "repo1-retention-full-type=count\nrepo1-retention-full=3\n"},
		{0, 0, "expire-auto=n\n"},
	} {
		s := shop(config.Repository{Type: "posix", Path: "/b"})
		s.RetentionDays, s.RetentionFull = row.days, row.full
		require.Contains(t, rendered(t, s, Secrets{})["pgbackrest.conf"], row.want)
	}
}

// No command line holds a secret, whatever the secrets are.
func TestCommandsAndTargets(t *testing.T) {
	s := shop(config.Repository{Type: "posix", Path: "/b"})
	p := &Primary{Name: "shop-0", Data: "/d", Socket: "/s", Port: 5432, Config: "/c", Remote: "/run/onggi/onggi-remote"}
	require.Equal(t, "pgbackrest --config=/run/onggi/pgbackrest/pgbackrest.conf --stanza=shop --type=full backup", strings.Join(s.Backup(Full, nil), " "))
	require.Contains(t, strings.Join(s.Backup(Incr, p), " "), "--backup-standby --cmd=pgbackrest --cmd-ssh=/run/onggi/onggi-remote --pg2-host=shop-0")
	for _, row := range []struct {
		target   config.RecoverTarget
		set      string
		want     string
		recovery [][2]string
	}{
		{config.RecoverTarget{}, "", "--type=default restore", [][2]string{{"recovery_target_timeline", "latest"}}},
		{config.RecoverTarget{Time: "2026-11-22 12:00:00+00"}, "", "--type=time --target=2026-11-22 12:00:00+00 restore",
			[][2]string{{"recovery_target_time", "2026-11-22 12:00:00+00"}, {"recovery_target_action", "promote"}, {"recovery_target_timeline", "latest"}}},
		{config.RecoverTarget{Time: "2026-11-22T12:00:00Z"}, "", "--type=time --target=2026-11-22 12:00:00+00:00 restore",
			[][2]string{{"recovery_target_time", "2026-11-22 12:00:00+00:00"}, {"recovery_target_action", "promote"}, {"recovery_target_timeline", "latest"}}},
		{config.RecoverTarget{Time: "2026-11-22T12:00:00.25+09:00"}, "", "--type=time --target=2026-11-22 12:00:00.25+09:00 restore",
			[][2]string{{"recovery_target_time", "2026-11-22 12:00:00.25+09:00"}, {"recovery_target_action", "promote"}, {"recovery_target_timeline", "latest"}}},
		{config.RecoverTarget{XID: "734", Exclusive: true, Timeline: "2"}, "20261122-124711F", "--set=20261122-124711F --type=xid --target=734 --target-exclusive --target-timeline=2 restore",
			[][2]string{{"recovery_target_xid", "734"}, {"recovery_target_action", "promote"}, {"recovery_target_inclusive", "off"}, {"recovery_target_timeline", "2"}}},
		{config.RecoverTarget{LSN: "0/5000028"}, "", "--type=lsn --target=0/5000028 restore", [][2]string{{"recovery_target_lsn", "0/5000028"}, {"recovery_target_action", "promote"}, {"recovery_target_timeline", "latest"}}},
		{config.RecoverTarget{Name: "before"}, "", "--type=name --target=before restore", [][2]string{{"recovery_target_name", "before"}, {"recovery_target_action", "promote"}, {"recovery_target_timeline", "latest"}}},
		{config.RecoverTarget{Immediate: true, Exclusive: true}, "", "--type=immediate restore", [][2]string{{"recovery_target", "immediate"}, {"recovery_target_action", "promote"}, {"recovery_target_timeline", "latest"}}},
	} {
		argv := s.Restore("/v/data.new", row.target, row.set)
		require.Equal(t, "pgbackrest --config=/run/onggi/pgbackrest/pgbackrest.conf --stanza=shop --pg1-path=/v/data.new "+row.want, strings.Join(argv, " "))
		require.Equal(t, row.recovery, Recovery(row.target))
	}
	s.Dir = "/run/100%"
	require.Equal(t, `pgbackrest --config=/run/100%%/pgbackrest.conf --stanza=shop --pg1-path=/x archive-get %f "%p"`, s.ArchiveGet("/x"))
	require.Equal(t, `/run/100%%/onggi-agent unless /run/100%%/hold -- pgbackrest --config=/run/100%%/pgbackrest.conf --stanza=shop archive-push "%p"`,
		Archiver("/run/100%/onggi-agent", "/run/100%/hold", s))
	require.Equal(t, `/run/100%%/onggi-agent while '/run/the fetch' -- pgbackrest --config=/run/100%%/pgbackrest.conf --stanza=shop archive-get %f "%p"`,
		Fetcher("/run/100%/onggi-agent", "/run/the fetch", s))
}

// What pgBackRest 2.45 gives to ssh, taken from a run.
const asked = "pgbackrest --config=/run/onggi/pgbackrest/pgbackrest.conf --exec-id=8094-8771ce39 --io-timeout=20 --log-level-console=off --log-level-file=off " +
	"--log-level-stderr=error --no-log-timestamp --pg1-database=postgres --pg1-path=/var/lib/postgresql/data/pgdata --pg1-port=5432 --pg1-socket-path=/run/onggi/postgres " +
	"--pg1-user=postgres --process=0 --remote-type=pg --stanza=shop backup:remote"

func TestOnlyTheRemoteOfABackupIsRun(t *testing.T) {
	s := shop(config.Repository{Type: "posix", Path: "/b"})
	call, err := ParseSSH([]string{"-o", "LogLevel=error", "-o", "Compression=no", "-o", "PasswordAuthentication=no", "postgres@shop-0", asked})
	require.NoError(t, err)
	require.Equal(t, Call{"shop-0", asked}, call)
	argv, err := s.ParseRemote(asked)
	require.NoError(t, err)
	require.Equal(t, "pgbackrest --config=/run/onggi/pgbackrest/pgbackrest.conf --stanza=shop --remote-type=pg", strings.Join(argv[:4], " "))
	require.Equal(t, "backup:remote", argv[len(argv)-1])
	for name, change := range map[string][2]string{
		"another command":       {"backup:remote", "restore:remote"},
		"no remote":             {"backup:remote", "backup"},
		"another program":       {"pgbackrest --config", "sh --config"},
		"another stanza":        {"--stanza=shop", "--stanza=other"},
		"the repository's side": {"--remote-type=pg", "--remote-type=repo"},
		"an option to write":    {"--process=0", "--log-path=/etc"},
		"another repository":    {"--process=0", "--repo1-path=/"},
		"a shell":               {"--process=0", "; reboot"},
		"a substitution":        {"--process=0", "$(reboot)"},
		"a word":                {"--process=0", "postgres"},
	} {
		_, err := s.ParseRemote(strings.Replace(asked, change[0], change[1], 1))
		require.Error(t, err, name)
	}
	for name, value := range map[string]string{"config": "/etc/shadow", "pg1-path": "/etc", "cmd": "sh", "lock-path": "/x"} {
		argv, err := s.ParseRemote(strings.Replace(asked, "--process=0", "--"+name+"="+value, 1))
		require.NoError(t, err)
		require.NotContains(t, argv, "--"+name+"="+value, "where things are here is ours to say")
	}
	for _, bad := range [][]string{nil, {"-o"}, {"-o", "x"}, {"host"}, {"host", "a", "b"}, {"postgres@", "a"}} {
		_, err := ParseSSH(bad)
		require.Error(t, err)
	}
}

func TestWhoMakesABackup(t *testing.T) {
	a, b, c := Member{Name: "shop-0", Leader: true}, Member{Name: "shop-1", Streaming: true, Lag: 10}, Member{Name: "shop-2", Streaming: true, Lag: 10}
	for _, row := range []struct {
		name    string
		members []Member
		target  string
		want    string
	}{
		{"a standby", []Member{a, b}, "prefer-standby", "shop-1"},
		{"the one that is the least behind", []Member{a, {Name: "shop-1", Streaming: true, Lag: 11}, {Name: "shop-2", Streaming: true, Lag: 12}}, "prefer-standby", "shop-1"},
		{"of equals the last", []Member{a, b, c}, "prefer-standby", "shop-2"},
		{"the primary where it is wanted", []Member{a, b, c}, "primary", "shop-0"},
		{"the primary where it is alone", []Member{a}, "prefer-standby", "shop-0"},
		{"no standby that does not stream", []Member{a, {Name: "shop-1"}}, "prefer-standby", "shop-0"},
		{"no standby that is far behind", []Member{a, {Name: "shop-1", Streaming: true, Lag: 1 << 40}}, "prefer-standby", "shop-0"},
		{"nobody without a leader", []Member{b, c}, "prefer-standby", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, why, ok := Choose(row.members, row.target)
			require.Equal(t, row.want, m.Name)
			require.Equal(t, row.want != "", ok)
			require.NotEmpty(t, why)
		})
	}
}

func TestAGapIsWhatNobodyHas(t *testing.T) {
	have := []string{"000000020000000000000007", "000000020000000000000008"}
	for archived, gap := range map[string]bool{
		"000000010000000000000006": false, "000000010000000000000007": false, "000000020000000000000009": false,
		"000000010000000000000005": true, "not a segment": false, "": false,
	} {
		from, is := Gap(archived, have)
		require.Equal(t, gap, is, archived)
		if is {
			require.Equal(t, have[0], from)
		}
	}
	_, is := Gap("0000000100000000000000FF", []string{"000000010000000100000000"})
	require.False(t, is, "FF is followed by 00 of the next")
}
