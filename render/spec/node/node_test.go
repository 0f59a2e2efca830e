package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// documents are what the fuzz tests start from and the fast parser has to read by itself.
var documents = []string{
	"a: 1\n",
	"a: 1",
	"---\na: 1\n",
	"# head\n---\n# more\na: 1 # tail\n",
	"a: {b: 1, c: [x, y, \"z\"], d: {}}\n",
	"a: {b: , c: }\n",
	"a: [ ]\nb: {}\n",
	"a: [\n  x, # one\n  y\n]\n",
	"{\"a\": {\"b\":1, \"c\" : [true, null]}}\n",
	"{\n\t\"a\": 1\n}\n",
	"- a\n- b: 1\n  c: 2\n- - x\n  - y\n-\n- z\n",
	"a:\n- x\n- y\nb:\n  - x\n  -\n  - k: v\n    l: w\n",
	"a:\nb:\n  c:\n  d: 1\ne:\n",
	"a: |\n  one\n\n    two\n  three\n\nb: >-\n  folded\n  text\n\n  more\n    code\n  end\nc: |+\n  keep\n\n\nd: 1\n",
	"a: |\n  last",
	"a: >\n\n  x\n  y\n",
	"- |\n text\n- >\n  a\n  b\n",
	"a: 'it''s'\nb: \"tab\\t\\u00e9\\x41\\n\"\n'c': 1\n\"d\" : 2\n",
	"a: \"two\n  lines\n\n  three\"\nb: 'x\n  y'\nc: 1\n",
	"a: \"escaped \\\n   break\"\n",
	"url: http://example.com:80/x#y\ntime: 12:30\nneg: -1\ndash: -x\n",
	"한글: 값\nb: \"값\" # 주석\nc: {값: 1, d: 2}\n",
	"  a: 1\n  b: 2\n",
	"a b c: d e f  # x\n? not\n",
	"key: a#b\nother: a # b\n",
	"a:   \n  b:   1   \n\n\n  # c\n  c: 2\n",
	"m:\n  n:\n    - o:\n        - p\n",
	"a: &x 1\nb: *x\n",
	"a: !!str 1\n",
	"a: 1\na: 2\n",
	"a:\n\tb: 1\n",
	"a:\r\n  b: 1\r\n",
	"a: x\n  y\nb: 1\n",
	"[a: 1, b]\n",
	"a: 1\n...\n---\nb: 2\n",
	"%YAML 1.2\n---\na: 1\n",
	"<<: {a: 1}\n",
	"? a\n: b\n",
	"a: |2\n   x\n",
	"a: ~\nb: Null\nc: yes\nd: 0x1F\ne: 1e3\nf: .5\ng: +1\nh: 0o17\ni: .inf\n",
	"a: - b\n",
	"a: b: c\n",
	"a: [1, 2\nb: 3\n",
	"a: \"x\nb: \"y\"\n",
	"a:1\nb: 2\n",
	"a: 1\n b: 2\n",
	"a:\n   b: 1\n  c: 2\n",
	"a: @x\n",
	"a: * * *\n",
	"a: `x`\n",
	"",
	"---\n---\n",
	"plain\n",
	"\"quoted\"\n",
	"a: 'x' # c\nb: \"y\"# d\n",
}

// TestFastKnows holds that the YAML people write is read without yaml.v3.
func TestFastKnows(t *testing.T) {
	for _, src := range documents[:25] {
		for _, c := range split(src) {
			_, _, _, ok := parseFast(&File{Text: src}, c)
			require.Equal(t, !strings.Contains(src, "? not"), ok, "%q", src)
		}
	}
}

// TestDocuments holds the fast parser equal to yaml.v3 on every sample, and the samples' nodes to their places.
func TestDocuments(t *testing.T) {
	for _, src := range documents {
		compare(t, src)
	}
}

// FuzzParse holds for any text: no panic; what the fast parser accepts yaml.v3 accepts, as the same tree at the same
// positions; every node points at its own text; and all documents are those that yaml.v3 finds in the whole file.
func FuzzParse(f *testing.F) {
	for _, src := range documents {
		f.Add(src)
	}
	for _, file := range samples(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, src string) { compare(t, src) })
}

// TestJSON holds that JSON is read, also where YAML 1.1 is no superset of it.
func TestJSON(t *testing.T) {
	docs, errs := Parse("x.json", []byte("{\n\t\"a\": \"http:\\/\\/x\\ud83d\\ude00\",\n\t\"b\":[1,2.5e3,true,null,{}],\"c\":\"\"\n}\n"))
	require.Empty(t, errs)
	require.Equal(t, "http://x\U0001f600", docs[0].Get("a").Value)
	require.Len(t, docs[0].Get("b").Items, 5)
	require.Equal(t, []Type{Int, Float, Bool, Null}, []Type{docs[0].Get("b").Items[0].Type, docs[0].Get("b").Items[1].Type, docs[0].Get("b").Items[2].Type, docs[0].Get("b").Items[3].Type})
	require.True(t, docs[0].Get("c").Quoted())
	_, errs = Parse("x.json", []byte("{\"a\": \"\\ud83d\"}"))
	require.Len(t, errs, 1)
}

// TestTags holds that a tag which says what a value is anyway changes nothing, that !!str quotes, and that all others are refused.
func TestTags(t *testing.T) {
	for src, want := range map[string]Type{"!!int 3": Int, "!!float 1.5": Float, "!!bool true": Bool, "!!null ~": Null, "!!null": Null,
		"!!str 3": String, "!!str yes": String, "!!str": String, "!!str '3'": String, "!!str |\n  x": String} {
		docs, errs := Parse("x.yaml", []byte("a: "+src+"\n"))
		require.Empty(t, errs, src)
		n := docs[0].Get("a")
		require.Equal(t, want, n.Type, src)
		require.Equal(t, want == String, n.Quoted(), src)
	}
	for _, src := range []string{"!!int '3'", "!!bool yes", "!!int x", "!!float 3", "!version 17", "!!binary aGk=", "!!map []"} {
		_, errs := Parse("x.yaml", []byte("a: "+src+"\n"))
		require.Len(t, errs, 1, src)
	}
}

// samples are the specs that package spec is tested with.
func samples(tb testing.TB) []string {
	files, err := filepath.Glob("../testdata/*/*.yaml")
	require.NoError(tb, err)
	var out []string
	for _, file := range append(files, "../testdata/everything.yaml", "../testdata/project.yaml") {
		src, err := os.ReadFile(file)
		require.NoError(tb, err)
		out = append(out, string(src))
	}
	require.Greater(tb, len(out), 50)
	return out
}

// TestSamples holds the two parsers equal on whole specs, and that those with everything on are read without yaml.v3.
func TestSamples(t *testing.T) {
	all := samples(t)
	for _, src := range all {
		compare(t, src)
	}
	for _, src := range all[len(all)-2:] {
		for _, c := range split(src) {
			_, _, _, ok := parseFast(&File{Text: src}, c)
			require.True(t, ok)
		}
	}
}

func compare(t *testing.T, src string) {
	docs, errs := Parse("x.yaml", []byte(src))
	for _, e := range errs {
		require.NotEmpty(t, e.Message)
		require.GreaterOrEqual(t, e.Line, int32(1), "%q", src)
		require.GreaterOrEqual(t, e.Col, int32(1), "%q: %s", src, e.Message)
		require.LessOrEqual(t, e.Col, int32(utf8.RuneCountInString(e.File.Line(int(e.Line)))+1), "%q: %v", src, e)
	}
	for _, doc := range docs {
		pointsAtItself(t, src, doc, len(errs) == 0) // keys that were refused are gone
		checkBare(t, doc)
	}
	file, errs := decodeText("x.yaml", []byte(src))
	if errs != nil || strings.Contains(src, `\/`) || strings.Contains(strings.ToLower(src), `\ud`) {
		return // not text, or JSON that yaml.v3 does not know
	}
	for _, c := range split(file.Text) {
		fast, fastErrs, _, ok := parseFast(file, c)
		if !ok {
			continue
		}
		slow, slowErrs := parseSlow(file, c)
		if slow != nil && slow.Kind == Scalar && slow.Value == "" && slow.Style == Plain {
			slow = nil // an empty document
		}
		require.Equal(t, len(slowErrs), len(fastErrs), "%q: %v %v", src, slowErrs, fastErrs)
		for i := range slowErrs {
			require.Equal(t, slowErrs[i].Error(), fastErrs[i].Error())
		}
		require.Equal(t, dump(slow), dump(fast), "%q", src)
	}
	whole(t, file.Text, docs)
}

// whole holds the cutting of files into documents equal to yaml.v3's own.
func whole(t *testing.T, text string, docs []*Node) {
	dec := yaml.NewDecoder(strings.NewReader(text))
	var want []string
	for {
		var doc yaml.Node
		err := func() (err error) {
			defer func() {
				if recover() != nil {
					err = fmt.Errorf("panic")
				}
			}()
			return dec.Decode(&doc)
		}()
		if err != nil {
			if err.Error() != "EOF" {
				return
			}
			break
		}
		if len(doc.Content) == 1 {
			if c := doc.Content[0]; c.Kind != yaml.ScalarNode || c.Value != "" || c.Style != 0 {
				want = append(want, fmt.Sprint(c.Line))
			}
		}
	}
	var got []string
	for _, d := range docs {
		got = append(got, fmt.Sprint(d.Line))
	}
	if !strings.ContainsAny(text, "&!") { // their position is that of the anchor or tag
		require.Equal(t, want, got, "%q", text)
	}
}

// dump is a tree as text: everything that two parsers must agree on.
func dump(n *Node) string {
	if n == nil {
		return "nothing"
	}
	var b strings.Builder
	var walk func(n *Node, depth int)
	walk = func(n *Node, depth int) {
		fmt.Fprintf(&b, "%s%d %d %d @%d:%d %q\n", strings.Repeat(" ", depth), n.Kind, n.Type, n.Style, n.Line, n.Col, n.Value)
		for i, item := range n.Items {
			if n.Kind == Mapping {
				walk(n.Keys[i], depth+1)
			}
			walk(item, depth+2)
		}
	}
	walk(n, 0)
	return b.String()
}

// pointsAtItself holds that the text of each node is where the node says.
func pointsAtItself(t *testing.T, src string, n *Node, clean bool) {
	line := []rune(n.File.Line(int(n.Line)))
	require.LessOrEqual(t, int(n.Col), len(line)+1, "%q: node at %d:%d", src, n.Line, n.Col)
	rest := string(line[n.Col-1:])
	require.GreaterOrEqual(t, n.Width(), 1)
	require.LessOrEqual(t, n.Width(), max(1, utf8.RuneCountInString(rest)), "%q: node at %d:%d", src, n.Line, n.Col)
	begins := func(s string) {
		require.True(t, strings.HasPrefix(rest, s), "%q: node at %d:%d is %q, not %q", src, n.Line, n.Col, rest, s)
	}
	tagged := strings.Contains(src, "!")
	switch {
	case n.Kind == Scalar && n.Style == Plain:
		first, _, _ := strings.Cut(n.Value, "\n")
		if !strings.Contains(first, " ") { // folded from several lines, perhaps
			begins(first)
		}
	case tagged:
	case n.Style == SingleQuoted:
		begins("'")
	case n.Style == DoubleQuoted:
		begins("\"")
	case n.Style == Literal:
		begins("|")
	case n.Style == Folded:
		begins(">")
	case n.Style == Flow && n.Kind == Mapping:
		if k := n.Keys; !strings.Contains(src, "?") && (len(k) != 1 || k[0].Line != n.Line || k[0].Col != n.Col) { // a pair in a list has no brace: [a: 1]
			begins("{")
		}
	case n.Style == Flow:
		begins("[")
	case n.Kind == Sequence:
		begins("-")
	case n.Kind == Mapping && len(n.Keys) > 0:
		if k := n.Keys[0]; clean && !strings.ContainsAny(src, "?&") {
			require.Equal(t, []int32{k.Line, k.Col}, []int32{n.Line, n.Col}, "%q", src)
		}
	}
	for i, item := range n.Items {
		if n.Kind == Mapping {
			pointsAtItself(t, src, n.Keys[i], clean)
		}
		pointsAtItself(t, src, item, clean)
	}
}
