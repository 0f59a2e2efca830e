package status

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// recorded are the observations of real clusters: make e2e-day2 with -record writes them.
func recorded(t testing.TB) map[string]Observed {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	out := map[string]Observed{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var o Observed
		require.NoError(t, json.Unmarshal(data, &o), file)
		out[strings.TrimSuffix(filepath.Base(file), ".json")] = o
	}
	return out
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	at := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(at, []byte(got), 0o644))
	}
	want, err := os.ReadFile(at)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// What real clusters said is what is shown: the screen, and the JSON that programs read.
func TestWhatIsShown(t *testing.T) {
	for name, o := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			s := Of(o)
			golden(t, name+".screen.txt", s.Screen(View{}))
			text, err := json.MarshalIndent(s, "", "  ")
			require.NoError(t, err)
			golden(t, name+".status.txt", string(text)+"\n")
			colored := s.Screen(View{Color: true})
			require.Equal(t, s.Screen(View{}), strings.NewReplacer(red, "", green, "", yellow, "", plain, "").Replace(colored), "aligned as without colours")
		})
	}
}

// The healths of what was recorded.
func TestHealth(t *testing.T) {
	all := recorded(t)
	for name, want := range map[string]Health{
		"native-healthy": Healthy, "native-not-asked": Healthy, "native-scheduled": Healthy, "native-backups": Healthy,
		"native-paused": Degraded, "native-fenced": Degraded, "native-down": Down,
		"cloudnative-healthy": Healthy, "cloudnative-moving": Degraded, "crunchy": Healthy,
	} {
		o, ok := all[name]
		require.True(t, ok, name)
		require.Equal(t, want, Of(o).Health, name)
	}
}

// Each row breaks one thing of a healthy cluster of three, in what is read of it.
func TestWhatIsWrong(t *testing.T) {
	for _, row := range []struct {
		name   string
		spoil  func(*Observed)
		health Health
		says   string
	}{
		{"nothing", func(*Observed) {}, Healthy, ""},
		{"a standby is not ready", replaceIn(pods, 1, `"type":"Ready","status":"True"`, `"type":"Ready","status":"False"`), Degraded, "2 of 3 members are ready"},
		{"a standby is being deleted", replaceIn(pods, 1, `"metadata":{`, `"metadata":{"deletionTimestamp":"2026-11-22T12:00:00Z",`), Degraded, "2 of 3 members are ready"},
		{"a standby does not answer", silence("shop-1"), Healthy, ""},
		{"a standby waits for a restart", answer("shop-1", `"role":"replica"`, `"role":"replica","pending_restart_reason":{"max_connections":{"old_value":"100","new_value":"200"}}`), Degraded, "shop-1 waits for a restart: max_connections"},
		{"a standby does not stream", answer("shop-1", `"replication_state":"streaming"`, `"replication_state":""`), Degraded, "shop-1 does not stream"},
		{"a standby is barred", answer("shop-1", `"eligible":true,"not_eligible_because":"`, `"not_eligible_because":"is not to lead","was":"`), Degraded, "shop-1 could not take over: is not to lead"},
		{"the primary's permit ended", answer("shop-0", `"permit_remaining_seconds":`, `"permit_remaining_seconds":0,"was":`), Down, "no member takes writes"},
		{"the primary lets nobody in", answer("shop-0", `"permit_remaining_seconds"`, `"gated":true,"permit_remaining_seconds"`), Down, "no member takes writes"},
		{"two primaries", answer("shop-1", `"role":"replica"`, `"role":"primary"`, `"permit_remaining_seconds":0`, `"permit_remaining_seconds":3`), Down, "shop-0 and shop-1 both say that they take writes"},
		{"a new pod without an image", func(o *Observed) {
			replaceIn(pods, 2, `"type":"Ready","status":"True"`, `"type":"Ready","status":"False"`)(o)
			replaceIn(pods, 2, `"containerStatuses":[`, `"containerStatuses":[{"name":"database","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}},`)(o)
			answer("shop-0", `"permit_remaining_seconds"`, `"rollout":{"outdated_pods":2,"waits_for":"shop-2","for_seconds":720,"reason":"ErrImagePull"},"permit_remaining_seconds"`)(o)
		}, Degraded, "the rollout waits for shop-2 for 12m: ImagePullBackOff, container database: Back-off pulling image"},
		{"a rollout that waits for a pod, and not for long", answer("shop-0", `"permit_remaining_seconds"`, `"rollout":{"outdated_pods":2,"waits_for":"shop-2","for_seconds":30},"permit_remaining_seconds"`), Healthy, ""},
		{"a pod that crashes, and no rollout", replaceIn(pods, 2, `"containerStatuses":[`, `"containerStatuses":[{"name":"database","state":{"waiting":{"reason":"CrashLoopBackOff"}}},`), Degraded, "shop-2 does not come up: CrashLoopBackOff, container database"},
		{"a fenced standby", answer("shop-2", `"permit_remaining_seconds"`, `"fenced":true,"permit_remaining_seconds"`), Degraded, "shop-2 is fenced"},
		{"nobody could be asked", func(o *Observed) { o.Answers = nil }, Healthy, ""},
		{"nobody could be asked, and nobody is ready", func(o *Observed) {
			o.Answers = nil
			for i := range o.Pods {
				replaceIn(pods, i, `"type":"Ready","status":"True"`, `"type":"Ready","status":"False"`)(o)
			}
		}, Unknown, "no agent could be asked"},
		{"no pods are asked for", func(o *Observed) {
			o.Pods, o.Answers = nil, nil
			o.Object = json.RawMessage(strings.Replace(string(o.Object), `"replicas":3`, `"replicas":0`, 1))
		}, Hibernated, ""},
		{"all pods are gone", func(o *Observed) { o.Pods, o.Answers = nil, nil }, Down, "no member takes writes"},
		{"a pooler is missing", func(o *Observed) {
			o.Poolers = []json.RawMessage{json.RawMessage(`{"metadata":{"name":"shop-pooler"},"spec":{"replicas":2},"status":{"readyReplicas":1}}`)}
		}, Degraded, "1 of 2 poolers of shop-pooler are ready"},
		{"the archive fails", func(o *Observed) {
			o.Repository = &Answer{Document: json.RawMessage(`{"state":"ok","archive":{"ready":3,"oldest_ready":"2026-11-22T11:00:00Z","last_failure":"2026-11-22T12:00:00Z"}}`)}
		}, Degraded, "the archive of the log fails: 3 segments wait"},
		{"a repository of another's", func(o *Observed) {
			o.Repository = &Answer{Document: json.RawMessage(`{"state":"foreign","reason":"it is of another system identifier"}`)}
		}, Degraded, "the repository of the backups is foreign"},
		{"the last backup failed", func(o *Observed) {
			o.Repository = &Answer{Document: json.RawMessage(`{"state":"ok","backups":[{"label":"a","type":"full","start":"2026-11-20T00:00:00Z","stop":"2026-11-20T00:01:00Z"}],
				"runs":[{"id":"r","type":"incr","state":"failed","begun":"2026-11-21T00:00:00Z","ended":"2026-11-21T00:01:00Z","text":"the disk is full"}]}`)}
		}, Degraded, "the last backup, r, failed: the disk is full"},
		{"a restore is under way", func(o *Observed) {
			o.Repository = &Answer{Document: json.RawMessage(`{"state":"ok","restore":{"state":"running","text":"restores shop-1"}}`)}
		}, Degraded, "a restore is running: restores shop-1"},
		{"little is left of a volume", func(o *Observed) {
			o.Claims = []json.RawMessage{json.RawMessage(`{"metadata":{"name":"data-shop-1"},"status":{"capacity":{"storage":"100Gi"}}}`)}
			answer("shop-1", `"disk_free_bytes":{"data":`, `"disk_free_bytes":{"data":2147483648},"was":{"data":`)(o)
		}, Degraded, "shop-1 has 2.0 GiB left of its volume of 100.0 GiB"},
		{"little is left of the log's volume", func(o *Observed) {
			o.Claims = []json.RawMessage{json.RawMessage(`{"metadata":{"name":"wal-shop-1"},"status":{"capacity":{"storage":"20Gi"}}}`)}
			answer("shop-1", `"disk_free_bytes":{"data":`, `"disk_free_bytes":{"wal":1073741824,"data":`)(o)
		}, Degraded, "shop-1 has 1.0 GiB left of its log's volume of 20.0 GiB"},
		{"a backup after the one that failed", func(o *Observed) {
			o.Repository = &Answer{Document: json.RawMessage(`{"state":"ok","backups":[{"label":"a","type":"full","start":"2026-11-22T00:00:00Z","stop":"2026-11-22T00:01:00Z"}],
				"runs":[{"id":"r","type":"incr","state":"failed","begun":"2026-11-21T00:00:00Z","ended":"2026-11-21T00:01:00Z"}]}`)}
		}, Healthy, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := recorded(t)["native-healthy"]
			o.Repository = nil
			o.compact(t)
			row.spoil(&o)
			s := Of(o)
			require.Equal(t, row.health, s.Health, s.Screen(View{}))
			if row.says == "" {
				require.Empty(t, s.Reasons)
			} else {
				require.Contains(t, s.Screen(View{}), row.says)
			}
		})
	}
}

// compact writes all JSON without space, so that rows can replace parts of it.
func (o *Observed) compact(t *testing.T) {
	t.Helper()
	tidy := func(data json.RawMessage) json.RawMessage {
		var b bytes.Buffer
		require.NoError(t, json.Compact(&b, data))
		return b.Bytes()
	}
	o.Object = tidy(o.Object)
	for i := range o.Pods {
		text := string(tidy(o.Pods[i]))
		o.Pods[i] = json.RawMessage(strings.ReplaceAll(text, `"status":"True","type":"Ready"`, `"type":"Ready","status":"True"`))
	}
	for name, a := range o.Answers {
		o.Answers[name] = Answer{Document: tidy(a.Document)}
	}
}

func pods(o *Observed) []json.RawMessage { return o.Pods }

func replaceIn(list func(*Observed) []json.RawMessage, i int, old, new string) func(*Observed) {
	return func(o *Observed) {
		text := string(list(o)[i])
		if !strings.Contains(text, old) {
			panic("there is no " + old + " in " + text)
		}
		list(o)[i] = json.RawMessage(strings.Replace(text, old, new, 1))
	}
}

func answer(name string, pairs ...string) func(*Observed) {
	return func(o *Observed) {
		text := string(o.Answers[name].Document)
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(text, pairs[i]) {
				panic("there is no " + pairs[i] + " in " + text)
			}
			text = strings.Replace(text, pairs[i], pairs[i+1], 1)
		}
		o.Answers[name] = Answer{Document: json.RawMessage(text)}
	}
}

func silence(name string) func(*Observed) {
	return func(o *Observed) { o.Answers[name] = Answer{Err: "not within 8s"} }
}

// A member that does not answer is shown as the others know it, and its silence is told.
func TestASilentMember(t *testing.T) {
	o := recorded(t)["native-healthy"]
	silence("shop-1")(&o)
	s := Of(o)
	m, ok := s.Member("shop-1")
	require.True(t, ok)
	require.Equal(t, "streaming", m.State)
	require.Equal(t, QuorumStandby, m.Role)
	require.False(t, m.Candidate, "nobody knows")
	require.Contains(t, s.Notes, "shop-1 did not answer: not within 8s")
}

// The screen in the manual is one that was seen.
func TestTheScreenInTheDocsIsReal(t *testing.T) {
	manual, err := os.ReadFile("../../../../docs/cli.md")
	require.NoError(t, err)
	o := recorded(t)["native-backups"]
	s := Of(o)
	require.Contains(t, string(manual), "$ onggi status shop -n databases\n"+s.Screen(View{Now: s.Record.Renewed.Add(14 * time.Second)}))
}

func TestAges(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 119 * time.Second: "119s", 2 * time.Minute: "2m", 119 * time.Minute: "119m", 3 * time.Hour: "3h", 47 * time.Hour: "47h", 72 * time.Hour: "3d",
	} {
		require.Equal(t, want, Age(d))
	}
	v := View{Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	require.Equal(t, "60s ago", v.ago(v.Now.Add(-time.Minute)))
	require.Equal(t, "", v.ago(time.Time{}))
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 40 << 20: "40.0 MiB", 5 << 40: "5.0 TiB"} {
		require.Equal(t, want, size(&n))
	}
	require.Equal(t, "", size(nil))
}

func TestNamesAreInTheirOrder(t *testing.T) {
	require.Negative(t, natural("shop-2", "shop-10"))
	require.Positive(t, natural("shop-10", "shop-9"))
	require.Negative(t, natural("a-2", "b-1"))
	require.Zero(t, natural("a", "a"))
	require.Positive(t, natural("a-1", "a-01"), "no two names are the same")
}

// Whatever is read, a picture comes of it: nothing that people or programs wrote into an object may stop it from being shown.
func FuzzOf(f *testing.F) {
	for _, o := range recorded(f) { // one answer of each: large inputs are slow to make small
		f.Add(o.Backend.Name, []byte(`{"spec":{"replicas":3}}`), []byte(`{"metadata":{"name":"shop-0"},"status":{"phase":"Running"}}`), []byte(o.Lease), []byte(o.Answers["shop-0"].Document))
	}
	f.Add(Native, []byte(`{"spec":{"replicas":-1}}`), []byte(`[]`), []byte(`{"metadata":{"annotations":{"onggi.dev/record":"{"}}}`), []byte(`{"history":[[1,2,3,4,5,6],[]],"cluster":{"members":[{},{"name":"x","lag":"y"}]}}`))
	f.Fuzz(func(t *testing.T, backend string, object, pod, lease, answer []byte) {
		b, ok := Named(backend)
		if !ok {
			b = Backends()[0]
		}
		o := Observed{
			Backend: b, Name: "shop", Namespace: "db", Object: object, Pods: []json.RawMessage{pod, pod}, Lease: lease,
			Poolers: []json.RawMessage{object}, Backups: []json.RawMessage{object}, Repository: &Answer{Document: answer},
			Answers: map[string]Answer{"shop-0": {Document: answer}, "shop-1": {Err: "no"}},
		}
		s := Of(o)
		require.NotEmpty(t, s.Health)
		require.NotEmpty(t, s.Screen(View{Color: true}))
		_, err := json.Marshal(s)
		require.NoError(t, err)
		for n := range 4 {
			require.NotEmpty(t, s.Query(n).Text())
		}
	})
}

// That the last segment was taken says nothing of a repository that has none.
func TestTheArchiveWorksWhereItHasSomething(t *testing.T) {
	const sent = `"last_success":"2026-11-22T12:00:00Z"`
	for _, row := range []struct{ name, document, state, detail string }{
		{"it took the last", `{"state":"ok","read":"2026-11-22T12:01:00Z","archive":{"max":"000000010000000000000004",` + sent + `}}`, working, ""},
		{"it was read before the first", `{"state":"ok","read":"2026-11-22T11:00:00Z","archive":{` + sent + `}}`, working, ""},
		{"it was emptied since", `{"state":"ok","read":"2026-11-22T12:01:00Z","archive":{` + sent + `}}`, "", ""},
		{"nothing was sent", `{"state":"ok","read":"2026-11-22T12:01:00Z"}`, "", ""},
		{"it is empty", `{"state":"missing","reason":"no stanza","archive":{` + sent + `}}`, failing, "the repository is missing: no stanza"},
		{"it is another's", `{"state":"foreign","reason":"another's","archive":{"ready":3,"last_failure":"2026-11-22T12:00:00Z"}}`, failing, "the repository is foreign: another's"},
		{"it cannot be reached, and all was sent", `{"state":"unknown","archive":{` + sent + `}}`, working, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := Status{Name: "shop"}
			s.repository(&Answer{Document: json.RawMessage(row.document)})
			require.Equal(t, [2]string{row.state, row.detail}, [2]string{s.Backups.Archiving, s.Backups.Detail})
		})
	}
}
