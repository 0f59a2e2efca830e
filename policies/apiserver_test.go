package policies

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/apiserver/pkg/warning"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"

	"github.com/onggi-db/onggi/render/manifest"
)

// The files are what kubectl apply takes: each document decodes strictly in the API server's scheme, and has a name,
// labels and annotations that it accepts.
func TestPoliciesDecodeStrictly(t *testing.T) {
	for _, o := range policyObjects(t, vapFiles) {
		m, err := meta.Accessor(o)
		require.NoError(t, err)
		require.Empty(t, apivalidation.ValidateObjectMetaAccessor(m, false, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata")), m.GetName())
	}
}

// What Check says about an object is what the API server's admission plugin answers its creation with, word for word: the
// real plugin, its informers fed with the files of vap/, is asked about every object of every sample.
func TestSameAsTheAPIServer(t *testing.T) {
	plugin := admissionPlugin(t, vapFiles)
	files, err := filepath.Glob("testdata/ONG*/*.yaml")
	require.NoError(t, err)
	compared := 0
	for _, file := range files {
		for _, o := range sample(t, file).Objects {
			compared += plugin.compare(t, compiledVAP(), o)
		}
	}
	require.Greater(t, compared, 100)
}

// So it is for what the embedded policies do not do: match conditions, messages that fail, are too long or have two lines.
func TestSameAsTheAPIServerWhenOdd(t *testing.T) {
	files := os.DirFS("testdata")
	policies, err := load(files)
	require.NoError(t, err)
	objects, err := manifest.Decode("odd.yaml", []byte(`{apiVersion: v1, kind: ConfigMap, metadata: {name: odd, namespace: db}, data: {a: a}}`))
	require.NoError(t, err)
	require.Equal(t, 12, admissionPlugin(t, files).compare(t, policies, objects[0]))
}

// compare asserts that the plugin and the evaluator say the same about an object, and returns how many things they say.
func (p admissionUnderTest) compare(t *testing.T, policies admissionPolicies, o manifest.Object) int {
	t.Helper()
	got := []string{}
	for _, f := range evaluate(policies, &entry{o, o.Ref()}) {
		message := f.Message
		if len(f.Path) > 0 {
			message = manifest.FormatPath(f.Path) + ": " + message
		}
		got = append(got, f.Policy+" "+message)
	}
	slices.Sort(got)
	want, err := p.create(t, o)
	require.NoError(t, err)
	require.Equal(t, want, got, "%s %s", o.Origin, o.Ref())
	return len(got)
}

type admissionUnderTest struct {
	*validating.Plugin
	ctx context.Context
}

// create asks the plugin to admit an object and returns what it answers, as "ID message" in order.
func (p admissionUnderTest) create(t *testing.T, o manifest.Object) ([]string, error) {
	t.Helper()
	gvk := schema.FromAPIVersionAndKind(o.Ref().APIVersion, o.Ref().Kind)
	gvr, _ := meta.UnsafeGuessKindToResource(gvk)
	body := o.Clone().Body()
	var object runtime.Object = &unstructured.Unstructured{Object: body}
	if scheme.Scheme.Recognizes(gvk) { // a built-in kind reaches admission as its Go type
		typed, err := scheme.Scheme.New(gvk)
		require.NoError(t, err)
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(body, typed))
		object = typed
	}
	said := &recorder{out: []string{}}
	attr := admission.NewAttributesRecord(object, nil, gvk, o.Ref().Namespace, o.Ref().Name, gvr, "", admission.Create,
		&metav1.CreateOptions{}, false, &user.DefaultInfo{Name: "someone"})
	err := p.Validate(warning.WithWarningRecorder(p.ctx, said), attr, admission.NewObjectInterfacesFromScheme(scheme.Scheme))
	slices.Sort(said.out)
	return said.out, err
}

// recorder collects warnings: "Validation failed for ValidatingAdmissionPolicy 'NAME' with binding 'NAME': MESSAGE".
type recorder struct{ out []string }

func (r *recorder) AddWarning(_, text string) {
	_, rest, _ := strings.Cut(text, "ValidatingAdmissionPolicy '")
	name, rest, _ := strings.Cut(rest, ".onggi.dev' with binding '")
	_, message, _ := strings.Cut(rest, "': ")
	r.out = append(r.out, strings.ToUpper(name)+" "+message)
}

// admissionPlugin starts the real plugin. Every binding warns, so that all messages come out; the namespaces of the samples
// are labelled as the bindings ask.
func admissionPlugin(t *testing.T, files fs.FS) admissionUnderTest {
	t.Helper()
	objects := policyObjects(t, files)
	for _, o := range objects {
		switch o := o.(type) { // with the defaults that the API server writes into what it stores
		case *admissionregistrationv1.ValidatingAdmissionPolicy:
			o.Spec.MatchConstraints.NamespaceSelector, o.Spec.MatchConstraints.ObjectSelector = &metav1.LabelSelector{}, &metav1.LabelSelector{}
			o.Spec.MatchConstraints.MatchPolicy = ptr.To(admissionregistrationv1.Equivalent)
		case *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
			o.Spec.MatchResources.ObjectSelector = &metav1.LabelSelector{}
			o.Spec.MatchResources.MatchPolicy = ptr.To(admissionregistrationv1.Equivalent)
			o.Spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Warn}
		}
	}
	for _, name := range []string{"db", "other", "elsewhere", "monitoring"} {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"policies.onggi.dev/enforce": "true"}}})
	}
	client := fake.NewClientset(objects...)
	factory := informers.NewSharedInformerFactory(client, 0)
	plugin, err := validating.NewPlugin(nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	mapper := meta.NewDefaultRESTMapper(nil)
	initializer.New(client, dynamicfake.NewSimpleDynamicClient(scheme.Scheme), factory, authorizerfactory.NewAlwaysAllowAuthorizer(), feature.DefaultMutableFeatureGate,
		compatibility.DefaultBuildEffectiveVersion(), ctx.Done(), mapper).Initialize(plugin)
	require.NoError(t, plugin.ValidateInitialization())
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	require.Eventually(t, plugin.WaitForReady, time.Minute, 10*time.Millisecond, "the policies are never loaded")
	return admissionUnderTest{plugin, ctx}
}

func policyObjects(t *testing.T, fsys fs.FS) []runtime.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	files, err := fs.Glob(fsys, "vap/*.yaml")
	require.NoError(t, err)
	var out []runtime.Object
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		require.NoError(t, err)
		documents := strings.Split(string(data), "\n---\n")
		require.Len(t, documents, 2, file)
		for _, document := range documents {
			o, _, err := decoder.Decode([]byte(document), nil, nil)
			require.NoError(t, err, file)
			out = append(out, o)
		}
	}
	return out
}
