package seal_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/seal"
	"github.com/onggi-db/onggi/render/spec"
)

// now is when the tests take place.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// controllers are the keys of two sealed secrets controllers.
var controllers = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 2)
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // there is no entropy
		}
		keys[i] = key
	}
	return keys
})

func certificatePEM(t testing.TB, key *rsa.PrivateKey, from time.Time, lasts time.Duration) []byte {
	cert, err := crypto.SignKeyWithNotBefore(rand.Reader, key, from, lasts, "sealed-secrets")
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

func certificate(t testing.TB, i int) seal.Certificate {
	c, err := seal.ParseCertificate(certificatePEM(t, controllers()[i], now.Add(-time.Hour), 365*24*time.Hour), now)
	require.NoError(t, err)
	return c
}

// unseal is what a controller does: it decrypts with the label of the place that it finds the object at.
func unseal(t *testing.T, o manifest.Object, controller int, label string) (map[string]string, error) {
	encrypted, ok := manifest.Get(o.Body(), "spec", "encryptedData")
	require.True(t, ok)
	out := make(map[string]string)
	for key, value := range encrypted.(manifest.Map) {
		data, err := base64.StdEncoding.DecodeString(value.(string))
		require.NoError(t, err)
		plain, err := crypto.HybridDecrypt(rand.Reader, map[string]*rsa.PrivateKey{"": controllers()[controller]}, data, []byte(label))
		if err != nil {
			return nil, err
		}
		out[key] = string(plain)
	}
	return out, nil
}

var login = seal.Want{
	Namespace: "databases", Name: "app", Type: "kubernetes.io/basic-auth", Labels: map[string]string{"cnpg.io/reload": "true"},
	Keys: []seal.Key{{Name: "username", Value: "app"}, {Name: "password", Made: true}},
}

var store = seal.Want{Namespace: "databases", Name: "store", Type: "Opaque", Keys: []seal.Key{{Name: "ID"}, {Name: "KEY"}}}

func values(pairs ...string) map[string][]byte {
	out := make(map[string][]byte)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = []byte(pairs[i+1])
	}
	return out
}

// sealed compares and seals in one go, from an object that is there or from nothing, as it would lie on disk.
func sealed(t *testing.T, w seal.Want, old *manifest.Object, v map[string][]byte, c seal.Certificate, how seal.How) (*seal.Step, manifest.Object) {
	t.Helper()
	step, err := seal.Compare(w, read(t, old), v, c, how)
	require.NoError(t, err)
	require.Empty(t, step.Missing)
	o, err := step.Seal(rand.Reader)
	require.NoError(t, err)
	back, err := manifest.Decode("file", seal.File(o))
	require.NoError(t, err)
	require.Len(t, back, 1)
	require.Empty(t, manifest.Diff([]manifest.Object{o}, back))
	return step, back[0]
}

func read(t *testing.T, o *manifest.Object) *seal.Have {
	if o == nil {
		return nil
	}
	have, err := seal.Read(*o)
	require.NoError(t, err)
	return have
}

// What is sealed is opened by the controller's library at the place that the scope binds it to, and nowhere else.
func TestScopes(t *testing.T) {
	for _, c := range []struct {
		scope       seal.Scope
		label       string
		annotations manifest.Map
		elsewhere   []string
	}{
		{seal.Strict, "databases/store", nil, []string{"", "databases", "databases/other", "other/store"}},
		{seal.NamespaceWide, "databases", manifest.Map{"sealedsecrets.bitnami.com/namespace-wide": "true"}, []string{"", "databases/store", "other"}},
		{seal.ClusterWide, "", manifest.Map{"sealedsecrets.bitnami.com/cluster-wide": "true"}, []string{"databases", "databases/store"}},
	} {
		t.Run(string(c.scope), func(t *testing.T) {
			_, o := sealed(t, store, nil, values("ID", "one", "KEY", "two"), certificate(t, 0), seal.How{Scope: c.scope})
			plain, err := unseal(t, o, 0, c.label)
			require.NoError(t, err)
			require.Equal(t, map[string]string{"ID": "one", "KEY": "two"}, plain)
			for _, label := range c.elsewhere {
				_, err := unseal(t, o, 0, label)
				require.Error(t, err, "opened at %q", label)
			}
			_, err = unseal(t, o, 1, c.label)
			require.Error(t, err, "opened by another controller")
			inner, _ := manifest.Get(o.Body(), "spec", "template", "metadata", "annotations")
			if c.annotations == nil {
				require.Nil(t, inner)
			} else {
				require.Equal(t, any(c.annotations), inner)
			}
			require.Equal(t, c.scope, read(t, &o).Scope)
		})
	}
}

// The object is what the controller and the reader want: the Secret's type and labels in the template.
func TestObject(t *testing.T) {
	_, o := sealed(t, login, nil, nil, certificate(t, 0), seal.How{Scope: seal.Strict})
	require.Equal(t, manifest.Ref{APIVersion: "bitnami.com/v1alpha1", Kind: "SealedSecret", Namespace: "databases", Name: "app"}, o.Ref())
	template, _ := manifest.Get(o.Body(), "spec", "template")
	require.Equal(t, manifest.Map{
		"type":     "kubernetes.io/basic-auth",
		"metadata": manifest.Map{"name": "app", "namespace": "databases", "labels": manifest.Map{"cnpg.io/reload": "true"}},
	}, template)
	plain, err := unseal(t, o, 0, "databases/app")
	require.NoError(t, err)
	require.Equal(t, "app", plain["username"])
	require.Regexp(t, `^[A-Za-z][A-Za-z0-9]{31}$`, plain["password"])
}

// Every Secret that any of the samples reads can be sealed, and becomes what its reader wants: all keys, no other, of one type.
func TestEverySampleCanBeSealed(t *testing.T) {
	types := make(map[string]int)
	for _, w := range samples(t) {
		given := make(map[string][]byte)
		want := seal.Want{Namespace: "databases", Name: w.Name, Type: w.Type}
		for _, key := range w.Keys {
			k := seal.Key{Name: key, Made: w.Makes(key)}
			if key == "username" {
				k.Value = w.User
			}
			if k.Value == "" && !k.Made {
				given[key] = example(t, key)
			}
			want.Keys = append(want.Keys, k)
		}
		_, o := sealed(t, want, nil, given, certificate(t, 0), seal.How{Scope: seal.Strict})
		plain, err := unseal(t, o, 0, "databases/"+w.Name)
		require.NoError(t, err)
		require.Len(t, plain, len(w.Keys))
		switch w.Type {
		case "kubernetes.io/basic-auth":
			require.Equal(t, w.User, plain["username"], "the operator refuses another one")
			require.Len(t, plain["password"], 32)
		case "kubernetes.io/tls":
			require.Contains(t, plain, "tls.crt")
			require.Contains(t, plain, "tls.key")
		case "kubernetes.io/dockerconfigjson":
			require.Contains(t, plain, ".dockerconfigjson")
		default:
			require.Equal(t, "Opaque", w.Type)
		}
		types[w.Type]++
	}
	for _, kind := range []string{"kubernetes.io/basic-auth", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson", "Opaque"} {
		require.Positive(t, types[kind], "no sample wants %s", kind)
	}
}

// samples are the Secrets that the samples want, were the provider another one.
func samples(t *testing.T) []plan.Wanted {
	folders, err := filepath.Glob("../../testdata/specs/*")
	require.NoError(t, err)
	var out []plan.Wanted
	for _, folder := range append(folders, "../../examples/homelab") {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		require.NoError(t, err)
		var sources []spec.Source
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			sources = append(sources, spec.Source{Name: filepath.ToSlash(file), Data: data})
		}
		set, problems := spec.Load(sources)
		require.Empty(t, problems)
		for _, doc := range set.Clusters {
			for _, env := range append([]string{""}, doc.Environments()...) {
				c, problems := doc.Resolve(env)
				require.Empty(t, problems)
				c.Spec.Secrets = spec.Secrets{Provider: "sealed-secrets"}
				p, problems := plan.Resolve(c)
				require.Empty(t, problems, folder)
				out = append(out, p.Wanted()...)
			}
		}
	}
	require.Greater(t, len(out), 20)
	return out
}

// example is a value that a reader of the key would take.
func example(t *testing.T, key string) []byte {
	cert, private := pair(t)
	switch {
	case strings.HasSuffix(key, ".crt"):
		return cert
	case strings.HasSuffix(key, ".key"):
		return private
	case key == ".dockerconfigjson":
		return []byte(`{"auths":{"ghcr.io":{}}}`)
	}
	return []byte("value of " + key)
}

// The password is drawn evenly: each character is as likely as any other.
func TestPasswordsAreEven(t *testing.T) {
	entropy := mathrand.NewChaCha8([32]byte{1})
	rest, first := make(map[byte]int), make(map[byte]int)
	for range 20000 {
		password, err := seal.Password(entropy)
		require.NoError(t, err)
		require.Len(t, password, 32)
		first[password[0]]++
		for _, c := range password[1:] {
			rest[c]++
		}
	}
	require.Len(t, rest, 62)
	require.Len(t, first, 52)
	for c, n := range rest {
		require.Contains(t, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", string(c))
		require.InEpsilon(t, 20000*31/62, n, 0.06, "%c", c)
	}
	for c, n := range first {
		require.Greater(t, c, byte('9'), "a digit would make a number of it")
		require.InEpsilon(t, 20000/52, n, 0.3, "%c", c)
	}
	_, err := seal.Password(bytes.NewReader(nil))
	require.ErrorIs(t, err, io.EOF, "no password without entropy")
}

func TestTrim(t *testing.T) {
	for in, want := range map[string]string{
		"one": "one", "one\n": "one", "one\r\n": "one", "one\n\n": "one\n\n", "": "", "\n": "", "a\nb\n": "a\nb\n", " one ": " one ",
	} {
		require.Equal(t, want, string(seal.Trim([]byte(in))), "%q", in)
	}
}
