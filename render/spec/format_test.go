package spec

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
)

// formats are, for each format, values that it takes, and values that it does not with the fix that is offered.
var formats = map[string]struct {
	good []string
	bad  map[string]string
}{
	"quantity": {
		good: []string{"0", "1", "500m", "0.5", ".5", "1.", "1e3", "1E3", "1E", "10Gi", "+1", "100n", "1k", "12e-1"},
		bad: map[string]string{"": "write a number with a unit, such as 500m, 2, 512Mi or 10Gi", "10GB": "write 10Gi", "10 gib": "write 10Gi", "10g": "write 10Gi", "512mb": "write 512Mi",
			"1,5Gi": "write 1.5Gi", "2 cores": "write 2", "-1": "write 1", "e3": "write a number with a unit, such as 500m, 2, 512Mi or 10Gi", "1e": "write a number with a unit, such as 500m, 2, 512Mi or 10Gi", "1KiB": "write 1Ki"},
	},
	"size": {
		good: []string{"10Gi", "1Mi", "100G", "1.5Ti", "2e9", "1073741824"},
		bad:  map[string]string{"10": "write 10Gi", "500m": "write 500Mi", "10k": "write 10Mi", "10GB": "write 10Gi", "big": "write a number with a unit, such as 512Mi or 10Gi", "-1Gi": "write 1Gi"},
	},
	"duration": {
		good: []string{"0s", "30s", "5m30s", "36h", "90d", "1w2d", "1d12h30m15s250ms"},
		bad: map[string]string{"": "write a number with a unit, such as 30s, 5m, 36h or 90d", "30": "write 30s", "5 min": "write 5m", "1.5h": "write 1h30m", "0.5d": "write 12h", "2 months": "write 60d", "1 year": "write 365d",
			"30s5m": "write a number with a unit, such as 30s, 5m, 36h or 90d", "1h1h": "write a number with a unit, such as 30s, 5m, 36h or 90d", "-1h": "write a number with a unit, such as 30s, 5m, 36h or 90d", "99999999999999w": "write a number with a unit, such as 30s, 5m, 36h or 90d"},
	},
	"cron": {
		good: []string{"0 0 * * *", "*/15 * * * *", "30 3 1,15 * *", "0 9-17/2 * JAN-MAR MON-FRI", "0 0 29 2 *", "0 0 31 2 1", "5/20 * * * *", " 0  0 * * * ", "0 0 * * sun"},
		bad: map[string]string{"0 0 0 * * *": `write "0 0 * * *"`, "0 0 3 ? * MON": `write "0 3 * * MON"`, "@daily": `write "0 0 * * *"`, "@every 1h": "write five fields", "0 3 * * 7": `write "0 3 * * 0"`, "0 3 ? * *": `write "0 3 * * *"`,
			"": `write five fields such as "0 3 * * *": minute, hour, day of the month, month, day of the week`, "60 * * * *": `write five fields such as "0 3 * * *": minute, hour, day of the month, month, day of the week`,
			"CRON_TZ=UTC 0 3 * * *": `write the time in UTC, without the zone: "0 3 * * *" at UTC`},
	},
	"rfc3339": {
		good: []string{"2026-11-22T06:00:00Z", "2026-11-22T06:00:00+09:00", "2026-11-22T06:00:00.5Z"},
		bad:  map[string]string{"2026-11-22 06:00:00": `write "2026-11-22T06:00:00Z" if that is UTC`, "2026-11-22": `write "2026-11-22T00:00:00Z" if that is UTC`, "2026-11-22 06:00:00+09": `write "2026-11-22T06:00:00+09:00"`, "soon": "write it like 2026-11-22T06:00:00Z"},
	},
	"ip": {
		good: []string{"192.168.0.206", "fd00::206"},
		bad:  map[string]string{"192.168.0.206/24": "write 192.168.0.206 without the /24", "192.168.0.206:5432": "write 192.168.0.206 and the port in its own field", "db.lan": "write it like 192.168.0.206 or fd00::206", "fe80::1%eth0": "write it like 192.168.0.206 or fd00::206"},
	},
	"cidr": {
		good: []string{"0.0.0.0/0", "10.0.0.0/8", "fd00::/64", "192.168.0.206/32"},
		bad:  map[string]string{"10.0.0.1": "write 10.0.0.1/32 for that one address", "10.0.0.5/8": "write 10.0.0.0/8 for the network, or 10.0.0.5/32 for that host", "any": "write 0.0.0.0/0 for every IPv4 address", "10.0.0.0/33": "write it like 192.168.0.0/24"},
	},
	"url": {
		good: []string{"https://minio.lan:9000", "http://10.0.0.1", "https://k8s.example.com/a/b?c=d", "https://[fd00::1]:6443"},
		bad:  map[string]string{"minio.lan:9000": "write https://minio.lan:9000", "ftp://x": "write it like https://minio.lan:9000", "https://": "write it like https://minio.lan:9000", "https://a b": "write it like https://minio.lan:9000"},
	},
	"dnsName": {
		good: []string{"db.lan", "*.db.lan", "DB.example.com", "localhost"},
		bad:  map[string]string{"": "write it like db.example.com", "https://db.lan": "write db.lan", "db..lan": "write it like db.example.com", "-db.lan": "write it like db.example.com", "a.*.lan": "write it like db.example.com"},
	},
	"destination": {
		good: []string{"s3://lemon-backup/cnpg-backup", "s3://lemon-backup", "gs://b.example.com/x/y", "azblob://account/container", "azblob://account/container/p", "pvc://claim/path", "pvc://c"},
		bad: map[string]string{"lemon/x": "write s3://lemon/x if that is a bucket of an S3-compatible store", "gcs://b/x": "write gs://b/x", "s3://b/x/": "write it like s3://bucket/path", "s3://bucket/x/": "write s3://bucket/x", "s3://bucket//x": "write s3://bucket/x",
			"s3://": "write it like s3://bucket/path", "azblob://account": "write it like azblob://account/container/path", "https://x/y": "write s3://bucket/path here and the URL of the store under endpoint",
			"s3://bucket/a?b": "write it like s3://bucket/path"},
	},
	"dns1035":          {good: []string{"shop", "a", "my-db-2"}, bad: map[string]string{"1shop": "write db-1shop", "My_Shop": "write my-shop", "": "write it like my-database", strings.Repeat("a", 64): "write " + strings.Repeat("a", 63)}},
	"dns1123label":     {good: []string{"shop", "1shop"}, bad: map[string]string{"shop.eu": "write shop-eu", "-": "write it like my-database", "a-": "write a"}},
	"dns1123subdomain": {good: []string{"shop", "shop.eu", "1.2"}, bad: map[string]string{"Shop": "write shop", "a..b": "write a--b", "": "write it like my-secret"}},
	"labelKey":         {good: []string{"team", "example.com/team", "A_b.c-d", "k8s.io/x"}, bad: map[string]string{"": "write it like team or example.com/team", "a/b/c": "write it like team or example.com/team", "/a": "write it like team or example.com/team", "Example.com/a": "write it like team or example.com/team"}},
	"labelValue":       {good: []string{"", "shop", "A_b.c-d"}, bad: map[string]string{"a b": "shorten it, or make it an annotation", "-a": "shorten it, or make it an annotation"}},
	"identifier":       {good: []string{"app", "My App", "한글", strings.Repeat("a", 63)}, bad: map[string]string{"": "write a name such as app", " app": `write "app"`, strings.Repeat("a", 64): "shorten it", strings.Repeat("한", 22): "shorten it", "a\nb": "write a name such as app"}},
	"extension":        {good: []string{"pg_trgm", "uuid-ossp", "vector"}, bad: map[string]string{"pgvector": "write vector", "uuid_ossp": "write uuid-ossp", "postgis:3.4": `write {name: postgis, version: "3.4"}`, "a b": "write a name such as pg_trgm"}},
	"parameter":        {good: []string{"max_connections", "auto_explain.log_min_duration", "DateStyle"}, bad: map[string]string{"max-connections": "write max_connections", "a.b.c": "write it like max_connections", "": "write it like max_connections", "1a": "write it like max_connections"}},
	"resource":         {good: []string{"cpu", "memory", "hugepages-2Mi", "example.com/gpu", "ephemeral-storage"}, bad: map[string]string{"ram": "write memory", "memry": "write memory", "gpu": "write cpu", "hugepages-x": "write cpu, memory, ephemeral-storage, hugepages-2Mi or a name such as example.com/gpu"}},
	"query": {
		good: []string{"select 1", "SELECT count(*) > 0 FROM orders;", "; select 1;", "select 'a''b;', \"c\"\"d\", e'\\'' from t", "-- why\nselect /* a /* b */ c */ 1", "select $x$ ; $x$, $$'$$",
			"values (true)", "show server_version", "select '한글'"},
		bad: map[string]string{"": "write it like select count(*) from orders", " ; ; ": "write it like select count(*) from orders", "-- select 1": "write it like select count(*) from orders",
			`\dt`: "write the SQL that the command stands for", "begin; select 1": "take the statement out", "select 1; COMMIT": "take the statement out", "select 1; select 2": "make one of them, or more checks", "select 'a": "close it", `select "a`: "close it", "select e'a\\'": "close it",
			"/* a /* b */ select 1": "close it", "select $a$ b": "close it", "select /*/ 1": "close it"},
	},
	"image": {
		good: []string{"postgres:17.5", "ghcr.io/cloudnative-pg/postgresql:17.10-standard-bookworm", "registry.lan:5000/pg:1", "pg@sha256:" + strings.Repeat("0a", 32), "pg:17@sha256:" + strings.Repeat("0a", 32)},
		bad: map[string]string{"postgres": "add a tag or a digest: postgres:VERSION", "postgres:latest": "add a tag or a digest: postgres:VERSION", "ghcr.io/X/pg:1": "write ghcr.io/x/pg:1", "pg@sha256:ab": "write @sha256: and 64 hexadecimal digits",
			"registry.lan:5000/pg": "add a tag or a digest: registry.lan:5000/pg:VERSION", "a b:1": "write it like ghcr.io/cloudnative-pg/postgresql:17.10", "pg:": "write it like ghcr.io/cloudnative-pg/postgresql:17.10", ":1": "write it like ghcr.io/cloudnative-pg/postgresql:17.10"},
	},
	"hba": {
		good: []string{"local all all peer", "host all all 10.0.0.0/8 md5", "hostssl app,stock app samenet scram-sha-256", "host all all 10.0.0.0 255.0.0.0 md5", `hostssl "my db" all .example.com cert clientcert=verify-full`, "host all all ::1/128 trust # local", "host replication x all reject"},
		bad: map[string]string{"": "write it like hostssl all all 10.0.0.0/8 scram-sha-256", "host": "write host DATABASE USER ADDRESS METHOD", "host all": "write host DATABASE USER ADDRESS METHOD", "host all all": "write host DATABASE USER ADDRESS METHOD", "hostsl all all all md5": "write hostssl all all all md5", "host all all 10.0.0.5 md5": "write 10.0.0.5/32", "host all all md5": "write host DATABASE USER ADDRESS METHOD",
			"host all all all scram": "write one of trust, reject, scram-sha-256, md5, password, gss, sspi, ident, peer, ldap, radius, cert, pam, bsd, oauth", "host all all 10.0.0.0/40 md5": "write a network such as 10.0.0.0/8, all, samenet, samehost or a host name",
			"local all all md5 x": "write options as name=value", "host a a all md5\nhost b b all md5": "write each line as an entry of its own"},
	},
}

func TestFormats(t *testing.T) {
	for format, c := range formats {
		for _, s := range c.good {
			require.Nil(t, checkFormat(format, s), "%s %q", format, s)
			schemaTakes(t, format, s)
		}
		for s, fix := range c.bad {
			v := checkFormat(format, s)
			require.NotNil(t, v, "%s %q", format, s)
			require.Equal(t, fix, v.fix, "%s %q", format, s)
			_, known := Explain(v.code)
			require.True(t, known)
		}
	}
}

// TestFormatsAreUsed holds that every format of a tag exists, is tested here and has words in the reference.
func TestFormatsAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, root := range []*shape{shapes().cluster, shapes().project} {
		walkShape(root, "", map[*shape]bool{}, func(_ string, f *field) {
			for _, format := range []string{f.rules.format, f.rules.item.format, f.rules.key.format, f.rules.value.format} {
				if format != "" {
					used[format] = true
				}
			}
		})
	}
	for format := range used {
		require.Contains(t, formats, format)
		require.Contains(t, formatWords, format)
		require.NotEmpty(t, formatSchema(format), format)
	}
	for format := range formats {
		require.True(t, used[format], "no field has the format %s", format)
	}
}

// FuzzFormats holds for any text and format: no panic, a fix with every refusal, a fix of the form "write X" that is itself
// right where the format takes one word, and a schema that takes whatever is right.
func FuzzFormats(f *testing.F) {
	for _, c := range formats {
		for _, s := range c.good {
			f.Add(s)
		}
		for s := range c.bad {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for format := range formats {
			v := checkFormat(format, s)
			if v == nil {
				schemaTakes(t, format, s)
				continue
			}
			require.NotEmpty(t, v.fix, "%s %q", format, s)
			require.NotEmpty(t, v.message, "%s %q", format, s)
		}
	})
}

func schemaTakes(t *testing.T, format, s string) {
	schema := formatSchema(format)
	if p, ok := schema["pattern"].(string); ok {
		require.Regexp(t, regexp.MustCompile(p), s, "%s: the schema refuses what the format takes", format)
	}
	if n, ok := schema["maxLength"].(int64); ok {
		require.LessOrEqual(t, len([]rune(s)), int(n), "%s %q", format, s)
	}
}

// FuzzQuantity holds our quantities equal to those of Kubernetes.
func FuzzQuantity(f *testing.F) {
	for _, format := range []string{"quantity", "size"} {
		for _, s := range formats[format].good {
			f.Add(s, "1Gi")
		}
		for s := range formats[format].bad {
			f.Add(s, "1.5")
		}
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 12 || len(b) > 12 {
			return // theirs round what ours do not, and take minutes for a long exponent
		}
		x, okX := ParseQuantity(a)
		theirs, err := resource.ParseQuantity(a)
		if i := strings.IndexAny(a, "eE"); i >= 0 && (err != nil || len(a)-i > 3) || strings.IndexAny(a, "0123456789") != len(a)-len(strings.TrimLeft(a, "+-.")) {
			return // their exponents have a narrower range; and they take a unit without a number for zero
		}
		require.Equal(t, err == nil, okX, "%q: %v", a, err)
		y, okY := ParseQuantity(b)
		other, err := resource.ParseQuantity(b)
		if err != nil || !okX || !okY || strings.ContainsAny(a+b, "eEnu") {
			return
		}
		require.Equal(t, theirs.Cmp(other), x.Cmp(y), "%q %q", a, b)
	})
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{"0s": 0, "90d": 90 * 24 * time.Hour, "5m30s": 330 * time.Second, "1w": 168 * time.Hour, "36h": 36 * time.Hour, "1s500ms": 1500 * time.Millisecond} {
		got, ok := ParseDuration(s)
		require.True(t, ok, s)
		require.Equal(t, want, got, s)
	}
}

func TestParseCron(t *testing.T) {
	c, err := ParseCron("0,30 3-5 1 JAN SUN")
	require.NoError(t, err)
	require.Equal(t, Cron{Minute: 1 | 1<<30, Hour: 1<<3 | 1<<4 | 1<<5, Day: 1 << 1, Month: 1 << 1, Weekday: 1}, c)
	c, err = ParseCron("*/20 * * * *")
	require.NoError(t, err)
	require.Equal(t, uint64(1|1<<20|1<<40), c.Minute)
	require.True(t, c.AnyDay)
	require.True(t, c.AnyWeekday)
}
