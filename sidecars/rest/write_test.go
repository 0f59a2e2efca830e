package rest

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What people and scripts send, what of it reaches the agent, and what they are told.
func TestRequests(t *testing.T) {
	later := time.Date(2126, 1, 1, 1, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		send    string // method, path, body
		outcome Outcome
		asked   *Request // nil: nothing reaches the agent
		status  int
		said    string
	}{
		{`POST /switchover {"leader":"shop-0"}`, Outcome{Result: Done}, &Request{Verb: DoSwitchover, Leader: "shop-0"}, 200, "Successfully switched over"},
		{`POST /switchover {"leader":"shop-0","candidate":"shop-1"}`, Outcome{Result: Done},
			&Request{Verb: DoSwitchover, Leader: "shop-0", Candidate: "shop-1"}, 200, `Successfully switched over to "shop-1"`},
		{`POST /switchover {"leader":"shop-0","member":"shop-1","scheduled_at":null}`, Outcome{Result: Done, Text: "as you like"},
			&Request{Verb: DoSwitchover, Leader: "shop-0", Candidate: "shop-1"}, 200, "as you like"},
		{`POST /switchover {"leader":"shop-0","scheduled_at":"2126-01-01T02:00:00+01:00"}`, Outcome{Result: Scheduled},
			&Request{Verb: DoSwitchover, Leader: "shop-0", At: later}, 202, "Switchover scheduled"},
		{`POST /switchover {"leader":"shop-0","scheduled_at":"2126-01-01T01:00+00"}`, Outcome{Result: Scheduled},
			&Request{Verb: DoSwitchover, Leader: "shop-0", At: later}, 202, "Switchover scheduled"},
		{`POST /switchover {"leader":"shop-0","scheduled_at":"2126-01-01 01:00:00Z"}`, Outcome{Result: Scheduled},
			&Request{Verb: DoSwitchover, Leader: "shop-0", At: later}, 202, "Switchover scheduled"},
		{`POST /switchover {"leader":"shop-0","scheduled_at":"2126-01-01T02:00"}`, Outcome{}, nil, 400, "Timezone information is mandatory for the scheduled switchover"},
		{`POST /switchover {"leader":"shop-0","scheduled_at":"2016-01-01T02:00Z"}`, Outcome{}, nil, 422, "Cannot schedule switchover in the past"},
		{`POST /switchover {"leader":"shop-0","scheduled_at":"soon"}`, Outcome{}, nil, 422, "Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601"},
		{`POST /switchover {"candidate":"shop-1"}`, Outcome{}, nil, 400, "Switchover could be performed only from a specific leader"},
		{`POST /switchover {"leader":1}`, Outcome{}, nil, 400, "leader is not a string"},
		{`POST /switchover {"Leader":"shop-0"}`, Outcome{}, nil, 400, `Unknown field of a switchover: "Leader"`},
		{`POST /switchover {"leader":"a","leader":"b"}`, Outcome{}, nil, 400, `the body is not one JSON object: "leader" stands there twice`},
		{`POST /switchover {"leader":"a"} {}`, Outcome{}, nil, 400, "the body is not one JSON object: something follows it"},
		{`POST /switchover []`, Outcome{}, nil, 400, "the body is not one JSON object: it begins otherwise"},
		{`POST /switchover {}`, Outcome{}, nil, 400, "the body is empty"},
		{`POST /switchover`, Outcome{}, nil, 411, "a JSON body is missing"},
		{`POST /switchover {"leader":"shop-1"}`, Outcome{Precondition, "leader name does not match"}, &Request{Verb: DoSwitchover, Leader: "shop-1"}, 412, "leader name does not match"},
		{`POST /switchover {"leader":"shop-0"}`, Outcome{Result: Failed}, &Request{Verb: DoSwitchover, Leader: "shop-0"}, 503, "Switchover failed"},
		{`POST /switchover {"leader":"shop-0"}`, Outcome{}, &Request{Verb: DoSwitchover, Leader: "shop-0"}, 503, "Switchover status unknown"},
		{`DELETE /switchover`, Outcome{Result: Done}, &Request{Verb: CancelSwitchover}, 200, "scheduled switchover deleted"},
		{`DELETE /switchover`, Outcome{Result: Absent}, &Request{Verb: CancelSwitchover}, 404, "no switchover is scheduled"},
		{`DELETE /switchover`, Outcome{Result: Conflict}, &Request{Verb: CancelSwitchover}, 409, "another request came first"},
		{`POST /failover {"candidate":"shop-2"}`, Outcome{Result: Done}, &Request{Verb: DoFailover, Candidate: "shop-2"}, 200, `Successfully failed over to "shop-2"`},
		{`POST /failover {"leader":"shop-0","candidate":"shop-1"}`, Outcome{Result: Done},
			&Request{Verb: DoSwitchover, Leader: "shop-0", Candidate: "shop-1"}, 200, `Successfully switched over to "shop-1"`},
		{`POST /failover {"leader":"shop-0"}`, Outcome{}, nil, 400, "Failover could be performed only to a specific candidate"},
		{`POST /failover {"candidate":"shop-2","scheduled_at":"2126-01-01T02:00Z"}`, Outcome{}, nil, 400, "Scheduled failover is possible only from a specific leader"},
		{`POST /failover {"candidate":"shop-9"}`, Outcome{Precondition, "candidate does not exists"}, &Request{Verb: DoFailover, Candidate: "shop-9"}, 412, "candidate does not exists"},
		{`DELETE /failover`, Outcome{}, nil, 405, "DELETE is not for /failover"},
		{`POST /restart`, Outcome{Result: Done}, &Request{Verb: DoRestart}, 200, "restarted successfully"},
		{`POST /restart {"restart_pending":true,"role":"replica","postgres_version":"15.4","timeout":"30"}`, Outcome{Result: Done},
			&Request{Verb: DoRestart, Timeout: 30 * time.Second, Restart: RestartFilter{PendingOnly: true, Role: Replica, Below: 150004}}, 200, "restarted successfully"},
		{`POST /restart {"timeout":5,"role":"master","postgres_version":"17"}`, Outcome{Result: Done},
			&Request{Verb: DoRestart, Timeout: 5 * time.Second, Restart: RestartFilter{Role: Primary, Below: 170000}}, 200, "restarted successfully"},
		{`POST /restart {"schedule":"2126-01-01T01:00Z"}`, Outcome{Result: Scheduled}, &Request{Verb: DoRestart, At: later}, 202, "Restart scheduled"},
		{`POST /restart {"schedule":"2126-01-01T01:00Z"}`, Outcome{Result: Conflict}, &Request{Verb: DoRestart, At: later}, 409, "Another restart is already scheduled"},
		{`POST /restart {"schedule":"2016-01-01T01:00Z"}`, Outcome{}, nil, 422, "Cannot schedule restart in the past"},
		{`POST /restart {"role":"leader"}`, Outcome{}, nil, 400, "PostgreSQL role should be either primary or replica"},
		{`POST /restart {"postgres_version":"15.4.1"}`, Outcome{}, nil, 400, `Invalid PostgreSQL version: "15.4.1"`},
		{`POST /restart {"timeout":-1}`, Outcome{}, nil, 400, "Timeout should be a positive number of seconds"},
		{`POST /restart {"when":"now"}`, Outcome{}, nil, 400, "Unknown filter for the scheduled restart: when"},
		{`POST /restart {"restart_pending":"perhaps"}`, Outcome{}, nil, 400, "restart_pending is neither true nor false"},
		{`POST /restart`, Outcome{Failed, "postgres does not start"}, &Request{Verb: DoRestart}, 503, "postgres does not start"},
		{`POST /restart`, Outcome{Result: Precondition}, &Request{Verb: DoRestart}, 503, "restart is not possible"},
		{`DELETE /restart`, Outcome{Result: Done}, &Request{Verb: CancelRestart}, 200, "scheduled restart deleted"},
		{`DELETE /restart`, Outcome{Result: Absent}, &Request{Verb: CancelRestart}, 404, "no restarts are scheduled"},
		{`POST /reload`, Outcome{Result: Done}, &Request{Verb: DoReload}, 202, "reload scheduled"},
		{`POST /reinitialize`, Outcome{Result: Done}, &Request{Verb: DoReinitialize}, 200, "reinitialize started"},
		{`POST /reinitialize {"force":"on","from-leader":true}`, Outcome{Result: Failed, Text: "I am the leader"},
			&Request{Verb: DoReinitialize, Force: true, FromLead: true}, 503, "I am the leader"},
		{`POST /reinitialize {"from_leader":true}`, Outcome{}, nil, 400, `Unknown field of a reinitialize: "from_leader"`},
		{`POST /pause`, Outcome{Result: Done}, &Request{Verb: DoPause}, 200, "paused"},
		{`DELETE /pause`, Outcome{Result: Done}, &Request{Verb: DoResume}, 200, "resumed"},
		{`POST /fence`, Outcome{Result: Done}, &Request{Verb: DoFence}, 200, "fenced"},
		{`DELETE /fence`, Outcome{Result: Absent}, &Request{Verb: DoUnfence}, 404, "there is nothing to unfence"},
		{`POST /fence {"a":1}`, Outcome{}, nil, 400, "/fence takes no fields"},
		{`PATCH /config {"pause":true}`, Outcome{}, nil, 405, "the configuration comes from the spec in Git: change it there and render; pausing is POST /pause"},
		{`PUT /config {}`, Outcome{}, nil, 405, "the configuration comes from the spec in Git: change it there and render; pausing is POST /pause"},
		{`POST /primary`, Outcome{}, nil, 405, "POST is not for /primary"},
		{`POST /nowhere`, Outcome{}, nil, 404, "no such path"},
		{`BREW /restart`, Outcome{}, nil, 405, "BREW is not for /restart"},
	} {
		s := &stage{view: primaryView(), outcome: row.outcome}
		method, rest, _ := strings.Cut(row.send, " ")
		path, body, _ := strings.Cut(rest, " ")
		status, said, header := call(t, handlerOf(s), method, path, body)
		require.Equal(t, row.status, status, "%s: %s", row.send, said)
		if row.asked != nil {
			require.Equal(t, row.outcome.Result.String(), header.Get("Onggi-Result"), row.send)
		}
		require.Equal(t, row.said+"\n", said, row.send)
		if row.asked == nil {
			require.Empty(t, s.asked, row.send)
			continue
		}
		require.Len(t, s.asked, 1, row.send)
		require.True(t, row.asked.At.Equal(s.asked[0].At), row.send)
		s.asked[0].At = row.asked.At
		require.Equal(t, *row.asked, s.asked[0], row.send)
	}
}

func TestWhatAPauseForbids(t *testing.T) {
	s := &stage{view: with(primaryView(), func(v *View) { v.Paused = true }), outcome: Outcome{Result: Done}}
	for send, want := range map[string]string{
		`/switchover {"leader":"shop-0"}`:                                    "400 Switchover is possible only to a specific candidate in a paused state\n",
		`/switchover {"leader":"shop-0","scheduled_at":"2126-01-01T02:00Z"}`: "400 Can't schedule switchover in the paused state\n",
		`/switchover {"leader":"shop-0","candidate":"shop-1"}`:               "200 Successfully switched over to \"shop-1\"\n",
		`/restart {"schedule":"2126-01-01T02:00Z"}`:                          "500 Can't schedule restart in the paused state\n",
		`/restart {"role":"primary"}`:                                        "200 restarted successfully\n",
		`/failover {"candidate":"shop-1"}`:                                   "200 Successfully failed over to \"shop-1\"\n",
	} {
		path, body, _ := strings.Cut(send, " ")
		status, said, _ := call(t, handlerOf(s), "POST", path, body)
		require.Equal(t, want, http.StatusText(status)[:0]+itoa(status)+" "+said, send)
	}
}

func itoa(n int) string { return strings.TrimSpace(string(appendNumber(nil, float64(n)))) }

func TestABodyIsBounded(t *testing.T) {
	s := &stage{view: primaryView(), outcome: Outcome{Result: Done}}
	long := `{"leader":"` + strings.Repeat("x", maxBody) + `"}`
	status, _, _ := call(t, handlerOf(s), "POST", "/switchover", long)
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	r := httptest.NewRequest("POST", "/restart", io.MultiReader(strings.NewReader(`{"timeout"`), strings.NewReader(strings.Repeat(" ", 10*maxBody))))
	r.ContentLength = -1 // chunked
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	handlerOf(s).ServeHTTP(w, r)
	require.GreaterOrEqual(t, w.Code, 400)
	require.Empty(t, s.asked)
}

func TestWhoMayWrite(t *testing.T) {
	tokens := func(all ...string) func() []string { return func() []string { return all } }
	good := func(tls.ConnectionState) error { return nil }
	bad := func(tls.ConnectionState) error { return errors.New("another authority's") }
	shown := &tls.ConnectionState{}
	basic := func(r *http.Request) { r.SetBasicAuth("anybody", token) }
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	for _, row := range []struct {
		name   string
		auth   Auth
		secure *tls.ConnectionState
		caller func(*http.Request)
		status int
		said   string
	}{
		{"the token", Auth{Token: tokens(token)}, nil, header("Bearer " + token), 200, ""},
		{"either token of two", Auth{Token: tokens("new", token)}, nil, header("bearer " + token), 200, ""},
		{"the token as a password", Auth{Token: tokens(token)}, nil, basic, 200, ""},
		{"nothing", Auth{Token: tokens(token)}, nil, nil, 401, "no auth header received\n"},
		{"another token", Auth{Token: tokens(token)}, nil, header("Bearer " + token + "x"), 401, "not authenticated\n"},
		{"half a token", Auth{Token: tokens(token)}, nil, header("Bearer " + token[:4]), 401, "not authenticated\n"},
		{"another scheme", Auth{Token: tokens(token)}, nil, header("Digest " + token), 401, "not authenticated\n"},
		{"an empty token opens nothing", Auth{Token: tokens("")}, nil, header("Bearer "), 401, "not authenticated\n"},
		{"a token file that is empty", Auth{Token: tokens()}, nil, header("Bearer "), 403, errForbidden.Error() + "\n"},
		{"nothing is configured", Auth{}, nil, header("Bearer " + token), 403, errForbidden.Error() + "\n"},
		{"a certificate", Auth{Certificate: good}, shown, nil, 200, ""},
		{"a certificate of others", Auth{Certificate: bad}, shown, nil, 403, "client certificate required\n"},
		{"a certificate is asked for, over plain text", Auth{Certificate: good}, nil, nil, 403, "client certificate required\n"},
		{"the token in place of a certificate", Auth{Certificate: bad, Token: tokens(token)}, shown, header("Bearer " + token), 200, ""},
	} {
		s := &stage{view: primaryView(), outcome: Outcome{Result: Done}}
		for path := range writable {
			if path == "/failsafe" || path == "/switchover" || path == "/failover" || path == "/restore" {
				continue // these want a body; that they are guarded is below
			}
			r := httptest.NewRequest("POST", path, nil)
			r.TLS = row.secure
			if row.caller != nil {
				row.caller(r)
			}
			w := httptest.NewRecorder()
			New(s, row.auth).ServeHTTP(w, r)
			if row.status == 200 {
				require.Less(t, w.Code, 300, "%s %s", row.name, path)
				continue
			}
			require.Equal(t, row.status, w.Code, "%s %s", row.name, path)
			require.Equal(t, row.said, w.Body.String(), row.name)
			require.Equal(t, row.status == 401, w.Header().Get("WWW-Authenticate") != "")
			require.Empty(t, s.asked, row.name)
		}
	}
}

// Everything that changes something is behind the same door, the socket of the pod is another one, and reading needs no key.
func TestEveryWritingPathIsGuarded(t *testing.T) {
	s := &stage{view: primaryView(), outcome: Outcome{Result: Done}}
	h := handlerOf(s)
	for path, methods := range writable {
		for _, method := range strings.Fields(methods) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(`{"leader":"shop-0","candidate":"shop-1"}`)))
			require.Equal(t, 401, w.Code, "%s %s", method, path)
		}
	}
	require.Empty(t, s.asked)
	w := httptest.NewRecorder()
	h.Local().ServeHTTP(w, httptest.NewRequest("POST", "/reload", nil))
	require.Equal(t, 202, w.Code)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/cluster", nil))
	require.Equal(t, 200, w.Code)
}

func TestFailsafePromisesNothing(t *testing.T) {
	body := `{"name":"shop-0","conn_url":"postgres://10.0.0.5:5432/postgres","api_url":"http://10.0.0.5:8008/patroni","slots":{}}`
	s := &stage{view: replicaView()}
	status, said, header := call(t, handlerOf(s), "POST", "/failsafe", body)
	require.Equal(t, 200, status)
	require.Equal(t, "Accepted\n", said)
	require.Equal(t, "67395656", header.Get("lsn"))
	s.view = primaryView()
	status, said, header = call(t, handlerOf(s), "POST", "/failsafe", body)
	require.Equal(t, 500, status)
	require.Equal(t, "Running as a leader\n", said)
	require.Empty(t, header.Get("lsn"))
	s.view.FailsafePeers = nil
	status, _, _ = call(t, handlerOf(s), "POST", "/failsafe", body)
	require.Equal(t, 502, status)
	require.Empty(t, s.asked, "the agent has nothing to do with it")
}
