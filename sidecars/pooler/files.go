package pooler

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/onggi-db/onggi/sidecars/config"
)

// userlist is PgBouncer's auth_file with one role. Quotes are doubled, and nothing else has a meaning within them.
func userlist(role, password string) ([]byte, error) {
	password = strings.TrimRight(password, "\r\n")
	switch {
	case password == "":
		return nil, errors.New("the password is empty")
	case strings.ContainsAny(password, "\x00\r\n"):
		return nil, errors.New("the password is not one line")
	}
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	return []byte(quote(role) + " " + quote(password) + "\n"), nil
}

// writeUserlist makes the auth_file anew, wholly or not at all.
func writeUserlist(c config.Pooler) error {
	password, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return fmt.Errorf("read the password of %s: %w", config.PoolerRole, err)
	}
	text, err := userlist(config.PoolerRole, string(password))
	if err != nil {
		return fmt.Errorf("read the password of %s in %s: %w", config.PoolerRole, c.PasswordFile, err)
	}
	name := filepath.Join(c.Run, config.PoolerUserlist)
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, text) {
		return nil
	}
	next := name + ".next"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return fmt.Errorf("write PgBouncer's passwords: %w", err)
	}
	if err := os.Rename(next, name); err != nil {
		return fmt.Errorf("write PgBouncer's passwords: %w", err)
	}
	return nil
}

// sum tells apart what the files hold. One that cannot be read is as one that holds why not.
func sum(files []string) [sha256.Size]byte {
	all := sha256.New()
	for _, name := range files {
		text, err := os.ReadFile(name)
		one := sha256.Sum256(text)
		fmt.Fprintf(all, "%q %v %x\n", name, err, one)
	}
	return [sha256.Size]byte(all.Sum(nil))
}

// watched are the files after whose change PgBouncer is to read everything again.
func watched(file string, c config.Pooler) []string {
	return append([]string{file, c.Ini, c.PasswordFile}, c.Watch...)
}
