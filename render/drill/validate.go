package drill

import (
	"errors"
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// AmcheckName is the name under which the result of Amcheck stands; no Check has it.
const AmcheckName = "amcheck"

// Validate returns everything that is wrong with a Config, joined.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, f := range []struct{ name, value string }{
		{"cluster", c.Cluster},
		{"login.secret", c.Login.Secret}, {"login.host", c.Login.Host}, {"record.configMap", c.Record.ConfigMap},
	} {
		if f.value == "" {
			bad("%s is missing", f.name)
		}
	}
	if c.Timeout <= 0 {
		bad("timeout is missing")
	}
	if c.Login.Port < 0 || c.Login.Port > 65535 {
		bad("login.port is %d: a port is 1 to 65535", c.Login.Port)
	}
	if m := c.Login.SSLMode; m != "" && m != "require" && m != "disable" {
		bad("login.sslMode is %q: it is require or disable", m)
	}
	switch c.Point {
	case Newest:
	case Random:
		if c.Window == nil {
			bad("point random needs a window")
		}
	default:
		bad("point is %q: it is newest or random", c.Point)
	}
	if w := c.Window; w != nil {
		switch {
		case w.Kind != "ObjectStore" && w.Kind != "Cluster":
			bad("window.kind is %q: it is ObjectStore or Cluster", w.Kind)
		case w.Name == "":
			bad("window.name is missing")
		case w.Kind == "ObjectStore" && w.ServerName == "":
			bad("window.serverName is missing")
		}
	}
	errs = append(errs, c.checks()...)
	errs = append(errs, c.scratch()...)
	return errors.Join(errs...)
}

func (c *Config) checks() []error {
	var errs []error
	seen := map[string]bool{AmcheckName: true}
	for i, check := range c.Checks {
		at := fmt.Sprintf("checks[%d]", i)
		switch {
		case !isLabel(check.Name):
			errs = append(errs, fmt.Errorf("%s.name is %q: it is a lower case DNS label", at, check.Name))
		case seen[check.Name]:
			errs = append(errs, fmt.Errorf("%s.name is %q, which is taken", at, check.Name))
		}
		seen[check.Name] = true
		if check.Database == "" {
			errs = append(errs, fmt.Errorf("%s.database is missing", at))
		}
		if check.SQL == "" {
			errs = append(errs, fmt.Errorf("%s.sql is missing", at))
		}
		if _, err := ParseExpect(check.Expect); err != nil {
			errs = append(errs, fmt.Errorf("%s.expect: %w", at, err))
		}
	}
	return errs
}

// scratch returns what is wrong with the Cluster to create.
func (c *Config) scratch() []error {
	ref := manifest.New(c.Scratch).Ref()
	want := manifest.Ref{APIVersion: clusterAPIVersion, Kind: "Cluster", Namespace: c.Namespace, Name: ScratchName(c.Cluster)}
	if ref != want {
		return []error{fmt.Errorf("scratch is %s %s, not %s %s", ref.APIVersion, ref, want.APIVersion, want)}
	}
	var errs []error
	if of := manifest.Text(c.Scratch, "metadata", "labels", LabelOf); of != c.Cluster {
		errs = append(errs, fmt.Errorf("scratch has the label %s=%q, not %q", LabelOf, of, c.Cluster))
	}
	if _, found := manifest.Get(c.Scratch, "spec", "bootstrap", "recovery"); !found {
		errs = append(errs, errors.New("scratch has no spec.bootstrap.recovery: nothing would be restored"))
	}
	if err := Archives(c.Scratch); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// Archives says how a Cluster would write to an archive; nil when it would not. A drill that did could overwrite the WAL that it
// is there to prove.
func Archives(cluster manifest.Map) error {
	if v, found := manifest.Get(cluster, "spec", "backup"); found && v != nil {
		return errors.New("scratch has spec.backup: it would write to an archive")
	}
	list, found := manifest.Get(cluster, "spec", "plugins")
	if !found || list == nil {
		return nil
	}
	plugins, isList := list.([]any)
	if !isList {
		return errors.New("scratch has spec.plugins that are no list")
	}
	for i, p := range plugins {
		// Anything but a plain false: what we cannot read may archive.
		if v, found := manifest.Get(p, "isWALArchiver"); found && v != false {
			return fmt.Errorf("scratch has spec.plugins[%d].isWALArchiver: it would write to an archive", i)
		}
	}
	return nil
}

// isLabel reports whether a text is a DNS label; names of checks stand in SQL and in metrics.
func isLabel(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return s != "" && len(s) <= 63 && strings.Trim(s, letters+"-") == "" && strings.Trim(s, "-") == s
}
