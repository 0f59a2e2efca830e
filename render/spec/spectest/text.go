package spectest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator carries what has been chosen already, where a later choice depends on it.
type generator struct {
	*rand.Rand
	cluster, namespace string
	major, operator    int // PostgreSQL's major version and the operator's minor one
	instances          int
	roles              []string
	tablespaces        []string
	databases          int
	inTree             bool // backups and archives are written into the Cluster
	pooler             bool
	wal                bool
	drilled            bool // backups are drilled
}

func (g *generator) chance(p float64) bool { return g.Float64() < p }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// maybe sets a field in some of the cases. The value is made in all of them, so that one field does not shift the others.
func (g *generator) maybe(o object, p float64, key string, value any) {
	if g.chance(p) {
		o[key] = value
	}
}

// odd are texts that some format, somewhere on the way, reads as something else.
var odd = []string{
	"plain", "two words", " leading", "trailing ", "it's", `say "hi"`, `back\slash`, `\n`, "{{ .Values.x }}", "{{", "}}", "{{- end -}}", "`tick`",
	"$(X)", "${HOME}", "%s", "100%", "a: b", "a:b", "- item", "# no comment", "a #b", "[x", "{x", "&a", "*a", "!tag", "|", ">", "@at", "? x", ",", "%TAG", "---", "...",
	"no", "on", "yes", "off", "true", "null", "~", "y", "N", "0", "007", "0o17", "0x1F", "1e3", "1_000", "12:30:45", "2026-11-22", ".5", "+1", "-0", ".inf", "NaN", "9007199254740993",
	"database", "數據庫", "데이터베이스", "naïve", "Iı", "🫙", "a\u2028b", "a\u00a0b", "\ufeffbom", "line one\nline two", "ends\n", "\n\nstarts", "tab\there", "  indented\nnot", "a\n\nb\n\n", "cr\r\nlf",
	"'", `"`, "", "=", "<<", "a'b\"c", "{{ \"x\" }} {{ printf `y` }}", strings.Repeat("long ", 40), "x: {{ y }}\n- z",
}

// text is anything.
func (g *generator) text() string {
	if g.chance(0.3) {
		return pick(g, odd...) + pick(g, odd...)
	}
	return pick(g, odd...)
}

// setting is a text for a file that has one setting on each line.
func (g *generator) setting() string { return strings.ReplaceAll(g.text(), "\n", " ") }

// line is a text on one line that is not empty, and not longer than most fields take.
func (g *generator) line() string {
	for {
		s := g.text()
		if s != "" && len(s) <= 50 && s == strings.TrimSpace(s) && !strings.ContainsAny(s, "\n\r\t\u2028\ufeff") {
			return s
		}
	}
}

// identifier is a name in the database: what stands between double quotes there.
func (g *generator) identifier() string {
	if g.chance(0.1) {
		return pick(g, "a-b", "aB", "a_b", "x.y", "x-y", "name", "0") // some are alike once they are names of values
	}
	if g.chance(0.7) {
		return fmt.Sprintf("%s_%d", pick(g, "app", "shop", "orders", "audit", "report"), g.IntN(100))
	}
	return g.line()
}

// dns is a name of an object.
func (g *generator) dns() string {
	return fmt.Sprintf("%s-%d", pick(g, "alpha", "beta", "gamma", "delta", "no", "on", "null", "true"), g.IntN(1000))
}

func (g *generator) labelValue() string {
	return pick(g, "data", "true", "no", "1", "1.10", "1e3", "0x10", "A.b_c-D", "2026-11-22", "", "null", "y")
}

// key is the key of a label. Those that YAML reads as a number or null are left out: Kustomize writes them without quotes,
// and cannot read them back.
func (g *generator) key() string {
	return pick(g, "team", "example.com/owner", "a.b.example.com/no", "on", "Yes", "x_y", "x-y", "xY", "n", "1_0-a", "v1.5", "example.com/cost-center")
}

func (g *generator) labels() object { return g.pairs(3, g.key, g.labelValue) }

func (g *generator) annotations() object { return g.pairs(3, g.key, g.text) }

func (g *generator) pairs(most int, key, value func() string) object {
	out := object{}
	for range 1 + g.IntN(most) {
		out[key()] = value()
	}
	return out
}

// some makes between one and most items, each under a name of its own.
func (g *generator) some(most int, item func(name string) any) list {
	out := list{}
	for i := range 1 + g.IntN(most) {
		out = append(out, item(fmt.Sprintf("%s%d", pick(g, "a", "lb", "no", "x-y"), i)))
	}
	return out
}

func (g *generator) secretKey() object {
	return object{"secret": g.dns(), "key": pick(g, "ca.crt", "key", "no")}
}

func (g *generator) size() string {
	return pick(g, "10Gi", "2Gi", "1.5Ti", "100G", "5368709120", "3e9", "12288Mi")
}

func (g *generator) duration() string { return pick(g, "30s", "5m", "1h", "1h30m", "2d") }

func (g *generator) host() string { return pick(g, "db.example.com", "10.0.0.7", "old-rw.shop.svc") }

func (g *generator) cidr() string {
	return pick(g, "10.0.0.0/8", "192.168.0.0/24", "fd00::/8", "203.0.113.7/32", "0.0.0.0/0")
}

func (g *generator) hba() string {
	return pick(g, "hostssl all all 10.0.0.0/8 scram-sha-256", `host "a b" all all md5`, "local all all peer map=ops", "host all +group samenet cert clientcert=verify-full",
		"hostnossl all all ::/0 reject", `host all "{{ user }}" .example.com scram-sha-256 # why`)
}
