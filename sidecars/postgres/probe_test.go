package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func TestWhatTheErrorOfAProbeMeans(t *testing.T) {
	answer := func(code string) error { return fmt.Errorf("connect: %w", &pgconn.PgError{Code: code}) }
	for _, row := range []struct {
		err  error
		want ProbeOutcome
	}{
		{nil, ProbeOK},
		{errInRecovery, ProbeReadOnly},
		{answer("57P03"), ProbeRefused}, // the database system is starting up
		{answer("57P01"), ProbeRefused}, // terminating connection due to administrator command
		{answer("57014"), ProbeTimeout}, // canceling statement due to statement timeout
		{answer("53100"), ProbeError},   // disk full
		{answer("53300"), ProbeError},   // too many clients already
		{answer("58030"), ProbeError},   // I/O error
		{notRunning(fmt.Errorf("dial: %w", syscall.ECONNREFUSED)), ProbeAbsent},
		{notRunning(fmt.Errorf("dial: %w", syscall.ENOENT)), ProbeAbsent},
		{fmt.Errorf("dial: %w", syscall.EAGAIN), ProbeTimeout}, // the queue of a stopped postmaster's socket is full
		{fmt.Errorf("read: %w", context.DeadlineExceeded), ProbeTimeout},
		{io.ErrUnexpectedEOF, ProbeError},
		{errors.New("anything else"), ProbeError},
	} {
		require.Equal(t, row.want, classifyProbe(row.err), "%v", row.err)
	}
}
