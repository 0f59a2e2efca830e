package postgres_test

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

func TestLSN(t *testing.T) {
	for _, row := range []struct {
		text string
		lsn  postgres.LSN
		back string
	}{
		{"0/0", 0, "0/0"},
		{"16/B374D848", 0x16_B374D848, "16/B374D848"},
		{"0/000000FF", 0xFF, "0/FF"}, // 19 writes all eight digits
		{"ffffffff/ffffffff", math.MaxUint64, "FFFFFFFF/FFFFFFFF"},
	} {
		lsn, err := postgres.ParseLSN(row.text)
		require.NoError(t, err, row.text)
		require.Equal(t, row.lsn, lsn)
		require.Equal(t, row.back, lsn.String())
	}
	for _, text := range []string{"", "/", "0", "0/", "/0", "0/0/0", "+1/0", "1_0/0", " 0/0", "0/100000000", "g/0", "0x1/0"} {
		_, err := postgres.ParseLSN(text)
		require.Error(t, err, text)
	}
}

func FuzzLSN(f *testing.F) {
	f.Add("16/B374D848")
	f.Fuzz(func(t *testing.T, text string) {
		lsn, err := postgres.ParseLSN(text)
		if err != nil {
			return
		}
		again, err := postgres.ParseLSN(lsn.String())
		require.NoError(t, err)
		require.Equal(t, lsn, again)
	})
}

// controldata15 is what pg_controldata 15.18 printed.
//
//go:embed testdata/controldata-15.txt
var controldata15 string

// controldata is the output of a version: that of 15 with the lines that the version's source prints otherwise.
func controldata(major int) string {
	text := controldata15
	switch major {
	case 13, 14:
		catalog := map[int]string{13: "202007201", 14: "202107181"}[major]
		text = strings.Replace(text, "202209061", catalog, 1)
	case 16:
		text = strings.Replace(text, "202209061", "202307071", 1)
	case 17:
		text = strings.Replace(text, "202209061", "202406281", 1)
		text = strings.Replace(text, "            1300", "            1700", 1)
	case 18:
		text = strings.Replace(text, "202209061", "202506291", 1)
		text = strings.Replace(text, "            1300", "            1800", 1)
		text = strings.Replace(text, "Mock auth", "Default char data signedness:         signed\nMock auth", 1)
	}
	return text
}

func TestControlOfEveryVersion(t *testing.T) {
	for major := 13; major <= 18; major++ {
		c, err := postgres.ParseControl(controldata(major))
		require.NoError(t, err, major)
		want := postgres.Control{
			Version: c.Version, Catalog: c.Catalog, System: "7710925061912949992", State: postgres.ShutDown, Checkpoint: 0x17414F8, Redo: 0x17414F8,
			Timeline: 1, PrevTimeline: 1, WALLevel: "replica", Checksums: true, MaxConnections: 100, MaxWorkers: 8, MaxWALSenders: 10, MaxLocksPerXact: 64,
			SegmentSize: 16 << 20, Block: 8192,
		}
		require.Equal(t, want, c, major)
		require.Equal(t, map[string]int{"max_connections": 100, "max_worker_processes": 8, "max_wal_senders": 10, "max_prepared_transactions": 0,
			"max_locks_per_transaction": 64}, c.HotStandbyFloor())
	}
	for what, text := range map[string]string{
		"a line that is not there": strings.Replace(controldata15, "Latest checkpoint's TimeLineID", "Latest checkpoint's Timeline", 1),
		"another language":         "pg_control-Versionsnummer:            1300\n",
		"a state nobody knows":     strings.Replace(controldata15, "shut down", "asleep", 1),
		"a system of letters":      strings.Replace(controldata15, "7710925061912949992", "me", 1),
		"nothing":                  "",
	} {
		_, err := postgres.ParseControl(text)
		require.Error(t, err, what)
	}
}

func TestWhereACleanServerEnds(t *testing.T) {
	for _, row := range []struct {
		what            string
		checkpoint, end postgres.LSN
	}{
		{"within a page", 0x17414F8, 0x1741570},
		{"up to the end of a page", 0x1742000 - 120, 0x1742000},
		{"over a page, whose header comes between", 0x1742000 - 24, 0x1742000 + 24 + 96},
		{"over a segment, whose header is longer", 0x2000000 - 24, 0x2000000 + 40 + 96},
		{"at the beginning of a segment, behind its header", 0x2000028, 0x20000A0},
	} {
		c := postgres.Control{State: postgres.ShutDown, Checkpoint: row.checkpoint, SegmentSize: 16 << 20, Block: 8192}
		end, clean := c.CleanEnd()
		require.True(t, clean)
		require.Equal(t, row.end, end, row.what)
	}
	for _, state := range []postgres.ControlState{postgres.InProduction, postgres.ShutDownInRecovery, postgres.InCrashRecovery, postgres.ShuttingDown} {
		_, clean := postgres.Control{State: state, Checkpoint: 0x17414F8, SegmentSize: 16 << 20, Block: 8192}.CleanEnd()
		require.False(t, clean, state)
	}
}

func FuzzControl(f *testing.F) {
	for major := 13; major <= 18; major++ {
		f.Add(controldata(major))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := postgres.ParseControl(text)
		if err != nil {
			return
		}
		if end, clean := c.CleanEnd(); clean && end > c.Checkpoint {
			require.LessOrEqual(t, end-c.Checkpoint, postgres.LSN(120+40+24))
		}
	})
}

const history4 = "1\t0/3000278\tno recovery target specified\n\n2\t0/5000000\tat restore point \"a b\"\n3\t1/A0\tno recovery target specified\n"

func TestHistory(t *testing.T) {
	h, err := postgres.ParseHistory(4, "# a comment\n"+history4)
	require.NoError(t, err)
	require.Equal(t, postgres.Switch{Timeline: 2, At: 0x5000000, Reason: `at restore point "a b"`}, h.Switches[1])
	for _, row := range []struct {
		timeline uint32
		end      postgres.LSN
		contains bool
	}{
		{4, 0x9_00000000, true}, {3, 0x1_000000A0, true}, {3, 0x1_000000A8, false}, {1, 0x3000278, true}, {1, 0x3000280, false}, {1, 0, true}, {5, 0, false},
	} {
		require.Equal(t, row.contains, h.Contains(row.timeline, row.end), "%d %s", row.timeline, row.end)
	}
	for _, text := range []string{"1\n", "x\t0/1\n", "1\t01\n", "2\t0/2\n1\t0/3\n", "1\t0/3\n2\t0/2\n", "4\t0/1\n"} {
		_, err := postgres.ParseHistory(4, text)
		require.Error(t, err, text)
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(uint32(4), history4)
	f.Fuzz(func(t *testing.T, timeline uint32, text string) {
		h, err := postgres.ParseHistory(timeline, text)
		if err != nil {
			return
		}
		for _, s := range h.Switches {
			require.True(t, h.Contains(s.Timeline, s.At))
			require.Less(t, s.Timeline, timeline)
		}
	})
}

func TestConninfo(t *testing.T) {
	for _, row := range []struct {
		text string
		want postgres.Conninfo
	}{
		{"", nil},
		{"host=a port = 5 ", postgres.Conninfo{{"host", "a"}, {"port", "5"}}},
		{`user='it\'s \\ me' x=a\ b`, postgres.Conninfo{{"user", `it's \ me`}, {"x", "a b"}}},
	} {
		c, err := postgres.ParseConninfo(row.text)
		require.NoError(t, err, row.text)
		require.Equal(t, row.want, c)
	}
	for _, text := range []string{"host", "=a", "host='a", "a b=c"} {
		_, err := postgres.ParseConninfo(text)
		require.Error(t, err, text)
	}
}

func FuzzConninfo(f *testing.F) {
	f.Add(`host='a\'b' port=5`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := postgres.ParseConninfo(text)
		if err != nil {
			return
		}
		again, err := postgres.ParseConninfo(c.String())
		require.NoError(t, err)
		var full postgres.Conninfo
		for _, pair := range c {
			if pair[1] != "" {
				full = append(full, pair)
			}
		}
		require.Equal(t, full, again)
	})
}

//go:embed testdata/status-primary.json
var statusPrimary []byte

//go:embed testdata/status-standby.json
var statusStandby []byte

func TestStatusOfAnAnswer(t *testing.T) {
	p, err := postgres.ParseStatus(bytes.Replace(statusPrimary, []byte(`"replyAge" : null`), []byte(`"replyAge" : 0.25`), 1))
	require.NoError(t, err)
	require.False(t, p.InRecovery)
	require.EqualValues(t, 1, p.Timeline)
	require.NotEmpty(t, p.Standbys)
	age, known := p.Standbys[0].Age()
	require.True(t, known)
	require.Equal(t, 250*time.Millisecond, age)
	s, err := postgres.ParseStatus(statusStandby)
	require.NoError(t, err)
	require.True(t, s.InRecovery)
	require.Equal(t, "streaming", s.Receiver.State)
	require.EqualValues(t, 1, s.Timeline)
	t.Run("a standby tells the highest timeline that it knows of", func(t *testing.T) {
		later, err := postgres.ParseStatus(bytes.Replace(statusStandby, []byte(`"timeline" : 1`), []byte(`"timeline" : 3`), 1))
		require.NoError(t, err)
		require.EqualValues(t, 3, later.Timeline)
	})
	for _, text := range []string{"", "{}", `{"version":150018,"system":"1","walFile":""}`, `{"version":150018,"system":"1","recovery":true,"replay":"x"}`} {
		_, err := postgres.ParseStatus([]byte(text))
		require.Error(t, err, text)
	}
}

func FuzzStatus(f *testing.F) {
	f.Add(statusPrimary)
	f.Add(statusStandby)
	f.Fuzz(func(t *testing.T, text []byte) {
		status, err := postgres.ParseStatus(text)
		if err == nil {
			_ = postgres.Sync{}.Confirmed(status, status.End())
		}
	})
}

func TestSlotNamesAreOneForEachMember(t *testing.T) {
	require.Equal(t, "onggi_shop_0", postgres.SlotName("shop-0"))
	seen := map[string]string{}
	long := strings.Repeat("a", 62)
	for _, member := range []string{"shop-0", "shop_0", "shop.0", "shop--0", "shop-.0", "Shop-0", "", "é", long + "1", long + "2", strings.Repeat("b", 300)} {
		name := postgres.SlotName(member)
		require.Regexp(t, "^[a-z0-9_]{1,63}$", name)
		require.Empty(t, seen[name], "%q and %q have the same slot", member, seen[name])
		seen[name] = member + "!"
	}
}

func TestWhomCommitsWaitFor(t *testing.T) {
	for _, row := range []struct {
		sync postgres.Sync
		want string
	}{
		{postgres.Sync{}, ""},
		{postgres.Sync{W: 0, Standbys: []string{"a"}}, ""},
		{postgres.Sync{W: 1, Standbys: []string{"shop-1", "shop-0"}}, `ANY 1 ("shop-0","shop-1")`},
		{postgres.Sync{W: 2, Standbys: []string{"shop-10", "shop-1", "shop-2"}, First: true}, `FIRST 2 ("shop-1","shop-2","shop-10")`},
	} {
		names, err := row.sync.Names()
		require.NoError(t, err)
		require.Equal(t, row.want, names)
	}
	for _, bad := range []postgres.Sync{{W: 1}, {W: 2, Standbys: []string{"a"}}, {W: -1}, {W: 1, Standbys: []string{"*"}}, {W: 1, Standbys: []string{`a"b`}},
		{W: 1, Standbys: []string{"Shop"}}, {W: 1, Standbys: []string{"a", "a"}}, {W: 1, Standbys: []string{strings.Repeat("a", 64)}}} {
		_, err := bad.Names()
		require.Error(t, err, fmt.Sprint(bad))
	}
	t.Run("confirmed", func(t *testing.T) {
		one := postgres.Sync{W: 1, Standbys: []string{"a", "b"}}
		row := func(name string, priority int, flush postgres.LSN) postgres.Standby {
			return postgres.Standby{Name: name, State: "streaming", SyncPriority: priority, Flush: flush}
		}
		for _, c := range []struct {
			what string
			rows []postgres.Standby
			want bool
		}{
			{"one has it", []postgres.Standby{row("a", 1, 9), row("b", 1, 3)}, true},
			{"none has it yet", []postgres.Standby{row("a", 1, 8), row("b", 1, 3)}, false},
			{"a walsender has not read the rule", []postgres.Standby{row("a", 1, 9), row("b", 0, 9)}, false},
			{"a walsender still lets one count that is out", []postgres.Standby{row("a", 1, 9), row("c", 1, 9)}, false},
			{"one that is no member", []postgres.Standby{row("a", 1, 9), row("c", 0, 9)}, true},
			{"nobody", nil, false},
		} {
			status := postgres.Status{SyncNames: `ANY 1 ("a","b")`, Standbys: c.rows}
			require.Equal(t, c.want, one.Confirmed(status, 9), c.what)
			status.InRecovery = true
			require.False(t, one.Confirmed(status, 9))
		}
		require.False(t, one.Confirmed(postgres.Status{SyncNames: `ANY 1 ("a")`, Standbys: []postgres.Standby{row("a", 1, 9)}}, 9), "another rule is in force")
	})
}
