package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever a body is, it is refused with a reason or understood; what is understood is JSON and within its limits.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{"leader":"shop-0","candidate":"shop-1","scheduled_at":"2126-01-01T02:00+01:00"}`, `{"restart_pending":true,"timeout":"5"}`,
		`{"force":true,"from-leader":"yes"}`, `{"schedule":"2126-01-01 01:00:00 +01:00"}`, `{"postgres_version":"15.4"}`, `{"leader":null}`, `[]`, ``,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for path := range writable {
			s := &stage{view: primaryView(), outcome: Outcome{Result: Done}}
			r := httptest.NewRequest("POST", path, strings.NewReader(body))
			w := httptest.NewRecorder()
			handlerOf(s).Local().ServeHTTP(w, r)
			require.NotEmpty(t, w.Body.String())
			require.Equal(t, len(s.asked) == 1 || (path == "/failsafe" && w.Code == 500), w.Code < 300 || (path == "/failsafe" && w.Code == 500))
			if len(s.asked) == 0 {
				continue
			}
			require.True(t, body == "" || json.Valid([]byte(body)), "%q", body)
			asked := s.asked[0]
			require.True(t, asked.At.IsZero() || asked.At.After(time.Now().Add(-time.Minute)))
			require.GreaterOrEqual(t, asked.Timeout, time.Duration(0))
		}
	})
}

// Whatever a query is, a check is met or not, and asking for more never makes a replica better.
func FuzzQueries(f *testing.F) {
	f.Add("/replica", "lag=10MB&tag_zone=a&replication_state=streaming")
	f.Add("/readiness", "lag=1e9&mode=write")
	f.Add("/async", "lag=%00&lag=1")
	f.Fuzz(func(t *testing.T, path, query string) {
		c, ok := checkOf(path)
		if !ok {
			return
		}
		for _, s := range states() {
			plain, asked := httptest.NewRecorder(), httptest.NewRecorder()
			request, err := http.NewRequestWithContext(context.Background(), "GET", "http://x"+path, nil)
			require.NoError(t, err)
			view := s.view
			readCheck(plain, request, c, &view)
			request.URL.RawQuery = query
			readCheck(asked, request, c, &view)
			require.Contains(t, []int{200, 503}, asked.Code)
			if c != checkReadiness { // where a limit may be wider than the default
				require.False(t, plain.Code == 503 && asked.Code == 200, "%s?%s in %s", path, query, s.name)
			}
		}
	})
}

// A size is read as it is written back.
func FuzzSize(f *testing.F) {
	f.Add("1.5GB")
	f.Add("1048576")
	f.Fuzz(func(t *testing.T, text string) {
		size, err := ParseSize(text)
		if err != nil {
			return
		}
		require.Less(t, size, Position(1<<63))
		require.Positive(t, strings.IndexFunc(text, func(r rune) bool { return r >= '0' && r <= '9' })+1)
	})
}
