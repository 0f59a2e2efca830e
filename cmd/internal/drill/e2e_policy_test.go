package drill

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// enforce applies the admission policies that are about drills; every scene's namespace asks for them.
func (s *stage) enforce(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "policies/vap/*drill*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		objects, err := manifest.Decode(file, data)
		require.NoError(t, err)
		s.api.apply(t, objects)
	}
}

// policies hold the account of a drill to what the program does anyway: what RBAC cannot say of a create.
func (s *stage) policies(t *testing.T) {
	sc := s.set(t, spec("shop"), "", reactNever)
	account := manifest.Text(sc.cron, "spec", "jobTemplate", "spec", "template", "spec", "serviceAccountName")
	as := rest.CopyConfig(s.api.admin)
	as.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + sc.namespace + ":" + account}
	api, err := dynamic.NewForConfig(as)
	require.NoError(t, err)
	create := func(change func(manifest.Map)) error {
		o := manifest.Clone(sc.config.Scratch)
		require.NoError(t, manifest.Set(o, sc.namespace, "metadata", "namespace"))
		change(o)
		_, err := api.Resource(clusters()).Namespace(sc.namespace).Create(t.Context(), body(o), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	set := func(value any, path ...any) func(manifest.Map) {
		return func(o manifest.Map) { require.NoError(t, manifest.Set(o, value, path...)) }
	}
	archiver := set([]any{manifest.Map{"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": true}}, "spec", "plugins")
	require.Eventually(t, func() bool { return create(archiver) != nil }, time.Minute, 100*time.Millisecond, "the API server has not taken up the policies")
	require.NoError(t, create(func(manifest.Map) {}), "what the program makes")
	for name, tt := range map[string]struct {
		change func(manifest.Map)
		why    string
	}{
		"a plugin that archives": {archiver, "isWALArchiver: the cluster of a drill would write to an archive"},
		"an in-tree archive":     {set(manifest.Map{"barmanObjectStore": manifest.Map{"destinationPath": "s3://b"}}, "spec", "backup"), "spec.backup: the cluster of a drill could write to an archive"},
		"another name":           {set("shop2", "metadata", "name"), "a drill makes the Cluster that is called like its database and -drill"},
		"no label":               {set(manifest.Map{}, "metadata", "labels"), "a drill makes the Cluster that is called like its database and -drill"},
		"another database's name": {func(o manifest.Map) {
			set("pay-drill", "metadata", "name")(o)
			set("pay", "metadata", "labels", drill.LabelOf)(o)
		}, "a drill makes the Cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			err := create(tt.change)
			require.True(t, apierrors.IsForbidden(err) || apierrors.IsInvalid(err), "%v", err)
			require.ErrorContains(t, err, tt.why)
		})
	}
}
