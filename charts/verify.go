package charts

import (
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// Mismatch says that the chart and the set do not give the same objects for one variant.
type Mismatch struct {
	Env string // the environment, "" for values.yaml alone
	// Difference is where they differ: Was is what the set has, Is what the chart gives.
	manifest.Difference
	// Err is why the chart cannot be rendered; there is no difference then.
	Err error
}

func (m *Mismatch) Error() string {
	with := "values.yaml"
	if m.Env != "" {
		with = valuesPath(m.Env)
	}
	if m.Err != nil {
		return fmt.Sprintf("prove chart with %s: %v", with, m.Err)
	}
	return fmt.Sprintf("prove chart with %s: %s (the spec's value first)", with, m.Difference)
}

// Unwrap gives why the chart could not be rendered.
func (m *Mismatch) Unwrap() error { return m.Err }

// Verify renders the chart with values.yaml alone and with the values of each environment, and compares the objects with
// the set's. None means that they are equal, but for the annotation that the value keep adds.
func Verify(set variant.Set, files map[string][]byte) []*Mismatch {
	return verify(set, files, DefaultKubeVersion, false)
}

// prove is Verify that stops at the first mismatch.
func prove(set variant.Set, files map[string][]byte, kubeVersion string) error {
	if found := verify(set, files, kubeVersion, true); len(found) > 0 {
		return found[0]
	}
	return nil
}

func verify(set variant.Set, files map[string][]byte, kubeVersion string, stop bool) []*Mismatch {
	c, err := load(files, kubeVersion)
	if err != nil {
		return []*Mismatch{{Err: err}}
	}
	envs := append([]variant.Env{{Namespace: set.Namespace, Objects: set.Base}}, set.Envs...)
	var found []*Mismatch
	for i, env := range envs {
		if stop && len(found) > 0 {
			break
		}
		file := ""
		if i > 0 {
			file = valuesPath(env.Name)
		}
		got, err := c.render(file, env.Namespace)
		if err != nil {
			found = append(found, &Mismatch{Env: env.Name, Err: err})
			continue
		}
		for _, d := range manifest.Diff(env.Objects, withoutKeep(got, env.Objects)) {
			found = append(found, &Mismatch{Env: env.Name, Difference: d})
		}
	}
	return found
}

// withoutKeep takes away the annotation that the value keep adds: the one field that a chart has and the set has not.
func withoutKeep(got, want []manifest.Object) []manifest.Object {
	wanted := make(map[manifest.Ref]manifest.Object, len(want))
	for _, o := range want {
		wanted[o.Ref()] = o
	}
	out := make([]manifest.Object, len(got))
	for i, o := range got {
		out[i] = o
		w, ok := wanted[o.Ref()]
		annotations := annotationsOf(o)
		if _, own := annotationsOf(w)[keepAnnotation]; !ok || own || !keeps(w.Part, o.Ref().Kind) {
			continue
		}
		out[i] = o.Clone()
		delete(annotationsOf(out[i]), keepAnnotation)
		if len(annotations) == 1 && annotationsOf(w) == nil {
			delete(out[i].Body()["metadata"].(manifest.Map), "annotations")
		}
	}
	return out
}

func annotationsOf(o manifest.Object) manifest.Map {
	meta, _ := o.Body()["metadata"].(manifest.Map)
	annotations, _ := meta["annotations"].(manifest.Map)
	return annotations
}

// Render is `helm template` on the chart, by Helm's own engine: the release has the chart's name, values are checked
// against the schema, and hooks (the test) and notes are left out. ValuesFile is a path in files, "" for values.yaml
// alone.
func Render(files map[string][]byte, valuesFile, namespace string) ([]manifest.Object, error) {
	c, err := load(files, DefaultKubeVersion)
	if err != nil {
		return nil, err
	}
	return c.render(valuesFile, namespace)
}

// loaded is a chart ready to be rendered several times.
type loaded struct {
	*chart.Chart
	files map[string][]byte
	caps  *chartutil.Capabilities
}

func load(files map[string][]byte, kubeVersion string) (*loaded, error) {
	buffered := make([]*loader.BufferedFile, 0, len(files))
	for _, p := range sortedKeys(files) {
		buffered = append(buffered, &loader.BufferedFile{Name: p, Data: files[p]})
	}
	c, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, fmt.Errorf("read chart: %w", err)
	}
	kube, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, fmt.Errorf("kubernetes version %q: %w", kubeVersion, err)
	}
	if c.Metadata.KubeVersion != "" && !chartutil.IsCompatibleRange(c.Metadata.KubeVersion, kube.Version) {
		return nil, fmt.Errorf("the chart is for Kubernetes %s, not for %s", c.Metadata.KubeVersion, kube.Version)
	}
	// Helm as a library would otherwise take a Kubernetes for granted that is older than any the chart is for.
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *kube
	return &loaded{c, files, caps}, nil
}

func (c *loaded) render(valuesFile, namespace string) ([]manifest.Object, error) {
	overrides := map[string]any{}
	if valuesFile != "" {
		data, ok := c.files[valuesFile]
		if !ok {
			return nil, fmt.Errorf("the chart has no %s", valuesFile)
		}
		if err := yaml.Unmarshal(data, &overrides); err != nil {
			return nil, fmt.Errorf("read %s: %w", valuesFile, err)
		}
	}
	return c.renderWith(overrides, namespace)
}

func (c *loaded) renderWith(overrides map[string]any, namespace string) ([]manifest.Object, error) {
	release := chartutil.ReleaseOptions{Name: c.Name(), Namespace: namespace, Revision: 1, IsInstall: true}
	values, err := chartutil.ToRenderValues(c.Chart, overrides, release, c.caps)
	if err != nil {
		return nil, fmt.Errorf("check values: %w", err)
	}
	texts, err := engine.Render(c.Chart, values)
	if err != nil {
		return nil, fmt.Errorf("render chart: %w", err)
	}
	var objs []manifest.Object
	for _, p := range sortedKeys(texts) {
		below := strings.TrimPrefix(p, path.Join(c.Name(), "templates")+"/")
		if path.Base(p) == "NOTES.txt" || strings.HasPrefix(below, "tests/") {
			continue
		}
		decoded, err := decode(p, texts[p])
		if err != nil {
			return nil, err
		}
		objs = append(objs, decoded...)
	}
	manifest.Sort(objs)
	return objs, nil
}

// decode splits a rendered template as Helm does, and leaves hooks out.
func decode(name, text string) ([]manifest.Object, error) {
	var objs []manifest.Object
	docs := releaseutil.SplitManifests(text)
	for _, k := range sortedKeys(docs) {
		decoded, err := manifest.Decode(name, []byte(docs[k]+"\n"))
		if err != nil {
			return nil, fmt.Errorf("read what %s renders: %w", name, err)
		}
		for _, o := range decoded {
			if _, hook := annotationsOf(o)["helm.sh/hook"]; !hook {
				objs = append(objs, o)
			}
		}
	}
	return objs, nil
}
