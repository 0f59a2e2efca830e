package spec_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

func rendered(t *testing.T, p spec.Problem) string {
	var out bytes.Buffer
	require.NoError(t, p.Render(&out, false))
	return out.String()
}

func TestRender(t *testing.T) {
	p := spec.Problem{Code: "ONG2005", Pos: spec.Pos{File: "shop.yaml", Line: 9, Col: 19}, Width: 4, Source: "  storage: {size: 10GB}", Message: `"10GB" is not a size`,
		Why: "Kubernetes has no unit GB", Fix: "write 10Gi", Backends: []string{"crunchy", "native"}}
	require.Equal(t, `shop.yaml:9:19: ONG2005: "10GB" is not a size
  9 |   storage: {size: 10GB}
    |                   ^~~~
  why: Kubernetes has no unit GB
  fix: write 10Gi
  backends that can: crunchy, native
`, rendered(t, p))
}

// TestCaret holds that the caret stands below what it means, for tabs, wide characters and lines too long to show.
func TestCaret(t *testing.T) {
	caret := func(source string, col, width int) (string, string) {
		lines := strings.Split(rendered(t, spec.Problem{Code: "ONG1001", Pos: spec.Pos{File: "x", Line: 1, Col: col}, Width: width, Source: source}), "\n")
		return strings.TrimPrefix(lines[1], "  1 | "), strings.TrimPrefix(lines[2], "    | ")
	}
	_, mark := caret("\ta:\tb", 5, 1)
	require.Equal(t, "\t  \t^", mark)
	_, mark = caret("항아리: x", 6, 1)
	require.Equal(t, "        ^", mark)
	_, mark = caret("a: 항아리", 4, 3)
	require.Equal(t, "   ^~~~~~", mark)
	_, mark = caret("e\u0301: x", 5, 1)
	require.Equal(t, "   ^", mark)
	_, mark = caret("abc", 99, 9)
	require.Equal(t, "   ^", mark)
	line, mark := caret(strings.Repeat("a", 500)+"HERE"+strings.Repeat("b", 500), 501, 4)
	require.Less(t, len([]rune(line)), 130)
	require.Equal(t, "HERE", string([]rune(line)[strings.Index(mark, "^"):][:4]))
	require.True(t, strings.HasSuffix(mark, "^~~~"))
	line, _ = caret("a: \x1b[31mred", 1, 1)
	require.NotContains(t, line, "\x1b")
}

func TestColor(t *testing.T) {
	var out bytes.Buffer
	p := spec.Problem{Code: "ONG1001", Pos: spec.Pos{File: "x", Line: 1, Col: 1}, Source: "a", Message: "m", Fix: "f"}
	require.NoError(t, p.Render(&out, true))
	require.Contains(t, out.String(), "\x1b[1;31mONG1001\x1b[0m")
	require.NotContains(t, rendered(t, p), "\x1b")
}

func TestExit(t *testing.T) {
	for code, want := range map[string]int{"ONG1001": 3, "ONG2001": 3, "ONG3001": 3, "ONG4001": 4, "ONG5001": 5, "ONG6001": 6, "ONG7001": 1, "": 3} {
		require.Equal(t, want, spec.Problem{Code: code}.Exit(), code)
	}
	require.Equal(t, 0, spec.Problems{}.Exit())
	require.Equal(t, 5, spec.Problems{{Code: "ONG1001"}, {Code: "ONG5001"}}.Exit())
	require.Equal(t, 3, spec.Problems{{Code: "ONG4001"}, {Code: "ONG1001"}}.Exit())
	require.NoError(t, spec.Problems{}.Err())
	require.Error(t, spec.Problems{{Code: "ONG1001"}}.Err())
}

func TestSort(t *testing.T) {
	at := func(file string, line, col int, code string) spec.Problem {
		return spec.Problem{Pos: spec.Pos{File: file, Line: line, Col: col}, Code: code}
	}
	ps := spec.Problems{at("b", 1, 1, "ONG1001"), at("a", 2, 1, "ONG1001"), at("a", 1, 9, "ONG2001"), at("a", 1, 9, "ONG1001"), at("a", 2, 1, "ONG1001")}
	require.Equal(t, spec.Problems{at("a", 1, 9, "ONG1001"), at("a", 1, 9, "ONG2001"), at("a", 2, 1, "ONG1001"), at("b", 1, 1, "ONG1001")}, ps.Sort())
}

func TestProblemJSON(t *testing.T) {
	data, err := json.Marshal(spec.Problem{Code: "ONG2005", Pos: spec.Pos{File: "a.yaml", Line: 1, Col: 2}, Path: "spec.storage.size", Message: "m", Fix: "f"})
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"ONG2005","file":"a.yaml","line":1,"col":2,"path":"spec.storage.size","message":"m","fix":"f"}`, string(data))
}
