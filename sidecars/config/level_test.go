package config

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHowMuchIsLogged(t *testing.T) {
	all := []string{"ERROR", "WARN", "INFO", "DEBUG", "TRACE"}
	for said, n := range map[LogLevel]int{"error": 1, "warning": 2, "": 3, "info": 3, "debug": 4, "trace": 5} {
		var out strings.Builder
		level := &slog.LevelVar{}
		log := NewLog(&out, level)
		level.Set(said.Level()) // also after the log was made
		for _, l := range []slog.Level{slog.LevelError, slog.LevelWarn, slog.LevelInfo, slog.LevelDebug, Trace} {
			log.Log(context.Background(), l, "x", "level", "of one's own")
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, n, said)
		for i, line := range lines {
			require.Contains(t, line, "level="+all[i]+" ")
		}
	}
	_, err := Parse([]byte("{cluster: shop, logLevel: loud}"))
	require.ErrorContains(t, err, `logLevel is "loud"`)
	f, err := Parse([]byte("{cluster: shop, logLevel: debug}"))
	require.NoError(t, err)
	require.Equal(t, slog.LevelDebug, f.LogLevel.Level())
}
