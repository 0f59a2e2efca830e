package day2_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/kube"
	"github.com/onggi-db/onggi/sidecars/capture"
)

// logging is a database whose logs a handler answers with, n being how often it was asked before.
func logging(t *testing.T, log func(w http.ResponseWriter, r *http.Request, n int64)) *day2.Database {
	t.Helper()
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch filepath.Base(r.URL.Path) {
		case "log":
			log(w, r, asked.Add(1)-1)
		case "shop":
			fmt.Fprint(w, `{"spec":{"selector":{"matchLabels":{"onggi.dev/cluster":"shop"}}}}`)
		}
	}))
	t.Cleanup(api.Close)
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
contexts: [{name: here, context: {cluster: c}}]
current-context: here
`, api.URL), 0o600))
	server, err := kube.Connect(file, "")
	require.NoError(t, err)
	d, err := day2.Find(t.Context(), server, "db", "shop", "native")
	require.NoError(t, err)
	return d
}

func behind(member, container string) string { return member + "/" + container + " | " }

// A log that breaks off in its middle is followed on, as one whose container starts again.
func TestALogThatBreaksOffIsFollowedOn(t *testing.T) {
	d := logging(t, func(w http.ResponseWriter, _ *http.Request, n int64) {
		if n == 0 {
			fmt.Fprintln(w, "one")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintln(w, "two")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs capture.Output
	done := make(chan error, 1)
	go func() {
		done <- d.Follow(ctx, day2.Logs{Members: []string{"shop-0"}, Containers: []string{"agent"}, Follow: true, Tail: -1}, behind, &out, &errs)
	}()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "shop-0/agent | two\n") }, time.Minute, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	require.True(t, strings.HasPrefix(out.String(), "shop-0/agent | one\nshop-0/agent | (copy the log of shop-0/agent: unexpected EOF)\nshop-0/agent | two\n"), out.String())
	require.Empty(t, errs.String())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

// Where nobody reads on, nothing is followed.
func TestFollowingEndsWithItsReader(t *testing.T) {
	d := logging(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { fmt.Fprintln(w, "one") })
	var errs capture.Output
	err := d.Follow(t.Context(), day2.Logs{Members: []string{"shop-0"}, Containers: []string{"agent"}, Follow: true, Tail: -1}, behind, full{}, &errs)
	require.ErrorContains(t, err, "copy the log of shop-0/agent: the disk is full")
}
