package render_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/spec"
)

var code = regexp.MustCompile(`ONG[0-9]{4}`)

// usage is where the program mentions a code.
type usage struct {
	packages  map[string]bool // that report it
	mentioned bool            // in a text
}

// usages reads the source of render and cmd. A constant counts where it is used, not where it is declared; the catalogues
// themselves (codes*.go) count for nothing. The codes of policies (ONG7) are theirs to explain.
func usages(t *testing.T) map[string]*usage {
	t.Helper()
	found := make(map[string]*usage)
	at := func(c string) *usage {
		if found[c] == nil {
			found[c] = &usage{packages: make(map[string]bool)}
		}
		return found[c]
	}
	constants := make(map[string]string) // package/name to code
	type file struct {
		dir  string
		tree *ast.File
	}
	var files []file
	for _, root := range []string{".", "../cmd"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			dir := filepath.ToSlash(filepath.Dir(path))
			ast.Inspect(tree, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
					if text, ok := literal(v.Values[0]); ok && code.FindString(text) == text && text != "" {
						constants[dir+"."+v.Names[0].Name] = text
					}
				}
				return true
			})
			if !strings.HasPrefix(filepath.Base(path), "codes") {
				files = append(files, file{dir, tree})
			}
			return nil
		}))
	}
	require.Greater(t, len(files), 100)
	for _, f := range files {
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if c := constants[f.dir+"."+id.Name]; c != "" {
					at(c).packages[f.dir] = true
				}
			}
			text, ok := literal(n)
			for _, c := range code.FindAllString(text, -1) {
				switch {
				case !ok || strings.HasPrefix(c, "ONG7"):
				case c == text:
					at(c).packages[f.dir] = true
				default:
					at(c).mentioned = true
				}
			}
			return true
		})
	}
	return found
}

func literal(n ast.Node) (text string, ok bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// Whoever meets a code can look it up, and no code is explained that nobody can meet.
func TestTheCatalogueIsComplete(t *testing.T) {
	found := usages(t)
	for _, c := range slices.Sorted(maps.Keys(found)) {
		_, known := render.Explain(c)
		require.True(t, known, "%s is not in the catalogue", c)
	}
	for _, doc := range render.Codes() {
		use := found[doc.Code]
		require.NotNil(t, use, "nothing reports %s", doc.Code)
		require.Len(t, use.packages, 1, "%s belongs to one stage: %v", doc.Code, slices.Sorted(maps.Keys(use.packages)))
	}
}

func TestTheCatalogueReadsWell(t *testing.T) {
	docs := render.Codes()
	require.True(t, slices.IsSortedFunc(docs, func(a, b spec.CodeDoc) int { return strings.Compare(a.Code, b.Code) }))
	for i, doc := range docs {
		require.True(t, i == 0 || docs[i-1].Code != doc.Code, "%s is there twice", doc.Code)
		require.Regexp(t, `^ONG[1-6][0-9]{3}$`, doc.Code)
		require.NotEmpty(t, doc.Title, doc.Code)
		require.False(t, strings.HasSuffix(doc.Title, "."), doc.Code)
		require.True(t, strings.HasSuffix(doc.Text, "."), doc.Code)
		lower, known := render.Explain(strings.ToLower(doc.Code))
		require.True(t, known)
		require.Equal(t, doc, lower)
	}
	_, known := render.Explain("ONG9999")
	require.False(t, known)
}

// The examples of the stages after reading are real: pasted into a small spec, the wrong one is refused with its code, and
// the right one is not.
func TestExamplesOfCodes(t *testing.T) {
	for _, doc := range laterCodes(t) {
		if doc.Code == "ONG3012" {
			continue // needs a file beside the spec
		}
		t.Run(doc.Code, func(t *testing.T) {
			require.Contains(t, codesOf(t, doc.Wrong), doc.Code)
			require.NotContains(t, codesOf(t, doc.Right), doc.Code)
		})
	}
}

// laterCodes are those of the stages of rendering after package spec, which has goldens for its own. What only a command
// knows, such as the Kustomize library or a folder, is left to its scripts.
func laterCodes(t *testing.T) []spec.CodeDoc {
	t.Helper()
	found := usages(t)
	return slices.DeleteFunc(render.Codes(), func(doc spec.CodeDoc) bool {
		for dir := range found[doc.Code].packages {
			if dir == "spec" || strings.HasPrefix(dir, "spec/") || dir == "argocd/plugin" || strings.HasPrefix(dir, "../cmd/") {
				return true
			}
		}
		return false
	})
}

// codesOf compiles a small spec with the fields of a snippet and returns the codes of its problems.
func codesOf(t *testing.T, snippet string) []string {
	t.Helper()
	doc := map[string]any{
		"apiVersion": spec.APIVersion, "kind": spec.KindCluster, "metadata": map[string]any{"name": "shop"},
		"spec": map[string]any{"version": "17", "backend": "cloudnative-pg", "storage": map[string]any{"size": "10Gi"}},
	}
	var fields map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(snippet), &fields), snippet)
	if meta, whole := fields["metadata"]; whole {
		doc["metadata"] = meta
		fields = fields["spec"].(map[string]any)
	}
	maps.Copy(doc["spec"].(map[string]any), fields)
	text, err := yaml.Marshal(doc)
	require.NoError(t, err)
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: text}})
	require.Empty(t, problems, snippet)
	cluster, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems, "%s\n%s", snippet, text)
	_, problems = render.Compile(cluster)
	var codes []string
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return codes
}
