package spec

import (
	"cmp"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec/node"
)

// Cluster is one DatabaseCluster in one environment: merged, checked, every default filled in.
type Cluster struct {
	Name, Namespace string
	// Env is the environment's name, "" for none.
	Env string
	// Environment is the Project's entry for Env, or nil.
	Environment *Environment
	Spec        Spec
	// Project is never nil: without a file it is a Project of defaults.
	Project *Project
	// Extras are the manifests beside the spec.
	Extras []manifest.Object
	// File is that of the DatabaseCluster.
	File string

	root     *node.Node // the document with the merged spec
	document *Document
}

// Resolve is the cluster in an environment: the project's defaults, the spec and the environment's patch laid over each
// other, read strictly, defaults filled in. env "" is the spec without any environment. The cluster is nil when there
// are problems.
func (d *Document) Resolve(env string) (*Cluster, Problems) {
	c, problems := d.resolve(env)
	if len(problems) == 0 {
		return c, nil
	}
	return nil, d.redact(problems).Sort()
}

// redact takes the secrets of the document and of its project out of problems.
func (d *Document) redact(problems Problems) Problems {
	problems = d.spills.redact(problems)
	if d.Project != nil {
		problems = d.Project.spills.redact(problems)
	}
	return problems
}

func (d *Document) resolve(env string) (*Cluster, Problems) {
	c := &Cluster{Name: d.Name, Namespace: d.Namespace, Env: env, File: d.File, Project: &Project{}, document: d}
	c.Project.setDefaults()
	merged := d.spec
	if d.Project != nil {
		c.Project = &d.Project.Project
		if d.Project.defaults != nil && d.spec != nil {
			merged = merge(shapes().spec, d.Project.defaults, d.spec)
		}
	}
	if env != "" {
		patch, ok := d.patch(env)
		if !ok {
			return nil, Problems{d.unknownEnvironment(env)}
		}
		if !patch.IsNull() {
			if patch.Kind != node.Mapping {
				return nil, Problems{problemAt(patch, "environments."+env, wrongType(patch, shapes().spec, exampleOf(shapes().spec)))}
			}
			merged = merge(shapes().spec, merged, patch)
		}
		for i := range c.Project.Environments {
			if e := &c.Project.Environments[i]; e.Name == env {
				c.Environment, c.Namespace = e, cmp.Or(e.Namespace, c.Namespace)
			}
		}
	}
	if d.last != nil {
		merged = merge(shapes().spec, merged, d.last)
	}
	c.Extras = d.extrasIn(env, c.Namespace)
	if merged == nil || merged.Kind != node.Mapping {
		return nil, Problems{problemAt(d.root, "spec", violation{codeRequired, "spec is required here", "", "add spec: " + exampleOf(shapes().spec)})}
	}
	c.root = withSpec(d.root, merged)
	dec := decoder{path: make([]segment, 0, 16)}
	dec.push("spec", 0)
	dec.object(merged, shapes().spec, reflect.ValueOf(&c.Spec).Elem())
	if len(dec.problems) > 0 {
		return nil, d.inEnvironment(env, dec.problems)
	}
	c.Spec.setDefaults()
	return c, validate(c)
}

// inEnvironment says of what is missing that it is missing in an environment, and points at the null that took it away.
func (d *Document) inEnvironment(env string, problems Problems) Problems {
	if env == "" {
		return problems
	}
	patch, _ := d.patch(env)
	for i, p := range problems {
		if p.Code != codeRequired && p.Code != codeOneOf {
			continue
		}
		problems[i].Why = strings.TrimPrefix(p.Why+"; in environment "+env, "; ")
		if patch == nil {
			continue
		}
		if key, value, rest := find(patch, strings.TrimPrefix(p.Path, "spec.")); p.Code == codeRequired && rest == "" && key != nil && value.IsNull() {
			problems[i] = problemAt(key, p.Path, violation{p.Code, fmt.Sprintf("%s is required; this null takes it away", key.Value), problems[i].Why, "delete this null"})
		}
	}
	return problems
}

// patch is the document's patch for an environment: null when only the project has it, false when nobody has.
func (d *Document) patch(env string) (*node.Node, bool) {
	if k, v := d.patches.Pair(env); k != nil {
		return v, true
	}
	if d.Project != nil {
		for _, e := range d.Project.Environments {
			if e.Name == env {
				return nil, true
			}
		}
	}
	return nil, false
}

func (d *Document) unknownEnvironment(env string) Problem {
	at, _ := d.root.Pair("environments")
	if at == nil {
		at, _ = d.root.Pair("kind")
	}
	if at == nil {
		at = d.root
	}
	known := d.Environments()
	v := violation{codeUnknownEnv, fmt.Sprintf("%s has no environment %q", d.Name, env), "", "add it under environments, or to the Project's environments"}
	if len(known) > 0 {
		v.message += "; it has " + strings.Join(known, ", ")
	}
	if best := nearest(env, known); best != "" {
		v.fix = "did you mean " + best + "?"
	}
	return problemAt(at, "environments", v)
}

// withSpec is a document with another spec in it.
func withSpec(root, spec *node.Node) *node.Node {
	out := *root
	out.Items = append([]*node.Node(nil), root.Items...)
	for i, k := range root.Keys {
		if k.Value == "spec" {
			out.Items[i] = spec
			return &out
		}
	}
	return &out
}

// Has reports whether the field was written, by the spec, the patch or the project's defaults, and is not a default.
func (c *Cluster) Has(path string) bool {
	_, value, rest := find(c.root, path)
	return rest == "" && !value.IsNull()
}

// At is where a field was written: the value of a scalar or of a list entry, the key of a collection. A field that was not
// written is where its nearest parent is.
func (c *Cluster) At(path string) Pos {
	n := c.place(path)
	return Pos{File: n.File.Name, Line: int(n.Line), Col: int(n.Col)}
}

// Problem is a problem of a later stage at a field, with the line it was written on.
func (c *Cluster) Problem(code, path, message, why, fix string) Problem {
	return c.document.redact(Problems{problemAt(c.place(path), path, violation{code, message, why, fix})})[0]
}

// Problem is a problem of a later stage at a field of the document as it was written, before any environment.
func (d *Document) Problem(code, path, message, why, fix string) Problem {
	return d.redact(Problems{problemAt(place(d.root, path), path, violation{code, message, why, fix})})[0]
}

func (c *Cluster) place(path string) *node.Node { return place(c.root, path) }

func place(root *node.Node, path string) *node.Node {
	key, value, rest := find(root, path)
	if key != nil && (rest != "" || value.Kind != node.Scalar || value.Value == "") {
		return key
	}
	return value
}

// find follows a path as far as it is written: the last key on it (nil for an entry of a list), its value, and the part of
// the path that is not there.
func find(root *node.Node, path string) (key, value *node.Node, rest string) {
	value = root
	for path != "" {
		name, index, tail := step(path)
		if index >= 0 {
			if value.Kind != node.Sequence || index >= len(value.Items) {
				return key, value, path
			}
			key, value, path = nil, value.Items[index], tail
			continue
		}
		k, v := value.Pair(name)
		if k == nil {
			return key, value, path
		}
		key, value, path = k, v, tail
	}
	return key, value, ""
}

// step cuts the first step off a path: a name, an index [0], or a quoted name ["a.b"].
func step(path string) (name string, index int, rest string) {
	index = -1
	if strings.HasPrefix(path, "[") {
		end := strings.IndexByte(path, ']')
		if quoted, err := strconv.QuotedPrefix(path[1:]); err == nil {
			name, _ = strconv.Unquote(quoted)
			end = 1 + len(quoted)
		} else if end > 0 {
			if i, err := strconv.Atoi(path[1:end]); err == nil && i >= 0 {
				index = i
			}
		}
		if end < 0 || end >= len(path) {
			return path, -1, ""
		}
		return name, index, strings.TrimPrefix(path[end+1:], ".")
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		return path, -1, ""
	}
	return path[:end], -1, strings.TrimPrefix(path[end:], ".")
}

// At is where a field of the project was written, as [Cluster.At] has it.
func (p *ProjectFile) At(path string) Pos {
	n := place(p.root, path)
	return Pos{File: n.File.Name, Line: int(n.Line), Col: int(n.Col)}
}

// Problem is a problem of a later stage at a field of the project.
func (p *ProjectFile) Problem(code, path, message, why, fix string) Problem {
	return p.spills.redact(Problems{problemAt(place(p.root, path), path, violation{code, message, why, fix})})[0]
}
