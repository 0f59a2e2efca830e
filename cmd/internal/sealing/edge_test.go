package sealing

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/seal"
)

func TestParseValues(t *testing.T) {
	good, err := ParseValues([]string{"ID=AWS_ID", "aws.eu/KEY=_K"}, []string{"tls/tls.crt=a=b.pem"}, []string{"x/.dockerconfigjson"})
	require.NoError(t, err)
	require.Equal(t, []Value{
		{"", "ID", fromEnv, "AWS_ID"}, {"aws.eu", "KEY", fromEnv, "_K"}, {"tls", "tls.crt", fromFile, "a=b.pem"}, {"x", ".dockerconfigjson", fromStdin, ""},
	}, good)
	for _, c := range []struct{ env, file, stdin string }{
		{env: "hunter2"}, {env: "KEY="}, {env: "KEY=hunter2!"}, {env: "KEY=2hunter2"}, {env: "=hunter2"}, {env: "a/b/c=hunter2"}, {env: "A B=hunter2"}, {env: "Up/KEY=hunter2"},
		{file: "hunter2"}, {file: "KEY="}, {file: "/KEY=hunter2"}, {stdin: "KEY=hunter2"}, {stdin: "hunter2/"}, {stdin: ""},
	} {
		one := func(s string) []string {
			if s == "" {
				return nil
			}
			return []string{s}
		}
		stdin := one(c.stdin)
		if c == (struct{ env, file, stdin string }{}) {
			stdin = []string{""}
		}
		_, err := ParseValues(one(c.env), one(c.file), stdin)
		require.Error(t, err, "%+v", c)
		require.Equal(t, cli.Usage, code(t, err))
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// No flag makes it panic, and what it refuses it does not repeat.
func FuzzParseValues(f *testing.F) {
	f.Add("aws/KEY=VARIABLE")
	f.Add("hunter2")
	f.Fuzz(func(t *testing.T, flag string) {
		values, err := ParseValues([]string{flag}, nil, nil)
		if err == nil {
			require.Len(t, values, 1)
			require.Equal(t, flag, values[0].label()+"="+values[0].arg)
			return
		}
		if len(flag) > 12 && !strings.Contains("--from-env takes KEY=VARIABLE or SECRET/KEY=VARIABLE, with the name of a variable; a value itself is never an argument, since every process of this machine can read it there", flag) {
			require.NotContains(t, err.Error(), flag)
		}
	})
}

// The key of digests is made once, whoever comes first, and only its owner reads it.
func TestDigestKey(t *testing.T) {
	name := filepath.Join(t.TempDir(), "onggi", "seal.key")
	none, err := readDigestKey(name)
	require.NoError(t, err)
	require.Nil(t, none)
	keys := make([]seal.DigestKey, 8)
	var running sync.WaitGroup
	for i := range keys {
		running.Go(func() {
			key, err := makeDigestKey(name, rand.Reader)
			if err == nil {
				keys[i] = key
			}
		})
	}
	running.Wait()
	require.Len(t, keys[0], digestKeySize)
	for _, key := range keys {
		require.Equal(t, keys[0], key)
	}
	again, err := readDigestKey(name)
	require.NoError(t, err)
	require.Equal(t, keys[0], again)
	entries, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
	if runtime.GOOS != "windows" {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.NoError(t, os.Chmod(name, 0o640))
		_, err = readDigestKey(name)
		require.ErrorContains(t, err, "others can read it")
		require.NoError(t, os.Chmod(name, 0o600))
	}
	for _, text := range []string{"", "zz", strings.Repeat("ab", 31), strings.Repeat("ab", 33), strings.Repeat("x", 2000)} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		_, err = readDigestKey(name)
		require.Error(t, err, "%q", text)
	}
	_, err = makeDigestKey(filepath.Join(t.TempDir(), "k"), bytes.NewReader(nil))
	require.Error(t, err, "no key without entropy")
}

// A file that changed between reading and writing is somebody's work, and stays.
func TestWriteOverNobody(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sealed.yaml")
	require.NoError(t, write(name, nil, []byte("one")))
	require.ErrorContains(t, write(name, nil, []byte("two")), "somebody made it in the meantime")
	require.ErrorContains(t, write(name, []byte("zero"), []byte("two")), "somebody changed it in the meantime")
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "one", string(data))
	require.NoError(t, write(name, []byte("one"), []byte("two")))
	data, err = os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "two", string(data))
	failing := errors.New("the disk is full")
	require.ErrorIs(t, place(func(string, string) error { return failing }, name, []byte("three"), 0o644), failing)
	entries, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
}

// Names of files are told apart wherever Secrets are.
func TestNewName(t *testing.T) {
	dir := t.TempDir()
	taken := make(map[string]bool)
	name := func(w wanted) string {
		w.dir = dir
		got, err := w.newName(taken)
		require.NoError(t, err)
		return filepath.Base(got)
	}
	at := func(namespace, name string, envs ...string) seal.Want {
		return seal.Want{Namespace: namespace, Name: name, Environments: envs}
	}
	require.Equal(t, "sealed-a.yaml", name(wanted{home: true, want: at("b", "a")}))
	require.Equal(t, "sealed-a@b.yaml", name(wanted{home: true, want: at("b", "a")}), "the plain one is taken")
	require.Equal(t, "sealed-a-b@c.yaml", name(wanted{want: at("c", "a-b")}))
	require.Equal(t, "sealed-a@b-c.yaml", name(wanted{want: at("b-c", "a")}))
	require.Equal(t, "sealed-a@b+prod.yaml", name(wanted{home: true, want: at("b", "a", "prod")}))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sealed-x.yaml"), nil, 0o644))
	require.Equal(t, "sealed-x@b.yaml", name(wanted{home: true, want: at("b", "x")}), "the plain one is somebody else's")
	_, err := (&wanted{dir: dir, want: at("c", "a-b")}).newName(taken)
	require.ErrorContains(t, err, "move it away")
}

// A folder is read for sealed secrets of any name; two of one identity are told.
func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	sealed := func(namespace, name string) string {
		return "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: " + name + ", namespace: " + namespace + "}\nspec: {encryptedData: {a: b}}\n"
	}
	put := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	put("any.yml", sealed("here", "one"))
	put("both.yaml", sealed("here", "two")+"---\n"+sealed("there", "two"))
	put(".hidden.yaml", sealed("here", "one"))
	put("notes.txt", sealed("here", "one"))
	put("comment.yaml", "# a SealedSecret is not here\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
	found, err := readFolder(dir)
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.False(t, found[identity{"here", "one", ""}].shared)
	require.True(t, found[identity{"there", "two", ""}].shared)
	put("again.yaml", sealed("here", "one"))
	_, err = readFolder(dir)
	require.ErrorContains(t, err, "both seal here/one")
	put("again.yaml", "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata: {name: x}\nspec: {}\n")
	_, err = readFolder(dir)
	require.ErrorContains(t, err, "it has no spec.encryptedData")
}
