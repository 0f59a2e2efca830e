package agent

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// repository is a place for backups and the program that knows it. It runs in the database container.
type repository struct {
	settings backup.Settings
	tools    postgres.Tools
}

// infoWithin is how long a look at the repository may take.
const infoWithin = 2 * time.Minute

// prepare writes the configuration with its secrets. What is there already as it should be is left alone.
func (r repository) prepare() error {
	secrets, err := readSecrets(r.settings.Repository)
	if err != nil {
		return err
	}
	files, err := r.settings.Render(secrets)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.settings.Dir, 0o700); err != nil {
		return fmt.Errorf("write the configuration of pgBackRest: %w", err)
	}
	for _, f := range files {
		name := filepath.Join(r.settings.Dir, f.Name)
		if was, err := os.ReadFile(name); err == nil && bytes.Equal(was, f.Content) {
			continue
		}
		if err := replaceFile(name, f.Content); err != nil {
			return fmt.Errorf("write the configuration of pgBackRest: %w", err)
		}
	}
	return nil
}

// readSecrets reads the key files. A file that is named has to be there.
func readSecrets(r config.Repository) (backup.Secrets, error) {
	var s backup.Secrets
	for _, one := range []struct {
		into *string
		file string
	}{{&s.Key, r.KeyFile}, {&s.Secret, r.SecretFile}, {&s.Token, r.TokenFile}, {&s.Cipher, r.CipherFile}} {
		if one.file == "" {
			continue
		}
		text, err := os.ReadFile(one.file)
		if err != nil {
			return s, fmt.Errorf("read a key of the repository: %w", err)
		}
		if *one.into = strings.TrimRight(string(text), "\r\n"); *one.into == "" {
			return s, fmt.Errorf("read a key of the repository: %s is empty", one.file)
		}
	}
	if r.CAFile != "" {
		text, err := os.ReadFile(r.CAFile)
		if err != nil {
			return s, fmt.Errorf("read the authority of the repository: %w", err)
		}
		s.CA = text
	}
	return s, nil
}

// run runs a command of pgBackRest beside everything else.
func (r repository) run(ctx context.Context, timeout time.Duration, argv []string) (postgres.Result, error) {
	return r.exec(ctx, postgres.Command{Argv: argv, Timeout: timeout, Aside: true})
}

// exec runs a command. One that failed is an error with what it said.
func (r repository) exec(ctx context.Context, c postgres.Command) (postgres.Result, error) {
	verb := c.Argv[len(c.Argv)-1]
	c.Env = []string{"LC_ALL=C"}
	result, err := r.tools.Run(ctx, c)
	if err != nil {
		return result, fmt.Errorf("pgbackrest %s: %w", verb, err)
	}
	if result.Code != 0 {
		return result, fmt.Errorf("pgbackrest %s ended with %d: %s", verb, result.Code, lastLines(result.Stderr+result.Stdout))
	}
	return result, nil
}

// info asks the repository what it holds.
func (r repository) info(ctx context.Context) (backup.Info, error) {
	result, err := r.run(ctx, infoWithin, r.settings.Info())
	if err != nil {
		return backup.Info{}, err
	}
	infos, err := backup.ParseInfo([]byte(result.Stdout))
	if err != nil {
		return backup.Info{}, err
	}
	return backup.Find(infos, r.settings.Stanza), nil
}

// lastLines is the end of what a program said, in one line.
func lastLines(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	said := strings.Join(lines[max(0, len(lines)-8):], "; ")
	if most := 1500; len(said) > most {
		said = "…" + said[len(said)-most:]
	}
	return said
}
