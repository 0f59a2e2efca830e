package freeport_test

import (
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/freeport"
)

// Many tests that ask at once all get another one, on which they can listen.
func TestNoPortIsTakenTwice(t *testing.T) {
	var mu sync.Mutex
	var all sync.WaitGroup
	taken := map[int]bool{}
	for range 200 {
		all.Go(func() {
			port, release, err := freeport.Take()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(release)
			mu.Lock()
			defer mu.Unlock()
			if taken[port] {
				t.Errorf("%d was taken twice", port)
			}
			taken[port] = true
		})
	}
	all.Wait()
	for port := range taken {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
}
