package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/spec/node"
)

const codeSetting = "ONG3006"

// Setting is one field of the spec that is given from outside, such as by a parameter of the Argo CD plugin.
type Setting struct {
	// Path is the field, with or without "spec." before it: storage.size, parameters["log.level"].
	Path string
	// Value is text where the field is a string, and otherwise YAML; null takes the field away.
	Value string
}

// With is the document with settings laid over every environment, last of all. They are checked as an environment's patch is;
// a problem's file is set[PATH]. The document is nil when there are problems, and the order of the settings does not matter.
func (d *Document) With(settings []Setting) (*Document, Problems) {
	if len(settings) == 0 {
		return d, nil
	}
	s := setter{patch: &node.Node{Kind: node.Mapping, Style: node.Block, Line: 1, Col: 1, File: &node.File{Name: "set"}}, ends: map[*node.Node]string{}}
	sorted := slices.Clone(settings)
	slices.SortStableFunc(sorted, func(a, b Setting) int { return strings.Compare(a.Path, b.Path) })
	for _, setting := range sorted {
		s.set(setting)
	}
	problems := s.problems
	dec := decoder{}
	dec.push("spec", 0)
	dec.patch(s.patch)
	problems = append(problems, dec.problems...)

	out := *d
	out.last, out.spills = s.patch, spills{}
	for l, found := range d.spills {
		out.spills[l] = found
	}
	scan := secretScan{found: out.spills, path: dec.path, report: func(n *node.Node, path string, v violation) {
		problems = append(problems, problemAt(n, path, v))
	}}
	scan.node(s.patch)
	if len(problems) > 0 {
		return nil, out.spills.redact(problems).Sort()
	}
	return &out, nil
}

// setter builds one merge patch from settings.
type setter struct {
	patch    *node.Node
	ends     map[*node.Node]string // the values, and whose they are
	problems Problems
}

func (s *setter) report(file *node.File, path string, v violation) {
	at := &node.Node{Kind: node.Scalar, Style: node.Plain, Line: 1, Col: 1, File: file}
	s.problems = append(s.problems, problemAt(at, path, v))
}

func (s *setter) set(setting Setting) {
	name := "set[" + setting.Path + "]"
	file := &node.File{Name: name, Text: setting.Value}
	path := strings.TrimPrefix(setting.Path, "spec.")
	if path == "" || path == "spec" {
		s.report(file, "spec", violation{codeSetting, "a setting without a field", "", "name a field below spec, such as storage.size"})
		return
	}
	var steps []string
	for rest := path; rest != ""; {
		step, index, tail := step(rest)
		if index >= 0 || step == "" {
			s.report(file, "spec."+path, violation{codeSetting, fmt.Sprintf("%s is no path to a field", setting.Path),
				"a patch replaces a list as a whole, it cannot change one entry", "write fields with dots between them, and set a list by its own name"})
			return
		}
		steps, rest = append(steps, step), tail
	}
	value, ok := s.value(file, steps, setting.Value)
	if !ok {
		return
	}
	in := s.patch
	for _, name := range steps[:len(steps)-1] {
		_, next := in.Pair(name)
		if next == nil {
			next = &node.Node{Kind: node.Mapping, Style: node.Block, Line: 1, Col: 1, File: file}
			in.Keys, in.Items = append(in.Keys, keyNode(file, name)), append(in.Items, next)
		} else if owner, taken := s.ends[next]; taken {
			s.overlap(file, path, setting.Path, owner)
			return
		}
		in = next
	}
	last := steps[len(steps)-1]
	if _, there := in.Pair(last); there != nil {
		s.overlap(file, path, setting.Path, cmp.Or(s.ends[there], "a field below it"))
		return
	}
	s.ends[value] = setting.Path
	in.Keys, in.Items = append(in.Keys, keyNode(file, last)), append(in.Items, value)
}

func (s *setter) overlap(file *node.File, path, a, b string) {
	s.report(file, "spec."+path, violation{codeSetting, fmt.Sprintf("%s and %s are both set", a, b), "one of them would replace the other", "set one of them"})
}

func keyNode(file *node.File, name string) *node.Node {
	return &node.Node{Kind: node.Scalar, Type: node.String, Style: node.Plain, Line: 1, Col: 1, Value: name, File: file}
}

// value reads the text of a setting: as it is where the field is a string, so that version 17 needs no quotes within quotes,
// and as YAML elsewhere.
func (s *setter) value(file *node.File, steps []string, text string) (*node.Node, bool) {
	quoted := strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'")
	if isText(steps) && text != "null" && !quoted || text == "" {
		return &node.Node{Kind: node.Scalar, Type: node.String, Style: node.DoubleQuoted, Line: 1, Col: 1, Value: text, File: file}, true
	}
	docs, errs := node.Parse(file.Name, []byte(text))
	for _, e := range errs {
		s.problems = append(s.problems, syntaxProblem(e))
	}
	if len(errs) == 0 && len(docs) != 1 {
		s.report(file, "spec."+strings.Join(steps, "."), violation{codeSetting, fmt.Sprintf("a setting has one value, this text holds %d", len(docs)), "", "write one value, in YAML"})
	}
	if len(errs) > 0 || len(docs) != 1 {
		return nil, false
	}
	return docs[0], true
}

// isText reports whether the field at a path is a string.
func isText(steps []string) bool {
	at := shapes().spec
	for _, step := range steps {
		switch {
		case at.class == dict:
			return true
		case at.class != object || at.named(step) == nil:
			return false
		}
		at = at.named(step).shape
	}
	return at.class == text
}

// Nearest is the candidate that s is most likely a slip of, or "".
func Nearest(s string, candidates []string) string { return nearest(s, candidates) }
