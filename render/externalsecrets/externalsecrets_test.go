package externalsecrets_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/externalsecrets"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// sample is a plan that reads a login and the keys of a store.
func sample(change func(*plan.Plan)) *plan.Plan {
	p := &plan.Plan{
		Name: "shop", Namespace: "databases", Engine: "postgres", Backend: "cloudnative-pg",
		Secrets: spec.Secrets{Provider: "external-secrets", Store: &spec.SecretStore{Kind: "SecretStore", Name: "vault", Refresh: "1h"}},
		Needs: []plan.Need{
			{Name: "app", Keys: []string{"username", "password"}, Type: "kubernetes.io/basic-auth", User: "app"},
			{Name: "keys", Keys: []string{"ID", "KEY"}, Type: "Opaque"},
		},
	}
	change(p)
	return p
}

func get(t *testing.T, o manifest.Object, path string) any {
	t.Helper()
	steps, err := manifest.ParsePath(path)
	require.NoError(t, err)
	v, _ := manifest.Get(o.Body(), steps...)
	return v
}

func TestBuild(t *testing.T) {
	objs := externalsecrets.Build(sample(func(*plan.Plan) {}))
	require.Len(t, objs, 2)
	app, keys := objs[0], objs[1]
	require.Equal(t, manifest.Ref{APIVersion: "external-secrets.io/v1", Kind: "ExternalSecret", Namespace: "databases", Name: "app"}, app.Ref())
	require.Equal(t, "kubernetes.io/basic-auth", get(t, app, "spec.target.template.type"))
	require.Equal(t, "app", get(t, app, "spec.target.template.data.username"), "it must be the role's, whatever the store has")
	require.Equal(t, "Merge", get(t, app, "spec.target.template.mergePolicy"), "or the password would be left out")
	require.Nil(t, get(t, app, "spec.data[1]"))
	require.Equal(t, "password", get(t, app, "spec.data[0].remoteRef.property"))
	require.Equal(t, "true", get(t, app, `spec.target.template.metadata.labels["cnpg.io/reload"]`))
	require.Equal(t, "Opaque", get(t, keys, "spec.target.template.type"))
	require.Nil(t, get(t, keys, "spec.target.template.data"))
	require.Equal(t, manifest.Map{"key": "keys", "property": "KEY", "conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"},
		get(t, keys, "spec.data[1].remoteRef"))
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name, path string
		change     func(*plan.Plan)
		want       any
	}{
		{"the form of the operator", "spec.refreshInterval", func(*plan.Plan) {}, "1h0m0s"},
		{"an interval", "spec.refreshInterval", func(p *plan.Plan) { p.Secrets.Store.Refresh = "90s" }, "1m30s"},
		{"a day", "spec.refreshInterval", func(p *plan.Plan) { p.Secrets.Store.Refresh = "1d" }, "24h0m0s"},
		{"a path", "spec.data[0].remoteRef.key", func(p *plan.Plan) { p.Secrets.Store.Path = "databases/prod" }, "databases/prod/app"},
		{"a path with its slash", "spec.data[0].remoteRef.key", func(p *plan.Plan) { p.Secrets.Store.Path = "databases/" }, "databases/app"},
		{"a store of the cluster", "spec.secretStoreRef.kind", func(p *plan.Plan) { p.Secrets.Store.Kind = "ClusterSecretStore" }, "ClusterSecretStore"},
		{"a username that is a template", "spec.target.template.data.username", func(p *plan.Plan) { p.Needs[0].User = "{{ x }}" }, `{{ "{{ x }}" }}`},
		{"labels", "metadata.labels.team", func(p *plan.Plan) { p.Labels = map[string]string{"team": "a"} }, "a"},
		{"one that exists", "metadata.name", func(p *plan.Plan) { p.Secrets.Existing = []spec.ExistingSecret{{Name: "app"}} }, "keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, get(t, externalsecrets.Build(sample(c.change))[0], c.path))
		})
	}
}

func TestNone(t *testing.T) {
	for _, provider := range []string{"existing", "sealed-secrets"} {
		require.Empty(t, externalsecrets.Build(sample(func(p *plan.Plan) { p.Secrets.Provider = provider })))
	}
}
