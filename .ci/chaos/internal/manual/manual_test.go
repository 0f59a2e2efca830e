package manual

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// page writes ”' for a fence, which a string of Go cannot hold.
func page(text string) string { return strings.ReplaceAll(text, "'''", "```") }

func TestReadFindsTheStepsOfSectionsThatAreFollowed(t *testing.T) {
	sections, err := Read(page(`# Manual

'''sh
not followed
'''

## Quick start
<!-- follow -->

First:

'''sh
one
two
'''
'''text
out …
'''

<!-- follow: skip there is no machine -->
'''sh
install
'''
'''yaml
kind: Pod
'''
<!-- follow: again 1m30s -->
<!-- follow: exit 8 -->
- In a list:

  '''sh
  three \
    four
  '''

### Below it

<!-- follow: break lose node-1 -->
<!-- follow: here rm -r it -->

## Not yet
<!-- follow: not its nodes are missing -->
<!-- follow: exit 1 -->
'''sh
five
'''

## Another

'''sh
not followed either
'''
`))
	require.NoError(t, err)
	require.Equal(t, []Section{
		{Title: "Quick start", Line: 7, Steps: []Step{
			{Kind: Run, Line: 12, Text: "one\ntwo", Wanted: []string{"out …"}},
			{Kind: Skip, Line: 21, Text: "install", Why: "there is no machine"},
			{Kind: Run, Line: 31, Text: "three \\\n  four", Again: 90 * time.Second, Exit: 8},
		}},
		{Title: "Below it", Line: 36, Steps: []Step{
			{Kind: Break, Line: 38, Text: "lose node-1"},
			{Kind: Here, Line: 39, Text: "rm -r it"},
		}},
		{Title: "Not yet", Line: 41, Why: "its nodes are missing", Steps: []Step{{Kind: Run, Line: 44, Text: "five", Exit: 1}}},
	}, sections)
}

func TestReadRefusesWhatWouldNotBeFollowed(t *testing.T) {
	const follow = "## A\n<!-- follow -->\n"
	for text, message := range map[string]string{
		follow + "<!-- follow: skp it -->":                                   `line 3: there is no comment "skp"`,
		follow + "<!-- follow: skip -->\n'''sh\na\n'''":                      "line 3: skip without a reason",
		follow + "<!-- follow: again soon -->\n'''sh\na\n'''":                `line 3: again "soon": for how long?`,
		follow + "<!-- follow: exit one -->\n'''sh\na\n'''":                  `line 3: exit "one" is no exit code`,
		follow + "<!-- follow: here -->":                                     "line 3: here what?",
		follow + "<!-- follow: again 1m -->\n\n## B\n":                       "line 3: a comment about a block that does not come",
		follow + "'''text\nout\n'''":                                         "line 3: what is printed, without the commands that print it",
		follow + "'''sh\na\n'''\nand then\n'''text\nout\n'''":                "line 7: what is printed, without the commands that print it",
		follow + "<!-- follow: skip why -->\n'''sh\na\n'''\n'''text\nb\n'''": "line 7: what is printed, without the commands that print it",
		"## A\n<!-- follow: again 1m -->\n":                                  "line 2: a comment about a block in a section that is not followed",
	} {
		_, err := Read(page(text))
		require.EqualError(t, err, message, text)
	}
}

func TestThePagesThatAreFollowedCanBeRead(t *testing.T) {
	for name, title := range map[string]string{"docs/native.md": "Quick start on k3s", "README.md": "A namespace and no operator"} {
		text, err := os.ReadFile("../../../../" + name)
		require.NoError(t, err)
		sections, err := Read(string(text))
		require.NoError(t, err, name)
		require.Equal(t, title, sections[0].Title)
		require.Empty(t, sections[0].Why)
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		name, wanted, output, problem string
	}{
		{"the same", "a b\nc", "a b\nc\n", ""},
		{"other spaces", "a b", "  a    b  ", ""},
		{"a part of a line", "shop-… is …", "shop-2 is primary", ""},
		{"no part of a line", "shop-…", "shop-", ""},
		{"nothing between words", "a … b", "a b", ""},
		{"signs are themselves", "(1 row) [x].*", "(1 row) [x].*", ""},
		{"signs mean nothing", "a.c", "abc", `it does not print the line "a.c"`},
		{"any lines", "a\n…\nz", "a\nb\nc\nz", ""},
		{"no lines", "a\n…\nz", "a\nz", ""},
		{"as many as it takes", "…\nz\n…", "z\nz\nz", ""},
		{"nothing at all", "", "", `it does not print the line ""`},
		{"a line that is missing", "a\nb", "a", `it does not print the line "b"`},
		{"a line that is another", "a\nb", "a\nc", `it does not print the line "b"`},
		{"a line too many", "a", "a\nb", "it prints more than is said"},
		{"in another order", "…\na\nb\n…", "b\na", `it does not print the line "b"`},
		{"the whole line", "healthy", "unhealthy", `it does not print the line "healthy"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Match(strings.Split(tt.wanted, "\n"), tt.output)
			if tt.problem == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.problem)
		})
	}
}

func reader(t *testing.T) *Reader {
	t.Helper()
	r, err := NewReader(t.TempDir(), t.TempDir(), []string{"PATH=/usr/bin:/bin"})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func TestOneShellRunsAllBlocks(t *testing.T) {
	r, ctx := reader(t), t.Context()
	_, _, err := r.Do(ctx, "x=1; mkdir there; cd there; sleep 60 &")
	require.NoError(t, err)
	out, _, err := r.Do(ctx, `echo "$x ${PWD##*/} $(jobs | wc -l)"; echo wrong >&2`)
	require.NoError(t, err)
	require.Equal(t, "1 there 1\nwrong\n", out)
	out, _, err = r.Do(ctx, "until true; do :; done; false || cat; echo still here")
	require.NoError(t, err)
	require.Equal(t, "still here\n", out)
}

func TestACommandThatFailsEndsTheShell(t *testing.T) {
	for _, block := range []string{"echo before; (exit 3); echo after", "echo before; sh -c 'exit 3' | cat; echo after"} {
		r := reader(t)
		out, code, err := r.Do(t.Context(), "sleep 60 &\n"+block)
		require.ErrorIs(t, err, errEnded)
		require.Equal(t, 3, code)
		require.Equal(t, "before\n", out)
		_, _, err = r.Do(t.Context(), "true")
		require.Error(t, err)
	}
}

func TestATryMayFail(t *testing.T) {
	r := reader(t)
	out, code, err := r.Try(t.Context(), "echo a; false; echo b")
	require.NoError(t, err)
	require.Equal(t, 1, code)
	require.Equal(t, "a\n", out)
	tries := 0
	out, _, err = r.Until(t.Context(), "echo x >> f; wc -l < f", time.Millisecond, func(output string, _ int) error {
		if tries++; strings.TrimSpace(output) != "3" {
			return errors.New("not yet")
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "3", strings.TrimSpace(out))
	require.Equal(t, 3, tries)
}

func TestABlockThatDoesNotEndIsEnded(t *testing.T) {
	r := reader(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	out, _, err := r.Do(ctx, "echo begun; sleep 60")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, "begun\n", out)
	require.Less(t, time.Since(began), 10*time.Second)
}

func FuzzRead(f *testing.F) {
	f.Add(page("# A\n<!-- follow -->\n<!-- follow: again 1m -->\n'''sh\na\n'''\n'''text\nb …\n'''\n"))
	f.Add(page("'''sh\n'''"))
	f.Fuzz(func(t *testing.T, text string) {
		sections, err := Read(text)
		if err != nil {
			return
		}
		lines := strings.Count(text, "\n") + 1
		for _, s := range sections {
			require.NotEmpty(t, s.Steps)
			for _, step := range s.Steps {
				require.LessOrEqual(t, step.Line, lines)
				require.Contains(t, []Kind{Run, Skip, Here, Break}, step.Kind)
				if step.Wanted != nil {
					_ = Match(step.Wanted, step.Text)
				}
			}
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("a\n…\nb…", "a\nc\nbx")
	f.Fuzz(func(t *testing.T, wanted, output string) {
		lines := strings.Split(wanted, "\n")
		err := Match(lines, output)
		if !strings.Contains(wanted, Anything) && spaced(wanted) != "" && wanted == strings.TrimRight(output, "\n") && wanted == output {
			require.NoError(t, err, "every text is like itself")
		}
		require.NoError(t, Match([]string{Anything}, output), "anything is like anything")
	})
}
