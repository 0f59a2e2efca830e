package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

// squeeze makes a rule's time run faster, so that a trouble of an hour is one of seconds, and changes nothing else: how long the expression must hold,
// the ranges and offsets that it looks back over, how far it looks ahead, and the ages that it compares are divided. Nothing comes out shorter than
// some scrapes, ranges not shorter than a counter needs to be seen moving. Ratios, counts, sizes and shares stay what they are.
func squeeze(rule manifest.Map, least time.Duration) manifest.Map {
	out := manifest.Map{}
	for k, v := range rule {
		out[k] = v
	}
	if hold, ok := rule["for"].(string); ok {
		out["for"] = seconds(faster(duration(hold), least))
	}
	out["expr"] = squeezed(rule["expr"].(string), least)
	return out
}

const (
	timesFaster = 240
	leastRange  = 30 * time.Second
	// leastAge is for most; a lone member looks at its record every twelve seconds, so aloneAge is for that.
	leastAge = 10 * time.Second
	aloneAge = 15 * time.Second
)

var (
	rangeOf  = regexp.MustCompile(`\[(\d+[smhd])\]`)
	offsetOf = regexp.MustCompile(`offset (\d+[smhd])`)
	aheadOf  = regexp.MustCompile(`(predict_linear\(.*?\[\w+\], )(\d+)\)`)
	greater  = regexp.MustCompile(` > (\d+)\b`)
	plainAge = regexp.MustCompile(`^[a-z_]+(_seconds|_lag)(\{[^{}]*\})?$`)
)

// squeezed does it to an expression.
func squeezed(expr string, least time.Duration) string {
	expr = rangeOf.ReplaceAllStringFunc(expr, func(s string) string {
		return "[" + seconds(faster(duration(strings.Trim(s, "[]")), leastRange)) + "]"
	})
	expr = offsetOf.ReplaceAllStringFunc(expr, func(s string) string {
		return "offset " + seconds(faster(duration(strings.TrimPrefix(s, "offset ")), least))
	})
	expr = aheadOf.ReplaceAllStringFunc(expr, func(s string) string {
		part := aheadOf.FindStringSubmatch(s)
		return fmt.Sprintf("%s%d)", part[1], int(faster(duration(part[2]+"s"), leastRange).Seconds()))
	})
	var b strings.Builder
	from := 0
	for _, at := range greater.FindAllStringSubmatchIndex(expr, -1) {
		if left := operand(expr[:at[0]]); strings.HasPrefix(left, "time() - ") || plainAge.MatchString(left) {
			b.WriteString(expr[from:at[2]])
			fmt.Fprint(&b, int(faster(duration(expr[at[2]:at[3]]+"s"), least).Seconds()))
			from = at[3]
		}
	}
	return b.String() + expr[from:]
}

// operand is what stands left of an operator: up to a bracket that is open there, or a word that joins vectors.
func operand(text string) string {
	depth := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ')', '}', ']':
			depth++
		case '(', '{', '[':
			if depth--; depth < 0 {
				return strings.TrimSpace(text[i+1:])
			}
		case ' ':
			for _, word := range []string{"and", "or", "unless"} {
				if depth == 0 && strings.HasSuffix(text[:i], " "+word) {
					return strings.TrimSpace(text[i+1:])
				}
			}
		}
	}
	return strings.TrimSpace(text)
}

func faster(d, least time.Duration) time.Duration { return max(d/timesFaster, min(d, least)) }

// duration reads one that Prometheus writes with a single unit.
func duration(s string) time.Duration {
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil {
		panic("not a duration: " + s)
	}
	return time.Duration(n) * map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[s[len(s)-1]]
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) + "s" }

func TestTimeIsSqueezedAndNothingElse(t *testing.T) {
	for _, row := range []struct{ real, fast string }{
		{`absent(pg_up{pod=~"shop-[0-9]+"} == 1)`, `absent(pg_up{pod=~"shop-[0-9]+"} == 1)`},
		{`changes(x_start_time{pod=~"a"}[1h]) >= 3`, `changes(x_start_time{pod=~"a"}[30s]) >= 3`},
		{`onggi_commit_stall_seconds{a="b"} > 30`, `onggi_commit_stall_seconds{a="b"} > 10`},
		{`onggi_pg_replication_lag{a="b"} > 300`, `onggi_pg_replication_lag{a="b"} > 10`},
		{`x_seconds{a="b"} > 1800 or x_seconds{a="c"} > 14400`, `x_seconds{a="b"} > 10 or x_seconds{a="c"} > 60`},
		{`time() - max(x_timestamp_seconds{a="b"} > 0) > 14400`, `time() - max(x_timestamp_seconds{a="b"} > 0) > 60`},
		{`time() - x{a="b"} > 7200 and on (pod) y{a="b"} > 0`, `time() - x{a="b"} > 30 and on (pod) y{a="b"} > 0`},
		{`time() - patroni_dcs_last_seen{a="b"} > 120 and patroni_dcs_last_seen{a="b"} > 0`, `time() - patroni_dcs_last_seen{a="b"} > 10 and patroni_dcs_last_seen{a="b"} > 0`},
		{`max(x{a="b"}) == 0 and on () max(x{a="b"} offset 14400s) == 0`, `max(x{a="b"}) == 0 and on () max(x{a="b"} offset 60s) == 0`},
		{`min by (a) (predict_linear(x{a=~"b-[0-9]+"}[6h], 86400)) < 0 and on (a) max(100 * (1 - x / y)) > 50`, `min by (a) (predict_linear(x{a=~"b-[0-9]+"}[90s], 360)) < 0 and on (a) max(100 * (1 - x / y)) > 50`},
		{`abs(deriv(onggi_clock_divergence_seconds{a="b"}[10m])) > 0.005`, `abs(deriv(onggi_clock_divergence_seconds{a="b"}[30s])) > 0.005`},
		{`max by (pod) (pgbouncer_pools_client_maxwait_seconds{a="b"}) > 5`, `max by (pod) (pgbouncer_pools_client_maxwait_seconds{a="b"}) > 5`},
		{`sum by (d) (increase(x_deadlocks{a="b"}[30m])) > 10`, `sum by (d) (increase(x_deadlocks{a="b"}[30s])) > 10`},
		{`max(x_age{a="b"} > 1600000000 or y_age{a="b"} > 1600000000)`, `max(x_age{a="b"} > 1600000000 or y_age{a="b"} > 1600000000)`},
		{`x_ready{a="b"} > 64 and on (pod) y{a="b"}`, `x_ready{a="b"} > 64 and on (pod) y{a="b"}`},
	} {
		require.Equal(t, row.fast, squeezed(row.real, leastAge))
	}
	rule := manifest.Map{"alert": "A", "expr": "x > 1", "for": "1h"}
	require.Equal(t, manifest.Map{"alert": "A", "expr": "x > 1", "for": "15s"}, squeeze(rule, leastAge))
	require.Equal(t, "1h", rule["for"], "the rule itself is left alone")
}
