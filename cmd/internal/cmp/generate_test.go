package cmp

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

// Work that does not end in time is told, with the exit code of time, whether it looks at its context or not.
func TestWithin(t *testing.T) {
	stuck := make(chan struct{})
	defer close(stuck)
	for name, work := range map[string]func(context.Context) ([]byte, error){
		"obedient": func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() },
		"deaf":     func(context.Context) ([]byte, error) { <-stuck; return []byte("late"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			out, err := within(context.Background(), time.Millisecond, work)
			require.Empty(t, out)
			var outcome cli.Error
			require.ErrorAs(t, err, &outcome)
			require.Equal(t, cli.Timeout, outcome.Code)
			require.ErrorContains(t, err, "ONG3107: rendering was not done after 1ms")
		})
	}
	out, err := within(context.Background(), time.Minute, func(context.Context) ([]byte, error) { return []byte("done"), nil })
	require.NoError(t, err)
	require.Equal(t, "done", string(out))
	failure := errors.New("no")
	_, err = within(context.Background(), time.Minute, func(context.Context) ([]byte, error) { return nil, failure })
	require.ErrorIs(t, err, failure)
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = within(canceled, time.Minute, func(ctx context.Context) ([]byte, error) { <-stuck; return nil, nil })
	require.ErrorIs(t, err, context.Canceled, "a signal is no deadline")
}
