package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/manifest"
)

// transcript is what a script may not spill, its secrets, and all that it did.
type transcript struct {
	*testing.T
	log     strings.Builder
	secrets map[string][]string // value to the input files that hold it
}

// runScripts runs every script, and then searches what it said and what it wrote for its secrets.
func runScripts(t *testing.T, p testscript.Params) {
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		t := env.T().(*transcript)
		env.Values[transcriptKey] = t
		env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
		env.Defer(func() {
			t.openAll(env.WorkDir)
			t.lookInto(env.WorkDir)
		})
		return setup(env)
	}
	testscript.RunT(&transcript{T: t}, p)
}

const transcriptKey = "transcript"

// Run is testscript's: each script has a transcript of its own.
func (t *transcript) Run(name string, f func(testscript.T)) {
	t.T.Run(name, func(sub *testing.T) {
		one := &transcript{T: sub, secrets: make(map[string][]string)}
		defer func() {
			one.look("what was said", []byte(one.said()))
			if sub.Failed() || testing.Verbose() {
				sub.Log(one.log.String())
			}
		}()
		f(one)
	})
}

// Log keeps what testscript logs, which is everything that the programs printed, for the end.
func (t *transcript) Log(args ...any) { fmt.Fprintln(&t.log, args...) }

// Verbose has testscript log the steps that went well too.
func (t *transcript) Verbose() bool { return true }

// said is the log without the commands themselves.
func (t *transcript) said() string {
	var b strings.Builder
	for line := range strings.Lines(t.log.String()) {
		if !strings.HasPrefix(line, "> ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// learn takes up a secret that no input file holds, unless one is known to.
func (t *transcript) learn(value string) {
	if _, known := t.secrets[value]; !known {
		t.secrets[value] = nil
	}
}

// look searches a text for every secret that it is not the input of, as it is and in base64.
func (t *transcript) look(name string, data []byte) {
	for value, inputs := range t.secrets {
		if slices.Contains(inputs, name) {
			continue
		}
		for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value))} {
			if bytes.Contains(data, []byte(form)) {
				t.Errorf("a secret in plain text: %s", name)
				break
			}
		}
	}
}

func (t *transcript) lookInto(dir string) {
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // the script has ended: what is not there any more holds nothing
		}
		if data, err := os.ReadFile(name); err == nil {
			t.look(name, data)
		}
		return nil
	})
}

// openAll opens whatever was sealed, with the keys of the tests: what was made up is a secret like what was given.
func (t *transcript) openAll(dir string) {
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(name) != ".yaml" {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(data, []byte("onggi.dev/sealed")) {
			return nil
		}
		objs, _ := manifest.Decode(name, data)
		for _, o := range objs {
			encrypted, _ := manifest.Get(o.Body(), "spec", "encryptedData")
			ciphertexts, _ := encrypted.(manifest.Map)
			for key, ciphertext := range ciphertexts {
				for _, label := range []string{o.Ref().Namespace + "/" + o.Ref().Name, o.Ref().Namespace, ""} {
					if plain, err := open(fmt.Sprint(ciphertext), label); err == nil && key != "username" {
						t.learn(plain)
					}
				}
			}
		}
		return nil
	})
}

// secret declares one: secret VARIABLE VALUE [FILE] puts it into the environment, and with a newline into a file.
func secret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: secret VARIABLE VALUE [FILE]")
	}
	ts.Setenv(args[0], args[1])
	r := ts.Value(transcriptKey).(*transcript)
	r.secrets[args[1]] = nil
	if len(args) == 3 {
		name := ts.MkAbs(args[2])
		r.secrets[args[1]] = []string{name}
		ts.Check(os.WriteFile(name, []byte(args[1]+"\n"), 0o600))
	}
}

// sealingKeys are made once: a key takes longer than a script.
var sealingKeys = sync.OnceValues(func() ([]*rsa.PrivateKey, error) {
	var keys []*rsa.PrivateKey
	for _, bits := range []int{2048, 2048, 1024} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
})

// certificate writes a controller's certificate: certificate FILE [expired|future|ending|other|weak].
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: certificate FILE [expired|future|ending|other|weak]")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), certificatePEM(ts, append(args, "")[1]), 0o644))
}

func certificatePEM(ts interface{ Check(error) }, kind string) []byte {
	keys, err := sealingKeys()
	ts.Check(err)
	key, from, lasts := keys[0], time.Now().Add(-time.Hour), 365*24*time.Hour
	switch kind {
	case "expired":
		from = from.Add(-2 * lasts)
	case "future":
		from = from.Add(lasts)
	case "ending":
		lasts = 49 * time.Hour
	case "other":
		key = keys[1]
	case "weak":
		key = keys[2]
	}
	cert, err := crypto.SignKeyWithNotBefore(rand.Reader, key, from, lasts, "sealed-secrets")
	ts.Check(err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// unseals demands what the controller would make of a file, with its library: unseals FILE [scope=SCOPE] [type=TYPE]
// [KEY=VALUE | KEY=$VARIABLE | KEY~LENGTH]... Every value counts as a secret from then on, but for usernames.
func unseals(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: unseals FILE [scope=SCOPE] [type=TYPE] [KEY=VALUE]...")
	}
	objs, err := manifest.Decode(args[0], []byte(ts.ReadFile(args[0])))
	ts.Check(err)
	if len(objs) != 1 {
		ts.Fatalf("%s holds %d objects", args[0], len(objs))
	}
	label := objs[0].Ref().Namespace + "/" + objs[0].Ref().Name
	r := ts.Value(transcriptKey).(*transcript)
	values := make(map[string]string)
	for _, want := range args[1:] {
		key, value, _ := strings.Cut(want, "=")
		switch key {
		case "scope":
			if note, _ := manifest.Get(objs[0].Body(), "metadata", "annotations", "sealedsecrets.bitnami.com/"+value); note != "true" {
				ts.Fatalf("%s does not say that it is %s", args[0], value)
			}
			label = map[string]string{"namespace-wide": objs[0].Ref().Namespace}[value]
		case "type":
			if got, _ := manifest.Get(objs[0].Body(), "spec", "template", "type"); got != value {
				ts.Fatalf("%s is of type %v, not %s", args[0], got, value)
			}
		default:
			values[key] = value
		}
	}
	encrypted, _ := manifest.Get(objs[0].Body(), "spec", "encryptedData")
	for key, ciphertext := range encrypted.(manifest.Map) {
		plain, err := open(ciphertext.(string), label)
		ts.Check(err)
		want, known := values[key]
		switch {
		case !known:
			ts.Fatalf("%s has a key %s that nobody named", args[0], key)
		case want != "*" && want != plain:
			ts.Fatalf("%s: %s is not what it should be", args[0], key)
		}
		delete(values, key)
		if key != "username" {
			r.learn(plain)
		}
	}
	for key := range values {
		ts.Fatalf("%s has no key %s", args[0], key)
	}
}

// open is what a controller does with one value.
func open(ciphertext, label string) (string, error) {
	keys, err := sealingKeys()
	if err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.DecodeString(ciphertext)
	if err != nil {
		return "", err
	}
	both := map[string]*rsa.PrivateKey{"today's": keys[0], "another": keys[1]}
	plain, err := crypto.HybridDecrypt(rand.Reader, both, data, []byte(label))
	return string(plain), err
}

// A terminal is not asked: what is typed there stands on the screen. The null device is one as far as its mode tells.
func TestNoValueIsTyped(t *testing.T) {
	typed, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer typed.Close()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"seal", "../../examples/homelab", "--from-stdin", "ACCESS_KEY_ID"}, cli.Streams{In: typed, Out: &stdout, Err: &stderr})
	require.Equal(t, cli.Usage, code)
	require.Contains(t, stderr.String(), "nothing is piped into standard input")
	require.Empty(t, stdout.String())
}
