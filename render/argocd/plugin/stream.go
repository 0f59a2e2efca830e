package plugin

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// Rendered are the objects of one database.
type Rendered struct {
	Doc     *spec.Document
	Objects []manifest.Object
}

// Target is what the output goes to.
type Target struct {
	// Path is the application's in the repository, for problems.
	Path string
	// Namespace is the destination's: where Argo CD puts an object that names none.
	Namespace string
	// MaxBytes is how large a message of Argo CD may be.
	MaxBytes int
}

// MaxBytes is how large a message between the plugin and Argo CD may be unless it was told otherwise: 100 MiB.
const MaxBytes = 100 << 20

// Stream is what Argo CD reads: all objects as one YAML stream. No object at all, two with one identity, and more than fits
// into a message are problems.
func Stream(to Target, all []Rendered) ([]byte, spec.Problems) {
	problems := twice(to, all)
	var out []byte
	for _, one := range all {
		if len(one.Objects) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, manifest.Encode(one.Objects...)...)
	}
	switch {
	case len(problems) > 0:
	case len(out) == 0:
		problems = append(problems, spec.Problem{Code: codeNothing, Pos: spec.Pos{File: cmp.Or(to.Path, ".")}, Message: "there is nothing to render",
			Why: "Argo CD takes empty output for an application without objects, and pruning would delete what it has",
			Fix: "point the Application's path, or the parameter file, at a folder with a " + spec.KindCluster})
	default:
		if size := messageSize(out, all, to.MaxBytes); size > to.MaxBytes {
			problems = append(problems, spec.Problem{Code: codeTooLarge, Pos: spec.Pos{File: cmp.Or(to.Path, ".")},
				Message: fmt.Sprintf("the objects take %s, and a message of Argo CD at most %s", mebibytes(size), mebibytes(to.MaxBytes)),
				Why:     "Argo CD would drop all of it after the work is done", Fix: "split the Application, by the parameter file or database"})
		}
	}
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	return out, nil
}

// frame is more than what each object takes in a message beside its JSON: a tag and a length.
const frame = 16

// messageSize is the size of the message that the output becomes: a list of objects in JSON. Only output that could be too
// large is encoded once more to know.
func messageSize(out []byte, all []Rendered, limit int) int {
	const worst = 6 // bytes of JSON for one of YAML, for a character that has to be escaped
	if len(out) <= limit/worst {
		return len(out)
	}
	size := 0
	for _, one := range all {
		for _, o := range one.Objects {
			size += len(manifest.EncodeJSON(o.Body())) + frame
		}
	}
	return size
}

func mebibytes(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// twice reports objects that two databases make. One database's own have been looked at when it was compiled, but for the
// namespace that Argo CD adds.
func twice(to Target, all []Rendered) spec.Problems {
	type identity struct{ group, kind, namespace, name string }
	seen := make(map[identity]*spec.Document)
	var problems spec.Problems
	for _, one := range all {
		for _, o := range one.Objects {
			r := o.Ref()
			id := identity{r.Group(), r.Kind, cmp.Or(r.Namespace, to.Namespace), r.Name}
			first, taken := seen[id]
			if !taken {
				seen[id] = one.Doc
				continue
			}
			problems = append(problems, one.Doc.Problem(codeTwice, "metadata.name", fmt.Sprintf("%s is made twice", r),
				fmt.Sprintf("%s of %s makes it too; Argo CD would keep one of the two and warn about the other", first.Name, first.File),
				"give one of them another name or namespace, or an Application of its own with the parameter file or database"))
		}
	}
	return problems
}

// maxLines is how many lines of a problem Argo CD shows without a wall of text.
const maxLines = 20

// Lines are problems one by one, for a place that has no room for more: file:line:col: code: what is wrong; what to do.
func Lines(problems spec.Problems) string {
	var b strings.Builder
	for i, p := range problems {
		if i == maxLines-1 && len(problems) > maxLines {
			fmt.Fprintf(&b, "and %d more: run onggi render to see them\n", len(problems)-i)
			break
		}
		line := p.Error()
		if p.Fix != "" {
			line += "; " + p.Fix
		}
		if len(p.Backends) > 0 {
			line += "; back ends that can: " + strings.Join(p.Backends, ", ")
		}
		b.WriteString(plainLine(line) + "\n")
	}
	return b.String()
}

// plainLine is one line without anything that a terminal or a log would act on.
func plainLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
