package backup

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Taken from runs of pgBackRest 2.45.
const (
	noPath  = `[{"archive":[],"backup":[],"cipher":"none","db":[],"name":"shop","repo":[{"cipher":"none","key":1,"status":{"code":1,"message":"missing stanza path"}}],"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}]`
	empty   = `[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":null,"min":null}],"backup":[],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7710976486247204454,"version":"15"}],"name":"shop","repo":[{"cipher":"none","key":1,"status":{"code":2,"message":"no valid backups"}}],"status":{"code":2,"lock":{"backup":{"held":false}},"message":"no valid backups"}}]`
	two     = `[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000004","min":"000000010000000000000001"}],"backup":[{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000002"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":22992579,"repository":{"delta":3056858,"size":3056858},"size":22992579},"label":"20261122-124711F","lsn":{"start":"0/2000028","stop":"0/2000138"},"prior":null,"reference":null,"timestamp":{"start":1795351631,"stop":1795351650},"type":"full"},{"archive":{"start":"000000010000000000000003","stop":"000000010000000000000004"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":8458,"repository":{"delta":428,"size":3056858},"size":22992579},"label":"20261122-124711F_20261122-124734I","lsn":{"start":"0/3000028","stop":"0/4000088"},"prior":"20261122-124711F","reference":["20261122-124711F"],"timestamp":{"start":1795351654,"stop":1795351658},"type":"incr"}],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7710976486247204454,"version":"15"}],"name":"shop","repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]`
	trouble = `[{"archive":[],"backup":[],"cipher":"none","db":[],"name":"shop","repo":[{"cipher":"none","key":1,"status":{"code":99,"message":"[CryptoError] unable to load info file"}}],"status":{"code":99,"message":"other"}}]`
	system  = 7710976486247204454
)

func TestWhatTheRepositorySays(t *testing.T) {
	infos, err := ParseInfo([]byte(two))
	require.NoError(t, err)
	info := Find(infos, "shop")
	require.Equal(t, []System{{ID: system, Version: "15", Min: "000000010000000000000001", Max: "000000010000000000000004"}}, info.Systems)
	require.Len(t, info.Backups, 2)
	require.Equal(t, Backup{
		Label: "20261122-124711F_20261122-124734I", Type: "incr", Prior: "20261122-124711F", Start: time.Unix(1795351654, 0).UTC(), Stop: time.Unix(1795351658, 0).UTC(),
		Size: 22992579, Delta: 8458, Stored: 3056858, StoredDelta: 428, WALStart: "000000010000000000000003", WALStop: "000000010000000000000004",
		LSNStart: "0/3000028", LSNStop: "0/4000088",
	}, info.Backups[1])
	newest, ok := Newest(info.Backups, "")
	require.True(t, ok)
	require.Equal(t, "incr", newest.Type)
	newest, _ = Newest(info.Backups, Full)
	require.Equal(t, "20261122-124711F", newest.Label)
	_, ok = Newest(info.Backups, Diff)
	require.False(t, ok)
	for _, bad := range []string{"", "{}", `[{"db":[{"system-id":"x"}]}]`, `[{"db":[{"system-id":-1}]}]`} {
		_, err := ParseInfo([]byte(bad))
		require.Error(t, err, bad)
	}
}

// What is not known is neither missing nor ours, and is never a reason to make a stanza, or a new cluster.
func TestWhoseAStanzaIs(t *testing.T) {
	for _, row := range []struct {
		name, text  string
		system      uint64
		state       State
		there, know bool
	}{
		{"not there", noPath, system, Missing, false, true},
		{"no repository at all", `[]`, system, Missing, false, true},
		{"ours, without a backup", empty, system, OK, false, true},
		{"ours", two, system, OK, true, true},
		{"another's", two, 42, Foreign, true, true},
		{"another's, without a backup", empty, 42, Foreign, false, true},
		{"not to be read", trouble, system, Unknown, false, false},
		{"before we know who we are", noPath, 0, Unknown, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			infos, err := ParseInfo([]byte(row.text))
			require.NoError(t, err)
			info := Find(infos, "shop")
			state, why := Judge(info, row.system)
			require.Equal(t, row.state, state)
			require.Equal(t, state == OK, why == "")
			there, known := Restorable(info)
			require.Equal(t, [2]bool{row.there, row.know}, [2]bool{there, known})
		})
	}
}

func FuzzParseInfo(f *testing.F) {
	for _, text := range []string{noPath, empty, two, trouble} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		infos, err := ParseInfo(text)
		if err != nil {
			return
		}
		info := Find(infos, "shop")
		if state, _ := Judge(info, system); state == OK {
			require.Equal(t, uint64(system), info.Systems[len(info.Systems)-1].ID, "ours is only what says so")
		}
	})
}

// Whatever a standby sends, what runs is ours: the program, the verb, the configuration.
func FuzzParseRemote(f *testing.F) {
	f.Add(asked)
	f.Add("pgbackrest '--stanza=shop' --remote-type=pg backup:remote")
	f.Add("pgbackrest --stanza=sh\\op --remote-type=pg backup:remote")
	s := Settings{Stanza: "shop", Bin: "pgbackrest", Dir: "/run/p", Data: "/d", Socket: "/s", Port: 1, User: "postgres"}
	f.Fuzz(func(t *testing.T, line string) {
		argv, err := s.ParseRemote(line)
		if err != nil {
			return
		}
		require.Equal(t, []string{"pgbackrest", "--config=/run/p/pgbackrest.conf", "--stanza=shop", "--remote-type=pg"}, argv[:4])
		require.Equal(t, "backup:remote", argv[len(argv)-1])
		for _, a := range argv[10 : len(argv)-1] {
			require.NotContains(t, a, "path")
			require.NotContains(t, a, "config")
		}
	})
}
