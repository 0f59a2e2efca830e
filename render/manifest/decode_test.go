package manifest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sigsyaml "sigs.k8s.io/yaml"
)

// object is the YAML of an object with the given lines under it.
func object(lines ...string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + strings.Join(lines, "\n") + "\n"
}

func TestDecodeStream(t *testing.T) {
	objs, err := Decode("extra.yaml", []byte("# a comment\n---\n---\n"+object()+"---\n# nothing\n---\nnull\n---\n"+
		`apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: b, namespace: x}
- {apiVersion: v1, kind: ConfigMapList, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}]}
---
{apiVersion: v1, kind: List, items: []}
---
{apiVersion: example.org/v1, kind: AllowList, metadata: {name: d}, items: [1]}
`))
	require.NoError(t, err)
	var got []string
	for _, o := range objs {
		got = append(got, o.Origin+" "+o.Ref().String())
	}
	require.Equal(t, []string{
		"extra.yaml:4 ConfigMap/a", "extra.yaml:16 Secret/x/b", "extra.yaml:19 ConfigMap/c", "extra.yaml:23 AllowList/d",
	}, got)
}

func TestDecodeNothing(t *testing.T) {
	for _, in := range []string{"", "\n", "# x\n", "---\n", "---\n---\n", "null", "~\n...\n", "\ufeff"} {
		objs, err := Decode("x", []byte(in))
		require.NoError(t, err, "%q", in)
		require.Empty(t, objs, "%q", in)
	}
}

func TestDecodeJSON(t *testing.T) {
	long := strings.Repeat("k", 2000)
	in := "\n {\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\n\"metadata\":{\"name\":\"a\"},\"data\":{\"" + long + "\":\"\\ud83d\\ude00\\/\u007f\", \"on\": 1, \"n\": [1.0, 1e3, 12345678901234567890, 0.5, null, true, {}]}}\n" +
		`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}`
	objs, err := Decode("a.json", []byte(in))
	require.NoError(t, err)
	require.Len(t, objs, 2)
	require.Equal(t, "a.json:2", objs[0].Origin)
	require.Equal(t, "a.json:4", objs[1].Origin)
	require.Equal(t, Map{long: "😀/\u007f", "on": int64(1), "n": []any{int64(1), int64(1000), 12345678901234567890.0, 0.5, nil, true, Map{}}}, objs[0].Body()["data"])
}

// What an unquoted scalar means is what sigs.k8s.io/yaml, and so kubectl, Helm and Kustomize, make of it.
func TestDecodeScalars(t *testing.T) {
	for in, want := range map[string]any{
		"yes": true, "On": true, "y": true, "N": false, "off": false, "~": nil, "": nil, "yEs": "yEs",
		"1": int64(1), "017": int64(15), "0o17": int64(15), "08": int64(8), "0x1F": int64(31), "0b101": int64(5), "1_000": int64(1000), "-0": int64(0), "+1": int64(1),
		"1.0": int64(1), "1e3": int64(1000), "1.5": 1.5, ".5": 0.5, "1e21": 1e21, "18446744073709551615": 18446744073709551615.0, "99999999999999999999": 1e20, "1e400": "1e400",
		"12:30": "12:30", "2001-12-14": "2001-12-14", "2001-12-14t21:59:43.10-05:00": "2001-12-14t21:59:43.10-05:00", "1.2.3": "1.2.3", "10Gi": "10Gi", "=": "=",
		`"on"`: "on", `'1'`: "1", "!!str 1": "1", "!!int 1": int64(1), "!!int '1'": int64(1), "!!float 1": int64(1), "!!bool yes": true, "!!null ''": nil, "!!binary YQ==": "a", "!!timestamp 2001-01-01": "2001-01-01",
		"|-\n  on": "on", ">\n  a\n  b\n": "a b\n", "!!str on": "on",
	} {
		objs, err := Decode("x", []byte(object("x: "+in)))
		require.NoError(t, err, in)
		require.Equal(t, want, objs[0].Body()["x"], in)
		if !strings.HasPrefix(in, "!!timestamp") {
			require.Equal(t, want, asKubectl(t, object("x: "+in)).(Map)["x"], "kubectl reads %s", in)
		}
	}
}

func TestDecodeKeys(t *testing.T) {
	for in, want := range map[string]string{
		"on": "true", "n": "false", "1": "1", "0x10": "16", "1e6": "1e+06", "1.10": "1.1", "'on'": "on", "2001-01-01": "2001-01-01", "? a\n  ": "a", "!!str on": "on", "&k a": "a",
	} {
		text := object("x:", "  "+in+": v")
		objs, err := Decode("x", []byte(text))
		require.NoError(t, err, in)
		require.Equal(t, Map{want: "v"}, objs[0].Body()["x"], in)
		require.Equal(t, Map{want: "v"}, asKubectl(t, text).(Map)["x"], "kubectl reads %s", in)
	}
}

func TestDecodeAliases(t *testing.T) {
	objs, err := Decode("x", []byte(object(
		"a: &a {p: 1, q: 1}", "b: &b {q: 2, r: 2}", "k: &k key", "l: &l [1]",
		"one: {<<: *a, p: 3}", "both: {<<: [*a, *b, {s: 4}], t: 5}", "? *k\n: *l")))
	require.NoError(t, err)
	body := objs[0].Body()
	require.Equal(t, Map{"p": int64(3), "q": int64(1)}, body["one"])
	require.Equal(t, Map{"p": int64(1), "q": int64(1), "r": int64(2), "s": int64(4), "t": int64(5)}, body["both"])
	require.Equal(t, []any{int64(1)}, body["key"])
	body["key"].([]any)[0] = "changed"
	require.Equal(t, []any{int64(1)}, body["l"], "what an alias stands for is a copy")
}

func TestDecodeProblems(t *testing.T) {
	bomb := "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
	for i := range 9 {
		prev, next := string(rune('0'+i)), string(rune('1'+i))
		bomb += "a" + next + ": &a" + next + " [" + strings.Repeat("*a"+prev+", ", 9) + "1]\n"
	}
	for name, c := range map[string]struct {
		in   string
		want string
	}{
		"syntax":                       {object("x: 1", "y:", "  - a", " - b"), "x:7:2: did not find expected key"},
		"syntax after an object":       {object() + "---\na: ]\n", "x:6:1: did not find expected node content"},
		"an open bracket":              {object("x: [1", "y: 2"), "x:4:1: did not find expected ',' or ']'"},
		"an unknown anchor":            {object("x: 1", "y: *nope"), "x:5:1: unknown anchor 'nope' referenced"},
		"a control character":          {object("x: 1", "y: \x01"), "x:5:1: control characters are not allowed"},
		"not a mapping":                {"- 1\n---\nfoo\n", "x:1:1: a document has to be a mapping, not a list\nx:3:1: a document has to be a mapping, not a scalar"},
		"nothing of an object":         {"---\na: b\n", "x:2:1: apiVersion is missing\nx:2:1: kind is missing\nx:2:1: metadata.name is missing"},
		"no name":                      {"apiVersion: v1\nkind: A\nmetadata:\n  generateName: x-\n", "x:4:3: metadata.name is missing"},
		"empty":                        {"apiVersion: ''\nkind:\nmetadata: {name: ''}\n", "x:1:1: kind is missing\nx:1:13: apiVersion is empty\nx:3:18: metadata.name is empty"},
		"the wrong types":              {"apiVersion: 1\nkind: [A]\nmetadata: {name: 12, namespace: on}\n", "x:1:13: apiVersion has to be a string, not 1: quote it\nx:2:7: kind has to be a string, not [\"A\"]: quote it\nx:3:18: metadata.name has to be a string, not 12: quote it\nx:3:33: metadata.namespace has to be a string, not true: quote it"},
		"metadata is a list":           {"apiVersion: v1\nkind: A\nmetadata: []\n", "x:3:11: metadata has to be a mapping"},
		"duplicate keys":               {object("x: {a: 1, b: 2, a: 3}", "y: {1: a, '1': b}", "kind: A"), "x:4:17: duplicate key \"a\": it is set in line 4 already\nx:5:11: duplicate key \"1\": it is set in line 5 already\nx:6:1: duplicate key \"kind\": it is set in line 2 already"},
		"duplicate keys in JSON":       {"{\"apiVersion\":\"v1\",\n \"é\": 1, \"a\": {\"b\": 1,\n\"b\": 2}}", "x:3:1: duplicate key \"b\": it is set in line 2 already"},
		"columns are characters":       {"{\"é\": 1, \"é\": 2}", "x:1:10: duplicate key \"é\": it is set in line 1 already"},
		"a list's items":               {"apiVersion: v1\nkind: List\nitems:\n- 1\n- kind: A\n", "x:4:3: an item of a list has to be a mapping\nx:5:3: apiVersion is missing\nx:5:3: metadata.name is missing"},
		"a null key":                   {object("x: {~: 1}"), "x:4:5: a key has to be a string, not ~: quote it"},
		"a key that would lose digits": {object("x: {1.23456789: 1, 1e93: 2}"), "x:4:5: a key has to be a string, not 1.23456789: quote it"},
		"a list as key":                {object("x: {[1]: 1}"), "x:4:5: a key has to be a string, not a list"},
		"infinity":                     {object("x: [1, .inf]"), "x:4:8: .inf is no number that JSON can hold: quote it if it is a string"},
		"a tag of one's own":           {object("x: !secret a"), "x:4:4: \"a\" is no value for the tag !secret"},
		"a tag that does not fit":      {object("x: !!int a"), "x:4:4: \"a\" is no value for the tag !!int"},
		"a set":                        {object("x: !!set {a}"), "x:4:4: a mapping cannot have the tag !!set"},
		"merging a list":               {object("x: {<<: [1]}"), "x:4:10: a merge key takes a mapping, not a scalar"},
		"a knot":                       {object("x: &x [*x]"), "x:4:8: anchor \"x\" contains itself"},
		"an explosion":                 {object(bomb), "x:4:16: aliases stand for more than 100000 values"},
		"too deep":                     {object("x: " + strings.Repeat("[", 1001) + strings.Repeat("]", 1001)), "x:4:1004: nested deeper than 1000 levels"},
	} {
		t.Run(name, func(t *testing.T) {
			objs, err := Decode("x", []byte(c.in))
			require.Nil(t, objs)
			require.EqualError(t, err, c.want)
			var p *Problem
			require.True(t, errors.As(err, &p))
			require.Equal(t, "x", p.Name)
		})
	}
}

// asKubectl is how the tools of Kubernetes read one document.
func asKubectl(t *testing.T, text string) any {
	t.Helper()
	data, err := sigsyaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	var v any
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return plainly(v)
}

// The law that everything that writes a file relies on: what was written is what is read.
func holdsRoundTrip(t *testing.T, objs []Object) {
	t.Helper()
	text := Encode(objs...)
	got, err := Decode("again", text)
	require.NoError(t, err, "%s", text)
	require.Len(t, got, len(objs), "%s", text)
	for i, o := range objs {
		require.Equal(t, Canonical(o.Body()), any(got[i].Body()))
	}
	require.Equal(t, string(text), string(Encode(got...)))
	var stream []byte
	for _, o := range objs {
		stream = AppendJSON(stream, o.Body())
	}
	fromJSON, err := Decode("again.json", stream)
	require.NoError(t, err, "%s", stream)
	for i := range fromJSON {
		require.Equal(t, got[i].Body(), fromJSON[i].Body())
	}
}

func TestRoundTrip(t *testing.T) {
	holdsRoundTrip(t, fleetMember())
}

// Manifests that people and other tools wrote read the same as kubectl reads them, and come back from our own bytes.
func TestDecodeWhatOthersWrote(t *testing.T) {
	const slow = 500 << 10 // the larger CRDs bring nothing new and take seconds
	shared := os.Getenv("ONGGI_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	var files []string
	for _, dir := range []string{"crds", "seeds/manifests"} {
		_ = filepath.WalkDir(filepath.Join(shared, dir), func(path string, _ os.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".yaml" && !strings.HasSuffix(path, "values.yaml") {
				files = append(files, path)
			}
			return err
		})
	}
	if len(files) == 0 {
		t.Skip("no manifests in " + shared + ": set ONGGI_SHARED")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		if len(data) > slow {
			continue
		}
		objs, err := Decode(file, data)
		require.NoError(t, err)
		require.NotEmpty(t, objs, file)
		if len(objs) == 1 {
			require.Equal(t, asKubectl(t, string(data)), any(objs[0].Body()), file)
		}
		holdsRoundTrip(t, objs)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(object("x: {<<: {a: 1}}", "y: &y [*y]")))
	f.Add([]byte(`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}]} {"a": [}`))
	f.Add(Encode(fleetMember()[:2]...))
	f.Add([]byte("a: |\n  x\n---\n? [a]\n: !!binary x\n...\n%YAML 1.1\n--- >+2\n x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		objs, err := Decode("fuzz", data)
		if err != nil {
			require.Nil(t, objs)
			for _, p := range err.(interface{ Unwrap() []error }).Unwrap() {
				require.GreaterOrEqual(t, p.(*Problem).Line, 1)
				require.GreaterOrEqual(t, p.(*Problem).Column, 1)
			}
			return
		}
		holdsRoundTrip(t, objs)
	})
}

// unlikeV2 is where the parsers of yaml.v2 and v3 differ, and we are with v3: a merge key wins over keys before it, "! 1"
// is a string, 0b-1 is a number.
var unlikeV2 = regexp.MustCompile(`<<|!([^!<a-z]|$)|0b[-+]`)

// Decode takes fewer documents than kubectl does, but reads those as kubectl does.
func FuzzDecodeLikeKubectl(f *testing.F) {
	for _, w := range words {
		f.Add(w)
		f.Add("a: " + w + "\n" + w + ": b\n")
		f.Add("- |\n " + w + "\n- " + w)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if unlikeV2.MatchString(strings.ReplaceAll(text, "_", "")) {
			return
		}
		docs, err := parseYAML([]byte(text))
		if err != nil || len(docs) != 1 {
			return
		}
		d := decoder{name: "fuzz"}
		got, ok := d.value(docs[0], 0)
		data, err := sigsyaml.YAMLToJSONStrict([]byte(text))
		if !ok || len(d.problems) > 0 || err != nil {
			return
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		require.NoError(t, dec.Decode(&want))
		require.Equal(t, asFloats(plainly(want)), asFloats(got), "%q", text)
	})
}

// asFloats forgets the digits that float64 cannot tell apart: on its way through JSON, yaml.v2 rounds them in decimal.
func asFloats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = asFloats(v[i])
		}
	case Map:
		for k := range v {
			v[k] = asFloats(v[k])
		}
	}
	return v
}

// Any object that a builder can make survives the disk.
func FuzzRoundTrip(f *testing.F) {
	for i := range words {
		f.Add([]byte{2, 4, byte(i), 13, 3, byte(i), 5, byte(i), byte(i + 1), 11, 3, 5, byte(i), 0, 5, 7, 3, 9, 200, 4, 5, 6})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := source(data)
		var objs []Object
		for i := range s.byte() % 4 {
			body := s.mapping(4)
			body["apiVersion"], body["kind"], body["metadata"] = "v1", "ConfigMap", Map{"name": "a" + string('0'+rune(i)), "x": s.value(3)}
			objs = append(objs, New(body))
		}
		holdsRoundTrip(t, objs)
	})
}
