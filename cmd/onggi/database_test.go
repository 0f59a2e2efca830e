//go:build linux

package main

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

// keyboard is a terminal, and what types at it.
func keyboard(t *testing.T) (types, terminal *os.File) {
	t.Helper()
	types, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = types.Close() })
	number, err := unix.IoctlGetInt(int(types.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(types.Fd()), unix.TIOCSPTLCK, 0))
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	return types, terminal
}

// A person is asked where there is one, and only yes is a yes.
func TestWhoIsAsked(t *testing.T) {
	const question = "Switch shop over"
	for typed, code := range map[string]int{"y\n": cli.Done, "Yes\n": cli.Done, "n\n": cli.Findings, "\n": cli.Findings, "yesterday\n": cli.Findings} {
		types, terminal := keyboard(t)
		_, err := types.WriteString(typed)
		require.NoError(t, err)
		var asked bytes.Buffer
		s := cli.Streams{In: terminal, Err: &asked, Terminal: true}
		require.Equal(t, code, codeOf(t, (&databaseFlags{}).confirm(t.Context(), &s, question)), typed)
		require.Equal(t, "Switch shop over? [y/N]: ", asked.String())
	}
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	for name, s := range map[string]cli.Streams{"a pipe": {In: &bytes.Buffer{}, Terminal: true}, "the null device": {In: null, Terminal: true}} {
		require.Equal(t, cli.Usage, codeOf(t, (&databaseFlags{}).confirm(t.Context(), &s, question)), name)
		require.NoError(t, (&databaseFlags{yes: true}).confirm(t.Context(), &s, question))
		require.NoError(t, (&databaseFlags{}).confirm(t.Context(), &s, ""), "what takes nothing away is not asked")
	}
}

// Who stops the program at the question is not kept waiting for an answer.
func TestAQuestionThatIsStopped(t *testing.T) {
	_, terminal := keyboard(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var asked bytes.Buffer
	s := cli.Streams{In: terminal, Err: &asked, Terminal: true}
	require.ErrorIs(t, (&databaseFlags{}).confirm(ctx, &s, "Switch shop over"), context.Canceled)
}

func codeOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return cli.Done
	}
	var e cli.Error
	require.ErrorAs(t, err, &e)
	return e.Code
}
