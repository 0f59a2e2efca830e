package seal_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/seal"
)

var digestKey = seal.DigestKey(bytes.Repeat([]byte{7}, 32))

func all(string, string) bool { return true }

// What becomes of each key, from what is there, what is given and what is asked for.
func TestCompare(t *testing.T) {
	how := seal.How{Scope: seal.Strict, Digest: digestKey}
	now, next := certificate(t, 0), certificate(t, 1)
	_, oldStore := sealed(t, store, nil, values("ID", "one", "KEY", "two"), now, how)
	_, oldLogin := sealed(t, login, nil, nil, now, how)
	wide := how
	wide.Scope = seal.ClusterWide
	other := how
	other.Digest = bytes.Repeat([]byte{8}, 32)
	rotate, anew, anewRotate := how, how, how
	rotate.Rotate, anew.Anew, anewRotate.Anew, anewRotate.Rotate = all, true, true, all
	renamed := login
	renamed.Keys = []seal.Key{{Name: "username", Value: "other"}, {Name: "password", Made: true}}
	more := store
	more.Keys = append(more.Keys[:2:2], seal.Key{Name: "TOKEN"})

	for _, c := range []struct {
		name    string
		want    seal.Want
		have    *manifest.Object
		values  map[string][]byte
		cert    seal.Certificate
		how     seal.How
		actions string // key=action of those that are not kept
		missing string
		stale   string
	}{
		{name: "a login that is not there", want: login, cert: now, how: how, actions: "username=named password=made"},
		{name: "a store that is not there", want: store, cert: now, how: how, missing: "ID KEY"},
		{name: "half of it given", want: store, values: values("ID", "one"), cert: now, how: how, actions: "ID=given", missing: "KEY"},
		{name: "all given", want: store, values: values("ID", "one", "KEY", "two"), cert: now, how: how, actions: "ID=given KEY=given"},
		{name: "a made password given", want: login, values: values("password", "chosen"), cert: now, how: how, actions: "username=named password=given"},
		{name: "nothing new", want: login, have: &oldLogin, cert: now, how: how},
		{name: "the same values", want: store, have: &oldStore, values: values("ID", "one", "KEY", "two"), cert: now, how: how},
		{name: "no values", want: store, have: &oldStore, cert: now, how: how},
		{name: "another value", want: store, have: &oldStore, values: values("ID", "one", "KEY", "three"), cert: now, how: how, actions: "KEY=given"},
		{name: "values that changed places", want: store, have: &oldStore, values: values("ID", "two", "KEY", "one"), cert: now, how: how, actions: "ID=given KEY=given"},
		{name: "with another digest key", want: store, have: &oldStore, values: values("KEY", "two"), cert: now, how: other, actions: "KEY=given"},
		{name: "without a digest key", want: store, have: &oldStore, values: values("KEY", "two"), cert: now, how: seal.How{Scope: seal.Strict}, actions: "KEY=given"},
		{name: "a chosen password in place of a made one", want: login, have: &oldLogin, values: values("password", "chosen"), cert: now, how: how, actions: "password=given"},
		{name: "another username", want: renamed, have: &oldLogin, cert: now, how: how, actions: "username=named"},
		{name: "one more key", want: more, have: &oldStore, cert: now, how: how, missing: "TOKEN"},
		{name: "rotated", want: login, have: &oldLogin, cert: now, how: rotate, actions: "password=made"},
		{name: "rotated without a value", want: store, have: &oldStore, values: values("ID", "one"), cert: now, how: rotate, actions: "ID=given", missing: "KEY"},
		{name: "another certificate", want: login, have: &oldLogin, cert: next, how: how, stale: "username password"},
		{name: "another certificate and the same values", want: store, have: &oldStore, values: values("ID", "one", "KEY", "two"), cert: next, how: how, stale: "ID KEY"},
		{name: "another scope", want: login, have: &oldLogin, cert: now, how: wide, stale: "username password"},
		{name: "anew", want: login, have: &oldLogin, cert: next, how: anew, actions: "username=named", missing: "password"},
		{name: "anew with a value", want: login, have: &oldLogin, values: values("password", "chosen"), cert: next, how: anew, actions: "username=named password=given"},
		{name: "anew and rotated", want: login, have: &oldLogin, cert: next, how: anewRotate, actions: "username=named password=made"},
		{name: "anew without values", want: store, have: &oldStore, cert: next, how: anew, missing: "ID KEY"},
		{name: "anew for the same certificate", want: store, have: &oldStore, cert: now, how: anew},
		{name: "looked at without a certificate", want: login, have: &oldLogin, how: how},
	} {
		t.Run(c.name, func(t *testing.T) {
			step, err := seal.Compare(c.want, read(t, c.have), c.values, c.cert, c.how)
			require.NoError(t, err)
			var actions, missing []string
			for _, todo := range step.Todos {
				if todo.Action != seal.Keep {
					actions = append(actions, todo.Key+"="+string(todo.Action))
					require.NotEmpty(t, todo.Why)
				}
			}
			for _, m := range step.Missing {
				missing = append(missing, m.Key.Name)
			}
			require.Equal(t, c.actions, strings.Join(actions, " "))
			require.Equal(t, c.missing, strings.Join(missing, " "))
			require.Equal(t, c.stale, strings.Join(step.Stale, " "))
			require.Equal(t, c.actions != "", step.Changed())
			if c.missing != "" {
				_, err := step.Seal(rand.Reader)
				require.Error(t, err, "nothing is sealed while a value is missing")
			}
		})
	}
}

// A key that is kept keeps its very ciphertext; whatever people added to the file stays.
func TestWhatIsKeptIsNotTouched(t *testing.T) {
	how := seal.How{Scope: seal.NamespaceWide, Digest: digestKey}
	_, before := sealed(t, store, nil, values("ID", "one", "KEY", "two"), certificate(t, 0), how)
	require.NoError(t, manifest.Set(before.Body(), "mine", "metadata", "labels", "team"))
	require.NoError(t, manifest.Set(before.Body(), strings.Repeat("AgB1", 60), "spec", "encryptedData", "theirs"))
	require.NoError(t, manifest.Set(before.Body(), true, "spec", "template", "immutable"))
	how.Scope = seal.Strict // has no effect while a key is kept
	_, after := sealed(t, store, &before, values("KEY", "three"), certificate(t, 1), how)
	var moved []string
	for _, d := range manifest.Diff([]manifest.Object{before}, []manifest.Object{after}) {
		moved = append(moved, manifest.FormatPath(d.Path))
	}
	require.ElementsMatch(t, []string{"spec.encryptedData.KEY", `metadata.annotations["onggi.dev/sealed"]`}, moved)
	require.Equal(t, seal.NamespaceWide, read(t, &after).Scope)
}

// What is wrong with the file beside its ciphertext is mended without a value.
func TestReshaped(t *testing.T) {
	how := seal.How{Scope: seal.Strict, Digest: digestKey}
	cert := certificate(t, 0)
	_, before := sealed(t, login, nil, nil, cert, how)
	for name, change := range map[string]func(*seal.Want){
		"type":         func(w *seal.Want) { w.Type = "Opaque" },
		"label":        func(w *seal.Want) { w.Labels = map[string]string{"a": "b"} },
		"environments": func(w *seal.Want) { w.Environments = []string{"prod"} },
	} {
		t.Run(name, func(t *testing.T) {
			want := login
			change(&want)
			step, after := sealed(t, want, &before, nil, cert, how)
			require.Contains(t, step.Reshaped, name)
			require.True(t, step.Changed())
			old, _ := manifest.Get(before.Body(), "spec", "encryptedData")
			kept, _ := manifest.Get(after.Body(), "spec", "encryptedData")
			require.Equal(t, old, kept)
			again, err := seal.Compare(want, read(t, &after), nil, cert, how)
			require.NoError(t, err)
			require.False(t, again.Changed(), "a second run has nothing to do")
		})
	}
}

// A key that another scope would lose is asked for; nothing is dropped in silence.
func TestAnotherScopeLosesNothing(t *testing.T) {
	how := seal.How{Scope: seal.Strict, Digest: digestKey}
	_, before := sealed(t, store, nil, values("ID", "one", "KEY", "two"), certificate(t, 0), how)
	less := store
	less.Keys = store.Keys[:1]
	step, err := seal.Compare(less, read(t, &before), values("ID", "one"), certificate(t, 0), seal.How{Scope: seal.ClusterWide, Anew: true})
	require.NoError(t, err)
	require.Len(t, step.Missing, 1)
	require.Equal(t, "KEY", step.Missing[0].Key.Name)
}

// A value that its reader could not use is refused, and never quoted.
func TestValuesThatWillNotDo(t *testing.T) {
	cert, key := pair(t)
	tlsWant := seal.Want{Namespace: "n", Name: "tls", Type: "kubernetes.io/tls", Keys: []seal.Key{{Name: "tls.crt"}, {Name: "tls.key"}, {Name: "ca.crt"}}}
	pull := seal.Want{Namespace: "n", Name: "pull", Type: "kubernetes.io/dockerconfigjson", Keys: []seal.Key{{Name: ".dockerconfigjson"}}}
	strange := seal.Want{Namespace: "n", Name: "s", Type: "Opaque", Keys: []seal.Key{{Name: "a b"}}}
	rsaKey := certificatePEM(t, controllers()[0], now, 1e18)
	for _, c := range []struct {
		want   seal.Want
		values map[string][]byte
		err    string
	}{
		{store, values("ID", ""), "store/ID is empty"},
		{store, values("ID", strings.Repeat("x", seal.MaxValue+1)), "larger than a Secret"},
		{login, values("username", "hunter2"), `must be "app"`},
		{login, values("password", "hunter2\nhunter2"), "line break"},
		{login, values("password", "hunter2\x00"), "zero byte"},
		{tlsWant, values("tls.crt", "hunter2"), "tls/tls.crt is not a certificate"},
		{tlsWant, values("tls.key", "hunter2"), "tls/tls.key is not a private key"},
		{tlsWant, values("ca.crt", string(key)), "tls/ca.crt is not a certificate"},
		{tlsWant, values("tls.crt", string(rsaKey), "tls.key", string(key)), "are no pair"},
		{pull, values(".dockerconfigjson", `{"auths":hunter2}`), "is not a Docker configuration"},
		{pull, values(".dockerconfigjson", `{}`), "is not a Docker configuration"},
		{strange, nil, "is no name for a key"},
	} {
		_, err := seal.Compare(c.want, nil, c.values, certificate(t, 0), seal.How{Scope: seal.Strict})
		require.ErrorContains(t, err, c.err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := seal.Compare(tlsWant, nil, values("tls.crt", string(cert), "tls.key", string(key), "ca.crt", string(cert)), certificate(t, 0), seal.How{Scope: seal.Strict})
	require.NoError(t, err)
}

// A file of somebody else's is right, or is refused; it is never changed.
func TestForeignFiles(t *testing.T) {
	object := func(secretType string, keys ...string) *manifest.Object {
		data := manifest.Map{}
		for _, key := range keys {
			data[key] = strings.Repeat("AgB1", 60)
		}
		o := manifest.New(manifest.Map{"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": manifest.Map{"name": "app", "namespace": "databases"},
			"spec": manifest.Map{"encryptedData": data, "template": manifest.Map{"type": secretType}}})
		return &o
	}
	const basic = "kubernetes.io/basic-auth"
	for _, c := range []struct {
		have   *manifest.Object
		values map[string][]byte
		how    seal.How
		err    string
	}{
		{object(basic, "username", "password"), nil, seal.How{}, ""},
		{object(basic, "username", "password", "more"), nil, seal.How{}, ""},
		{object(basic, "username"), nil, seal.How{}, "it has no key password"},
		{object("", "username", "password"), nil, seal.How{}, "its type is Opaque, not " + basic},
		{object(basic, "username", "password"), values("password", "x"), seal.How{}, "password would have to change"},
		{object(basic, "username", "password"), nil, seal.How{Rotate: all}, "password would have to change"},
	} {
		step, err := seal.Compare(login, read(t, c.have), c.values, certificate(t, 0), c.how)
		if c.err != "" {
			require.ErrorContains(t, err, c.err)
			require.ErrorContains(t, err, "it was not sealed by onggi")
			continue
		}
		require.NoError(t, err)
		require.False(t, step.Changed())
		require.False(t, step.Have.Ours())
	}
}

// Whatever lies beside a spec is read without a panic, and what is compared with it can be sealed over it or is refused.
func FuzzRead(f *testing.F) {
	f.Add([]byte("apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: app, annotations: {onggi.dev/sealed: \"password made x\\n\"}}\nspec: {encryptedData: {password: AgB1}}\n"))
	f.Add([]byte("spec: {encryptedData: {a: 1}, template: {metadata: {labels: []}}}"))
	cert := certificate(f, 0)
	f.Fuzz(func(t *testing.T, data []byte) {
		objs, err := manifest.Decode("file", data)
		if err != nil {
			return
		}
		for _, o := range objs {
			have, err := seal.Read(o)
			if err != nil {
				continue
			}
			step, err := seal.Compare(login, have, nil, cert, seal.How{Scope: seal.Strict, Digest: digestKey, Rotate: all, Anew: true})
			if err != nil || len(step.Missing) > 0 {
				continue
			}
			sealedOver, err := step.Seal(rand.Reader)
			require.NoError(t, err)
			require.Equal(t, "app", sealedOver.Ref().Name)
		}
	})
}
