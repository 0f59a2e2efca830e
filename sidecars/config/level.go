package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Trace is below slog's levels: what is said of every letter that members send.
const Trace = slog.LevelDebug - 4

// LogLevel is how much a program says: error, warning, info, debug or trace; empty: info.
type LogLevel string

// Level is slog's.
func (l LogLevel) Level() slog.Level {
	level, _ := l.level()
	return level
}

func (l LogLevel) level() (slog.Level, bool) {
	switch l {
	case "", "info":
		return slog.LevelInfo, true
	case "error":
		return slog.LevelError, true
	case "warning":
		return slog.LevelWarn, true
	case "debug":
		return slog.LevelDebug, true
	case "trace":
		return Trace, true
	}
	return slog.LevelInfo, false
}

func (l LogLevel) validate() error {
	if _, known := l.level(); !known {
		return fmt.Errorf("logLevel is %q: error, warning, info, debug or trace", l)
	}
	return nil
}

// NewLog writes lines of text of a level that may change, each whole.
func NewLog(out io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.LevelKey && a.Value.Any() == Trace {
			return slog.String(slog.LevelKey, "TRACE")
		}
		return a
	}}))
}
