package supervise

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct{ line, err string }{
		{`{"hello":{"version":1}}`, ""},
		{`{"hello":{"version":1,"colour":"red"},"later":true}`, ""},
		{`{"grant":{"n":7,"millis":6000}}`, ""},
		{`{"grant":{"n":7,"millis":-1}}`, "not from 0"},
		{`{"grant":{"n":7,"millis":60001}}`, "not from 0"},
		{`{"grant":{"n":-7,"millis":1}}`, "read a message"},
		{`{"grant":{"n":7,"millis":1e99}}`, "read a message"},
		{`{"id":"a","start":{"mode":"primary","argv":["postgres"]}}`, ""},
		{`{"start":{"mode":"primary","argv":["postgres"]}}`, "without an id"},
		{`{"id":"a","teleport":{}}`, ""}, // answered with "unknown"
		{`{}`, "without an id"},
		{`null`, "without an id"},
		{`[]`, "read a message"},
		{``, "read a message"},
		{`{"id":"a"} {"id":"b"}`, "read a message"},
		{"\x00\xff", "read a message"},
	} {
		_, err := decode([]byte(tt.line))
		if tt.err == "" {
			require.NoError(t, err, tt.line)
		} else {
			require.ErrorContains(t, err, tt.err, tt.line)
		}
	}
}

func TestLines(t *testing.T) {
	var got []string
	read := func(s string) error {
		got = nil
		return lines(strings.NewReader(s), func(m message) error { got = append(got, m.ID); return nil })
	}
	require.NoError(t, read("{\"id\":\"a\"}\n{\"id\":\"b\"}\n"))
	require.Equal(t, []string{"a", "b"}, got)

	var e *Error
	require.ErrorAs(t, read("{\"id\":\"a\"}\nnonsense\n{\"id\":\"b\"}\n"), &e)
	require.Equal(t, CodeMalformed, e.Code)
	require.Equal(t, []string{"a"}, got, "nothing is believed after a line that makes no sense")

	require.ErrorAs(t, read(`{"id":"`+strings.Repeat("x", maxLine)+`"}`), &e)
	require.Contains(t, e.Message, "longer than")
}

func TestNews(t *testing.T) {
	base := Status{Instance: "a", Phase: Writing, Permit: 5, Exit: &Exit{Start: 1}, Disk: &Disk{Free: 1, Total: 2}, WAL: &Disk{Free: 4, Total: 4}, Tool: &Tool{ID: "x", Millis: 1}}
	same := base
	same.Permit, same.Exit, same.Disk, same.WAL, same.Tool = 9, &Exit{Start: 1}, &Disk{Free: 1, Total: 2}, &Disk{Free: 4, Total: 4}, &Tool{ID: "x", Millis: 2}
	require.False(t, same.news(base), "the permit, the age of a tool, and other copies of the same")
	for what, change := range map[string]func(*Status){
		"phase": func(s *Status) { s.Phase = Killed }, "exit": func(s *Status) { s.Exit = &Exit{Start: 2} }, "no exit": func(s *Status) { s.Exit = nil },
		"disk": func(s *Status) { s.Disk = &Disk{Free: 0, Total: 2} }, "no disk": func(s *Status) { s.Disk = nil },
		"log's disk": func(s *Status) { s.WAL = &Disk{Free: 3, Total: 4} },
		"tool":       func(s *Status) { s.Tool = &Tool{ID: "y"} }, "no tool": func(s *Status) { s.Tool = nil }, "armed": func(s *Status) { s.Armed = true },
		"lacks": func(s *Status) { s.Lacks = "000000010000000000000007" }, "refused again": func(s *Status) { s.Refused = 1 },
		"told to end": func(s *Status) { s.Terminating = true }, "guard": func(s *Status) { s.Guarded = true },
	} {
		other := base
		change(&other)
		require.True(t, other.news(base), what)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range []message{
		{Hello: &hello{Version: Version}}, {Grant: &grant{N: 3, Millis: 100}}, {ID: "a", Start: &Start{Mode: Primary, Argv: []string{"x"}}},
		{ID: "b", Exec: &Command{Argv: []string{"x"}, Stdin: "y\x00"}}, {ID: "c", Answer: &answer{Error: refuse(CodeBusy, "no")}},
		{Tick: &ticked{N: 9, Status: &Status{Phase: Down, Exit: &Exit{Signal: 9}}}}, {Tick: &ticked{N: 10, Permit: 7}},
	} {
		f.Add(encode(m))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := decode(line)
		if err != nil {
			return
		}
		if g := m.Grant; g != nil {
			require.True(t, g.Millis >= 0 && g.Millis <= maxGrant.Milliseconds())
		}
		again, err := decode(encode(m))
		require.NoError(t, err, "what was read can be written")
		require.Equal(t, encode(m), encode(again))
		require.Equal(t, 1, bytes.Count(encode(m), []byte("\n")), "and is one line")
	})
}

func TestForwardKeepsEveryByteInWholeLines(t *testing.T) {
	long := strings.Repeat("x", 40<<10)
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"lines", "a\nb\n", "a\nb\n"},
		{"a last line without an end", "a\nb", "a\nb\n"},
		{"empty lines", "\n\n", "\n\n"},
		{"longer than any buffer", long + "\nb\n", long + "\nb\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in)), iotest.DataErrReader(strings.NewReader(tt.in))} {
				var got strings.Builder
				forward(r, func(b []byte) {
					if len(b) < 16<<10 && !strings.HasSuffix(string(b), "\n") && got.Len() > 40<<10 {
						t.Error("half a line")
					}
					got.Write(b)
				})
				require.Equal(t, tt.want, got.String())
			}
		})
	}
}

func TestTail(t *testing.T) {
	tl := &tail{limit: 10}
	for i := range 100 {
		fmt.Fprintf(tl, "%d\n", i)
		require.LessOrEqual(t, len(tl.b), 30)
	}
	text, cut := tl.text()
	require.Equal(t, "\n97\n98\n99\n", text)
	require.True(t, cut)
}

func TestOwnLinesNeverWait(t *testing.T) {
	gate := make(chan struct{})
	var got bytes.Buffer
	l := newLog(writer(func(b []byte) (int, error) { <-gate; return got.Write(b) }))
	for range 500 {
		l.printf("hello")
	}
	close(gate)
	l.flush()
	require.Contains(t, got.String(), "messages of the supervisor were dropped")
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestEnvironment(t *testing.T) {
	require.Equal(t, []string{"A=1", "B=3", "C="}, environment([]string{"A=1", "B=2"}, []string{"B=3", "C="}))
}

func TestAToolIsNoServer(t *testing.T) {
	for _, row := range []struct {
		argv []string
		is   bool
	}{
		{[]string{"/usr/bin/postgres", "-D", "/v/data"}, true},
		{[]string{"/usr/bin/postgres", "-D", "/v/./data/"}, true},
		{[]string{"/usr/bin/postgres"}, true},
		{[]string{"/usr/bin/postgres", "-D", "/v/data.new"}, false}, // a recovery beside what is served
		{[]string{"pg_ctl", "start"}, true},
		{[]string{"pg_ctl", "start", "-D", "/v/data", "-l", "reload"}, true},
		{[]string{"pg_ctl", "promote", "-D", "/v/data"}, true},
		{[]string{"/usr/bin/pg_ctl", "reload", "-D", "/v/data"}, false}, // what one reads that lets nobody in
		{[]string{"pg_ctl", "kill", "TERM", "7"}, false},                // a receiver that does not go by itself
		{[]string{"pg_ctl", "stop", "-D", "/v/data"}, true},
		{[]string{"pg_ctl", "stop", "-D", "/v/data.new"}, false},
		{[]string{"postgres", "--single", "-D", "/v/data"}, false},
		{[]string{"postgres", "-D", "/v/data", "-C", "data_checksums"}, false},
		{[]string{"pg_controldata"}, false},
	} {
		require.Equal(t, row.is, server(row.argv, "/v/data"), row.argv)
	}
}

// What postgres is, by its control file.
func TestControl(t *testing.T) {
	file := func(state uint32, rest byte) control {
		b := bytes.Repeat([]byte{rest}, controlSize)
		binary.NativeEndian.PutUint32(b[controlState:], state)
		return b
	}
	for _, tt := range []struct {
		name        string
		before, now control
		want        Phase
	}{
		{"a primary that crashed left it so", file(6, 1), file(6, 1), Starting},
		{"a standby is recovering", file(6, 1), file(5, 2), Following},
		{"it was promoted", file(5, 1), file(6, 2), Writing},
		{"it was promoted between two looks", file(6, 1), file(6, 2), Writing},
		{"crash recovery", file(6, 1), file(4, 2), Starting},
		{"shut down", file(6, 1), file(1, 2), Starting},
		{"none yet", nil, nil, Starting},
		{"none any more", file(6, 1), nil, Starting},
	} {
		require.Equal(t, tt.want, tt.now.phase(tt.before), tt.name)
	}
}

func TestErrorsAreMatchedByCode(t *testing.T) {
	var e *Error
	require.ErrorAs(t, fmt.Errorf("start: %w", error(refuse(CodeNoPermit, "none"))), &e)
	require.Equal(t, CodeNoPermit, e.Code)
	require.False(t, errors.Is(e, io.EOF))
}
