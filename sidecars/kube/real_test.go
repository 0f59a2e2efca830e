package kube_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// startReal is a real API server, where ONGGI_E2E_KUBE names the folder of its programs: they take ten minutes to build.
func startReal(t *testing.T, tokens map[string]string) *kubetest.Real {
	t.Helper()
	bin := os.Getenv("ONGGI_E2E_KUBE")
	if bin == "" {
		t.Skip("needs kube-apiserver and etcd: run make e2e-kube")
	}
	bin, err := filepath.Abs(bin)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	real, err := kubetest.StartReal(ctx, bin, t.TempDir(), tokens)
	require.NoError(t, err)
	t.Cleanup(real.Close)
	return real
}

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token), 0o600))
	return file
}

func TestRealLease(t *testing.T) {
	real := startReal(t, nil)
	options := kube.Options{Server: real.URL, CAFile: real.CAFile, TokenFile: tokenFile(t, kubetest.AdminToken), Namespace: "default"}
	raceForALease(t, options, 20)
}

// raceForALease lets five clients take a Lease from each other, round by round: each version has one successor, and the term counts them.
func raceForALease(t *testing.T, o kube.Options, rounds int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o.Budget = kube.Budget{PerSecond: 1000, Burst: 1000}
	first, err := kube.New(o)
	require.NoError(t, err)
	defer first.Close()
	_, r := first.CreateLease(ctx, "race", kube.Lease{DurationSeconds: 30})
	require.Equal(t, kube.Applied, r.Outcome, r)

	wins := make([]map[int64]string, 5)
	var all sync.WaitGroup
	for i := range wins {
		wins[i] = map[int64]string{}
		all.Go(func() {
			c, err := kube.New(o)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for ctx.Err() == nil {
				l, r := c.GetLease(ctx, "race")
				if r.Outcome != kube.Applied || l.Transitions >= rounds {
					return
				}
				l.Holder, l.Transitions = fmt.Sprint("client-", i), l.Transitions+1
				after, r := c.UpdateLease(ctx, "race", l)
				if r.Outcome == kube.Applied {
					wins[i][after.Transitions] = after.Version
				} else if r.Outcome != kube.Conflict {
					t.Errorf("client %d: %s", i, r)
					return
				}
			}
		})
	}
	all.Wait()
	owner := map[int64]int{}
	for i, won := range wins {
		for term := range won {
			other, twice := owner[term]
			require.False(t, twice, "term %d was won by %d and %d", term, other, i)
			owner[term] = i
		}
	}
	require.Len(t, owner, int(rounds))
}
