package spec

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec/node"
)

// Source is one file. Name is its path with slashes; "-" is standard input. It decides which Project and which extra
// manifests belong to which cluster, and positions are given in it.
type Source struct {
	Name string
	Data []byte
}

// Set is what was found in the sources, in their order.
type Set struct {
	Projects []*ProjectFile
	Clusters []*Document
	Extras   []Extra
}

// ProjectFile is a Project and where it stands: it holds for the specs in its folder and below, unless a nearer one does.
type ProjectFile struct {
	Project
	File string
	// Dir is the folder of the file.
	Dir      string
	root     *node.Node
	defaults *node.Node // nil or a patch over Spec
	spills   spills
}

// Extra is a Kubernetes manifest beside the specs, taken in as it is.
type Extra struct {
	Object manifest.Object
	File   string
	Pos    Pos

	root *node.Node
}

// Document is one DatabaseCluster as it was written: its patches checked, its spec not yet. It never changes, so that
// its environments may be resolved at the same time.
type Document struct {
	File            string
	Name, Namespace string
	// Project is the nearest one, or nil.
	Project *ProjectFile
	// Extras are the manifests in the folder of the document.
	Extras []manifest.Object

	root    *node.Node
	spec    *node.Node // nil, or a mapping
	patches *node.Node // nil, or a mapping of environment names to patches
	last    *node.Node // nil, or a patch over every environment
	spills  spills     // lines that are not to be shown
}

// Load reads the documents of every source. What it can tell without choosing an environment it reports: syntax, kinds,
// identities, patches, secrets in plain text. The specs themselves are checked by [Document.Resolve]. The set holds what
// could be read, also when there are problems.
func Load(sources []Source) (*Set, Problems) {
	l := loader{set: &Set{}}
	for _, src := range sources {
		docs, errs := node.Parse(src.Name, src.Data)
		for _, e := range errs {
			l.problems = append(l.problems, syntaxProblem(e))
		}
		for _, doc := range docs {
			l.document(doc)
		}
		l.documents += len(docs)
		l.syntax += len(errs)
	}
	if l.documents == 0 && l.syntax == 0 {
		l.problems = append(l.problems, emptyInput(sources))
	}
	for _, doc := range l.nameless {
		l.link(doc)
		// Nobody will resolve them; what else is wrong with them is to be said all the same.
		for _, env := range append([]string{""}, doc.Environments()...) {
			_, problems := doc.Resolve(env)
			l.problems = append(l.problems, problems...)
		}
	}
	for _, doc := range l.set.Clusters {
		l.link(doc)
	}
	l.strays()
	return l.set, l.found.redact(l.problems).Sort()
}

type loader struct {
	set               *Set
	problems          Problems
	documents, syntax int
	found             spills
	nameless          []*Document
}

func (l *loader) spills(found spills) {
	if len(found) > 0 && l.found == nil {
		l.found = spills{}
	}
	maps.Copy(l.found, found)
}

func (l *loader) report(n *node.Node, path string, v violation) {
	l.problems = append(l.problems, problemAt(n, path, v))
}

// document sorts one document by its kind.
func (l *loader) document(root *node.Node) {
	if root.Kind != node.Mapping {
		l.report(root, "", violation{codeNotAManifest, "this document is " + typeName(root) + ", not an object", "",
			"write an object: apiVersion, kind, metadata and spec"})
		return
	}
	version, kind := scalarOf(root, "apiVersion"), scalarOf(root, "kind")
	ours := strings.HasPrefix(version, "onggi.dev/") || version == "" && (kind == KindCluster || kind == KindProject)
	switch {
	case ours && kind == KindCluster:
		l.cluster(root)
	case ours && kind == KindProject:
		l.project(root)
	case ours:
		l.unknownKind(root, kind)
	case version == "" || kind == "":
		l.report(root, "", violation{codeUnknownKind, "this document has no " + cmp.Or(missing(version, "apiVersion"), "kind"), "onggi cannot tell what it is",
			"add apiVersion: " + APIVersion + " and kind: " + KindCluster})
	case version == "v1" && (kind == "List" || kind == "SecretList") && root.Get("items") != nil:
		for _, item := range root.Get("items").Items {
			if kind != "SecretList" || !l.plainSecret(item) {
				l.document(item)
			}
		}
	default:
		l.extra(root, version, kind)
	}
}

func missing(value, name string) string {
	if value == "" {
		return name
	}
	return ""
}

func (l *loader) unknownKind(root *node.Node, kind string) {
	at := root.Get("kind")
	if at == nil {
		at = root
	}
	v := violation{codeUnknownKind, fmt.Sprintf("%s has no kind %q", APIVersion, kind), "", "write " + KindCluster + " or " + KindProject}
	if best := nearest(kind, []string{KindCluster, KindProject}); best != "" {
		v.fix = "write " + best
	}
	l.report(at, "kind", v)
}

// head decodes everything of a document but the field skip.
func (l *loader) head(root *node.Node, s *shape, skip string, dst reflect.Value) {
	d := decoder{skip: s.named(skip)}
	d.object(root, s, dst)
	l.problems = append(l.problems, d.problems...)
}

func (l *loader) cluster(root *node.Node) {
	var c DatabaseCluster
	l.head(root, shapes().cluster, "spec", reflect.ValueOf(&c).Elem())
	doc := &Document{File: root.File.Name, Name: c.Metadata.Name, Namespace: cmp.Or(c.Metadata.Namespace, "default"), root: root}
	if spec := root.Get("spec"); spec != nil && spec.Kind == node.Mapping {
		doc.spec = spec
	} else if !spec.IsNull() {
		l.report(spec, "spec", wrongType(spec, shapes().spec, ""))
	}
	if patches := root.Get("environments"); patches != nil && patches.Kind == node.Mapping {
		doc.patches = patches
	}
	doc.spills = l.secrets(root)
	l.spills(doc.spills)
	if c.Metadata.Name == "" {
		l.nameless = append(l.nameless, doc) // reported: there is no name to go by
		return
	}
	for _, other := range l.set.Clusters {
		if other.Name == doc.Name && other.Namespace == doc.Namespace {
			first := other.root.Get("metadata").Get("name")
			l.report(root.Get("metadata").Get("name"), "metadata.name", violation{codeSameCluster,
				fmt.Sprintf("a second cluster %s/%s; the first is at %s:%d:%d", doc.Namespace, doc.Name, first.File.Name, first.Line, first.Col),
				"their objects would overwrite each other", "give one of them another name or namespace"})
			return
		}
	}
	l.set.Clusters = append(l.set.Clusters, doc)
}

func (l *loader) project(root *node.Node) {
	p := &ProjectFile{File: root.File.Name, Dir: path.Dir(root.File.Name), root: root}
	l.head(root, shapes().project, "", reflect.ValueOf(&p.Project).Elem())
	p.Project.setDefaults()
	if d := root.Get("defaults"); d != nil && d.Kind == node.Mapping {
		p.defaults = d
	}
	p.spills = l.secrets(root)
	l.spills(p.spills)
	for _, other := range l.set.Projects {
		if other.Dir == p.Dir {
			l.report(root, "", violation{codeSecondProject, fmt.Sprintf("a second Project in one folder; the first is at %s:%d:%d", other.File, other.root.Line, other.root.Col),
				"which of the two holds would depend on the order of files", "keep one, or move the other into a folder of its own with its specs"})
			return
		}
	}
	l.set.Projects = append(l.set.Projects, p)
}

func (l *loader) extra(root *node.Node, version, kind string) {
	if version == "v1" && kind == "Secret" && l.plainSecret(root) {
		return
	}
	body, _ := legacyValue(root).(map[string]any)
	pos := Pos{File: root.File.Name, Line: int(root.Line), Col: int(root.Col)}
	l.set.Extras = append(l.set.Extras, Extra{File: root.File.Name, Pos: pos, root: root,
		Object: manifest.Object{Part: partOf(kind), Origin: fmt.Sprintf("%s:%d", pos.File, pos.Line)}.With(body)})
	l.spills(l.foreignSecrets(root, kind))
}

func partOf(kind string) manifest.Part {
	if kind == "SealedSecret" || kind == "ExternalSecret" {
		return manifest.PartSecrets
	}
	return manifest.PartExtra
}

// link gives a cluster the nearest project and the manifests of its folder.
func (l *loader) link(doc *Document) {
	dir := path.Dir(doc.File)
	for _, p := range l.set.Projects {
		if under(dir, p.Dir) && (doc.Project == nil || under(p.Dir, doc.Project.Dir)) {
			doc.Project = p
		}
	}
	for _, e := range l.set.Extras {
		if path.Dir(e.File) == dir {
			doc.Extras = append(doc.Extras, e.Object)
		}
	}
}

// under reports whether a folder is another one or lies in it.
func under(dir, parent string) bool {
	return dir == parent || parent == "." && !strings.HasPrefix(dir, "..") && !strings.HasPrefix(dir, "/") || strings.HasPrefix(dir, strings.TrimSuffix(parent, "/")+"/")
}

func scalarOf(n *node.Node, key string) string {
	if v := n.Get(key); v != nil && v.Kind == node.Scalar {
		return v.Value
	}
	return ""
}

func emptyInput(sources []Source) Problem {
	p := Problem{Code: codeEmpty, Message: "there is no document to read", Fix: "onggi init writes a spec to start from"}
	if len(sources) > 0 {
		p.File = sources[0].Name
	}
	return p
}

// Environments are the names of the environments the document and its project have, sorted.
func (d *Document) Environments() []string {
	var names []string
	if d.Project != nil {
		for _, e := range d.Project.Environments {
			names = append(names, e.Name)
		}
	}
	if d.patches != nil {
		for _, k := range d.patches.Keys {
			names = append(names, k.Value)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

var faultCodes = [...]string{
	node.BadSyntax: codeSyntax, node.BadTab: codeTab, node.BadIndent: codeIndent, node.Unclosed: codeUnclosed,
	node.DuplicateKey: codeDuplicate, node.MergeKey: codeMerge, node.BadAlias: codeAlias, node.BadTag: codeTag,
	node.BadKey: codeKey, node.BadEncoding: codeEncoding, node.TooDeep: codeDepth,
}

func syntaxProblem(e *node.Error) Problem {
	return Problem{Code: faultCodes[e.Fault], Pos: Pos{File: e.File.Name, Line: int(e.Line), Col: int(e.Col)}, Width: e.Width,
		Source: e.File.Line(int(e.Line)), Message: e.Message, Why: e.Why, Fix: e.Fix}
}
