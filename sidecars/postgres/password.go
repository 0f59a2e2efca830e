package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

// verifier is what Postgres stores of a password: enough to check it, not to know it (RFC 5803). It is made here so that
// no statement, and so no log, ever has the password.
func verifier(password string, salt []byte) (string, error) {
	const rounds = 4096
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive from a password: %v", err)
	}
	mac := func(message string) []byte {
		m := hmac.New(sha256.New, salted)
		m.Write([]byte(message))
		return m.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}

// ReadPassword reads a password from a file, without the line end behind it. It is printable ASCII.
func ReadPassword(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read a password: %v", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("read a password: %s is empty", path)
	}
	// Others would have to be normalised (SASLprep) just as every client does it.
	if strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("read a password: that in %s has other than printable ASCII characters", path)
	}
	return password, nil
}

func verifierFromFile(path string) (string, error) {
	password, err := ReadPassword(path)
	if err != nil {
		return "", err
	}
	return NewVerifier(password)
}

// NewVerifier is what Postgres stores of a password, with a new salt.
func NewVerifier(password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // it never fails
	return verifier(password, salt)
}

// Verifies tells whether what Postgres stores is of this password. It is false for what was stored by another method than SCRAM, or of
// other rounds than NewVerifier's.
func Verifies(stored, password string) bool {
	parts := strings.Split(stored, "$")
	if len(parts) != 3 {
		return false
	}
	_, salt, _ := strings.Cut(parts[1], ":")
	raw, err := base64.StdEncoding.DecodeString(salt)
	if err != nil || len(raw) == 0 {
		return false
	}
	again, err := verifier(password, raw)
	return err == nil && hmac.Equal([]byte(again), []byte(stored))
}
