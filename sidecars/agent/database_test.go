package agent

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

func TestTheQuorumInForceIsRead(t *testing.T) {
	for _, row := range []struct {
		text string
		want ha.SyncSetting
	}{
		{"", ha.SyncSetting{}},
		{" ", ha.SyncSetting{}},
		{`ANY 1 ("shop-1")`, ha.SyncSetting{W: 1, Names: []string{"shop-1"}}},
		{`ANY 2 ("shop-2","shop-1", "shop-0")`, ha.SyncSetting{W: 2, Names: []string{"shop-0", "shop-1", "shop-2"}}},
		{`*`, ha.SyncSetting{W: -1}},
		{`FIRST 1 (a)`, ha.SyncSetting{W: -1}},
		{`ANY x (a)`, ha.SyncSetting{W: -1}},
		{`ANY 0 (a)`, ha.SyncSetting{W: -1}},
		{`ANY 1 (a`, ha.SyncSetting{W: -1}},
	} {
		require.Equal(t, row.want, parseSync(row.text, "ANY "), row.text)
	}
	require.Equal(t, ha.SyncSetting{W: 1, Names: []string{"shop-10", "shop-2"}}, parseSync(`FIRST 1 ("shop-2","shop-10")`, "FIRST "))
	require.Equal(t, ha.SyncSetting{W: -1}, parseSync(`ANY 1 (a)`, "FIRST "), "of the other kind it is replaced")
}

// What the server package writes is read as it was meant.
func FuzzParseSync(f *testing.F) {
	f.Add("shop-0", "shop-1", 1, false)
	f.Add("shop-2", "shop-10", 2, true)
	f.Fuzz(func(t *testing.T, a, b string, w int, first bool) {
		method := map[bool]string{false: "ANY ", true: "FIRST "}[first]
		parseSync(a, method)
		text, err := postgres.Sync{W: w, Standbys: []string{a, b}, First: first}.Names()
		if err != nil || w == 0 {
			return
		}
		got := parseSync(text, method)
		require.Equal(t, w, got.W)
		require.ElementsMatch(t, []string{a, b}, got.Names)
	})
}

func TestTheUpstreamIsReadFromItsFile(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"primary_conninfo = ''": "",
		"primary_conninfo = 'host=''10.0.0.1'' port=''5432'''\nprimary_slot_name = 'x'\n": "10.0.0.1",
		"primary_conninfo = 'host=10.0.0.2'":                                              "10.0.0.2",
		"primary_conninfo = 'host=''10'":                                                  "",
		"other = 'host=10.0.0.3'":                                                         "",
	} {
		require.Equal(t, want, hostOf(text), text)
	}
}

func TestWhatADataDirectoryIsGoodFor(t *testing.T) {
	control := func(state postgres.ControlState) postgres.Control {
		return postgres.Control{System: "42", State: state, Checkpoint: 0x1000028, Timeline: 3, SegmentSize: 16 << 20, Block: 8192}
	}
	for _, row := range []struct {
		name           string
		state          postgres.ControlState
		signal, label  bool
		standby, clean bool
	}{
		{"a primary that was stopped", postgres.ShutDown, false, false, false, true},
		{"a primary that was killed", postgres.InProduction, false, false, false, false},
		{"a primary that was killed, and somebody put the signal there", postgres.InProduction, true, false, false, false},
		{"a copy that was never started", postgres.InProduction, true, true, true, false},
		{"a standby that was stopped", postgres.ShutDownInRecovery, true, false, true, false},
		{"a standby that was killed", postgres.InArchiveRecovery, true, false, true, false},
		{"a standby that lost its signal", postgres.ShutDownInRecovery, false, false, false, false},
		{"rewound where it was not needed", postgres.ShutDown, true, false, true, true},
		{"killed in crash recovery", postgres.InCrashRecovery, true, false, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			d, err := dataOf(control(row.state), row.signal, row.label)
			require.NoError(t, err)
			require.True(t, d.Exists)
			require.Equal(t, uint64(42), d.SystemID)
			require.Equal(t, row.standby, d.Standby)
			require.Equal(t, row.clean, d.Clean)
			require.Equal(t, uint32(3), d.End.Timeline)
			if row.clean {
				require.Greater(t, d.End.LSN, ha.LSN(0x1000028), "the end is behind the shutdown checkpoint")
			}
		})
	}
	standby := control(postgres.ShutDownInRecovery)
	standby.MinRecovery, standby.MinRecoveryTL = 0x2000000, 4
	d, err := dataOf(standby, true, false)
	require.NoError(t, err)
	require.Equal(t, ha.Position{Timeline: 4, LSN: 0x2000000}, d.End)
	_, err = dataOf(postgres.Control{System: "x"}, false, false)
	require.Error(t, err)
}

func TestWhatTheSupervisorSays(t *testing.T) {
	for _, row := range []struct {
		phase supervise.Phase
		mode  supervise.Mode
		want  ha.Phase
	}{
		{supervise.Down, "", ha.Down},
		{supervise.Killed, "", ha.Down},
		{supervise.Stopping, supervise.Primary, ha.Stopping},
		{supervise.Starting, supervise.Primary, ha.Primary},
		{supervise.Starting, supervise.Standby, ha.Standby},
		{supervise.Following, supervise.Standby, ha.Standby},
		{supervise.Following, supervise.Primary, ha.Standby}, // announced, and not promoted yet
		{supervise.Writing, supervise.Standby, ha.Primary},   // promoted by hand
		{"of another version", "", ha.PhaseUnknown},
	} {
		require.Equal(t, row.want, phaseOf(supervise.Status{Phase: row.phase, Mode: row.mode}), "%s as %s", row.phase, row.mode)
	}
	crash := fenceStatus(supervise.Status{Phase: supervise.Down, Exit: &supervise.Exit{Code: -1, Signal: 9}})
	require.True(t, crash.Crashed)
	require.False(t, fenceStatus(supervise.Status{Phase: supervise.Down, Exit: &supervise.Exit{Code: -1, Signal: 9, Reason: "the permit ran out"}}).Crashed)
	require.False(t, fenceStatus(supervise.Status{Phase: supervise.Down, Exit: &supervise.Exit{}}).Crashed, "a fast stop")
	refused := fenceStatus(supervise.Status{Phase: supervise.Following, Mode: supervise.Standby, Lacks: "000000010000000000000007", Refused: 3})
	require.Equal(t, "000000010000000000000007", refused.Lacks)
	require.Equal(t, uint64(3), refused.Refused)
}
