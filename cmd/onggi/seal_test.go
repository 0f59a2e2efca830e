package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/manifest"
)

// transcript is what a script may not spill: its secrets, and where all that the program says is written down.
type transcript struct {
	said    string              // file with everything that went to stdout and stderr
	secrets map[string][]string // value to the input files that hold it
}

const saidVariable = "ONGGI_TEST_SAID"

// mainOnRecord is main, with everything that it says written down for the check at the end of the script.
func mainOnRecord() {
	s := cli.OS()
	if said, err := os.OpenFile(os.Getenv(saidVariable), os.O_APPEND|os.O_WRONLY, 0); err == nil {
		s.Out, s.Err = io.MultiWriter(s.Out, said), io.MultiWriter(s.Err, said)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], s))
}

// keepRecord is for every script: at its end no secret that it used may stand in anything that was written or said.
func keepRecord(env *testscript.Env) error {
	said, err := os.CreateTemp("", "onggi-said-*")
	if err != nil {
		return err
	}
	if err := said.Close(); err != nil {
		return err
	}
	r := &transcript{said: said.Name(), secrets: make(map[string][]string)}
	env.Values[transcript{}.key()] = r
	env.Setenv(saidVariable, r.said)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
	env.Defer(func() {
		defer os.Remove(r.said)
		for _, leak := range r.leaks(env.WorkDir) {
			env.T().Log("a secret in plain text: " + leak)
			defer env.T().FailNow()
		}
	})
	return nil
}

func (transcript) key() string { return "transcript" }

// leaks are the places that hold a secret, as it is or in base64, and are not its input.
func (r *transcript) leaks(dir string) []string {
	var out []string
	look := func(name string, data []byte) {
		for value, inputs := range r.secrets {
			if slices.Contains(inputs, name) {
				continue
			}
			for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value))} {
				if bytes.Contains(data, []byte(form)) {
					out = append(out, name)
				}
			}
		}
	}
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // the script has ended: what is not there any more holds nothing
		}
		if data, err := os.ReadFile(name); err == nil {
			look(name, data)
		}
		return nil
	})
	said, err := os.ReadFile(r.said)
	if err != nil {
		return append(out, "nobody wrote down what was said: "+err.Error())
	}
	look("what was said", said)
	return out
}

// secret declares one: secret VARIABLE VALUE [FILE] puts it into the environment, and with a newline into a file.
func secret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: secret VARIABLE VALUE [FILE]")
	}
	ts.Setenv(args[0], args[1])
	r := ts.Value(transcript{}.key()).(*transcript)
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
	r := ts.Value(transcript{}.key()).(*transcript)
	values := make(map[string]string)
	for _, want := range args[1:] {
		key, value, _ := strings.Cut(want, "=")
		switch key {
		case "scope":
			if note, _ := manifest.Get(objs[0].Body, "metadata", "annotations", "sealedsecrets.bitnami.com/"+value); note != "true" {
				ts.Fatalf("%s does not say that it is %s", args[0], value)
			}
			label = map[string]string{"namespace-wide": objs[0].Ref().Namespace}[value]
		case "type":
			if got, _ := manifest.Get(objs[0].Body, "spec", "template", "type"); got != value {
				ts.Fatalf("%s is of type %v, not %s", args[0], got, value)
			}
		default:
			values[key] = value
		}
	}
	encrypted, _ := manifest.Get(objs[0].Body, "spec", "encryptedData")
	for key, ciphertext := range encrypted.(manifest.Map) {
		plain := decrypt(ts, ciphertext.(string), label)
		want, known := values[key]
		switch {
		case !known:
			ts.Fatalf("%s has a key %s that nobody named", args[0], key)
		case want != "*" && want != plain:
			ts.Fatalf("%s: %s is not what it should be", args[0], key)
		}
		delete(values, key)
		if key != "username" {
			r.secrets[plain] = r.secrets[plain]
		}
	}
	for key := range values {
		ts.Fatalf("%s has no key %s", args[0], key)
	}
}

func decrypt(ts *testscript.TestScript, ciphertext, label string) string {
	keys, err := sealingKeys()
	ts.Check(err)
	data, err := base64.StdEncoding.DecodeString(ciphertext)
	ts.Check(err)
	both := map[string]*rsa.PrivateKey{"today's": keys[0], "another": keys[1]}
	plain, err := crypto.HybridDecrypt(rand.Reader, both, data, []byte(label))
	ts.Check(err)
	return string(plain)
}
