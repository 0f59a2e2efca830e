package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// account is a service account, which is known by its key.
type account struct {
	key      *rsa.PrivateKey
	tokenURI string
}

const email = "backups@example.iam.gserviceaccount.com"

// accountIn is the account whose key is in the folder, or a new one.
func accountIn(dir, tokenURI string) (account, error) {
	file := filepath.Join(dir, "key.json")
	var kept struct {
		PrivateKey string `json:"private_key"`
	}
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return account{}, err
	default:
		if err := json.Unmarshal(text, &kept); err != nil {
			return account{}, fmt.Errorf("read %s: %w", file, err)
		}
		block, _ := pem.Decode([]byte(kept.PrivateKey))
		if block == nil {
			return account{}, fmt.Errorf("read %s: it has no key", file)
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return account{}, err
		}
		return account{key.(*rsa.PrivateKey), tokenURI}, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return account{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return account{}, err
	}
	text, err = json.Marshal(map[string]string{
		"type": "service_account", "project_id": "example", "client_email": email, "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		return account{}, err
	}
	return account{key, tokenURI}, os.WriteFile(file, text, 0o600)
}

// verify says what is wrong with a request for a token: a JWT that the account has signed, for us, not too old.
func (a account) verify(grant, assertion string) error {
	if grant != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return fmt.Errorf("the grant %q is not given here", grant)
	}
	signed, signature, found := cutLast(assertion, ".")
	_, claims, also := strings.Cut(signed, ".")
	if !found || !also {
		return errors.New("the assertion is no JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(&a.key.PublicKey, crypto.SHA256, sum[:], raw); err != nil {
		return errors.New("the assertion is not signed by the account's key")
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(claims, "="))
	if err != nil {
		return err
	}
	var said struct {
		Issuer   string `json:"iss"`
		Scope    string `json:"scope"`
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return err
	}
	if said.Issuer != email || said.Audience != a.tokenURI || said.Expires < time.Now().Unix() || !strings.Contains(said.Scope, "devstorage") {
		return fmt.Errorf("the assertion says %s", text)
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
