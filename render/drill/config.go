package drill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// What a drill's objects are known by.
const (
	// LabelOf names, on a scratch Cluster, the Cluster it is a drill of. The program touches no Cluster without it.
	LabelOf = "onggi.dev/drill-of"
	// LabelReload makes CloudNativePG read the ConfigMap of the metrics again whenever it changes.
	LabelReload = "cnpg.io/reload"
	// QueriesKey is the key of the metrics in their ConfigMap, for spec.monitoring.customQueriesConfigMap.
	QueriesKey = "queries"

	clusterAPIVersion = "postgresql.cnpg.io/v1"
)

// Grace is what the pod's terminationGracePeriodSeconds has to be: a drill that is told to stop records that and removes what
// it made in a little less.
const Grace = 60 * time.Second

// Points that a drill restores to.
const (
	Newest = "newest" // the end of the archive
	Random = "random" // a moment inside the recovery window, another one each time
)

// Config is what one drill restores and checks.
type Config struct {
	// Cluster is the name of the database that is drilled, Namespace where it is; the scratch Cluster is made beside it. Without
	// a namespace it is that of the pod, see [Config.In].
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace,omitempty"`
	// Scratch is the Cluster to create, complete but for what it has from the one that is drilled ([Follow]) and what is known only
	// when a drill runs: the owner, the recovery target of a random moment, the backup of a snapshot. Its name is [ScratchName],
	// it has the label [LabelOf], and nothing in it archives.
	Scratch manifest.Map `json:"scratch"`
	// Point is Newest or Random. Random needs a Window.
	Point string `json:"point"`
	// Window tells where the recovery window is read.
	Window *Window `json:"window,omitempty"`
	// Snapshot has bootstrap.recovery.backup.name be the newest completed Backup of the Cluster that the point allows.
	Snapshot bool `json:"snapshot,omitempty"`
	// Checks are run in their order, all of them whatever the outcome of those before.
	Checks []Check `json:"checks,omitempty"`
	// Amcheck looks for corruption in every table and every B-tree of every database, after the Checks.
	Amcheck bool `json:"amcheck,omitempty"`
	// Timeout is how long a drill may take until its checks are done.
	Timeout Duration `json:"timeout"`
	// Login is the way into the scratch Cluster.
	Login Login `json:"login"`
	// Record is where the outcome is kept.
	Record Record `json:"record"`
}

// Window is the object whose status has the recovery window.
type Window struct {
	// Kind is "ObjectStore" (status.serverRecoveryWindow) or "Cluster" (status.firstRecoverabilityPoint, of in-tree backups and
	// snapshots).
	Kind string `json:"kind"`
	Name string `json:"name"`
	// ServerName is the server in the ObjectStore.
	ServerName string `json:"serverName,omitempty"`
}

// Check is one question asked of the restored database.
type Check struct {
	// Name of the check, in metrics and messages: a lower case DNS label.
	Name string `json:"name"`
	// Database to ask.
	Database string `json:"database"`
	// SQL is one statement. It fails when it returns no row.
	SQL string `json:"sql"`
	// Expect is what the first column of the first row has to be, as [ParseExpect] reads it. Empty takes any value.
	Expect string `json:"expect,omitempty"`
}

// Login is how the checks come into the scratch Cluster.
type Login struct {
	// Secret has the keys username and password, of a superuser: amcheck is an extension. CloudNativePG makes one for the scratch
	// Cluster, <scratch>-superuser, so no right to a Secret of the real one is needed.
	Secret string `json:"secret"`
	// Host and Port of the restored primary. Port 0 is 5432.
	Host string `json:"host"`
	Port int    `json:"port,omitempty"`
	// SSLMode is require (also when empty) or disable. SCRAM has the server prove that it knows the password, too.
	SSLMode string `json:"sslMode,omitempty"`
}

// Record is where outcomes are kept.
type Record struct {
	// ConfigMap of the metrics. The program makes it, so that no tool that syncs from Git takes the outcomes out of it again.
	ConfigMap string `json:"configMap"`
	// Labels of that ConfigMap; LabelReload is added.
	Labels map[string]string `json:"labels,omitempty"`
}

// Duration is a length of time, written as 2h or 90m; see [spec.ParseDuration].
type Duration time.Duration

// String writes the duration as [spec.ParseDuration] reads it; what is shorter than a millisecond is lost.
func (d Duration) String() string {
	rest, text := time.Duration(d), []byte(nil)
	for _, unit := range []struct {
		name string
		len  time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}} {
		if n := rest / unit.len; n > 0 {
			text = append(strconv.AppendInt(text, int64(n), 10), unit.name...)
			rest -= n * unit.len
		}
	}
	if text == nil {
		return "0s"
	}
	return string(text)
}

// MarshalText is String as bytes.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what [spec.ParseDuration] reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, ok := spec.ParseDuration(string(text))
	if !ok {
		return fmt.Errorf("%q is not a duration: write a number with a unit, such as 30s, 90m or 2h", text)
	}
	*d = Duration(parsed)
	return nil
}

// ScratchName is the name of the scratch Cluster of a drill of cluster.
func ScratchName(cluster string) string { return cluster + "-drill" }

// RecordName is the name of the ConfigMap with the metrics of cluster's drills.
func RecordName(cluster string) string { return cluster + "-drill-metrics" }

// Args are the arguments of the program in a container that has the variables [Env] and the file at config.
func Args(config string) []any {
	return []any{"drill", "run", "--config", config, "--job", "$(JOB_NAME)", "--job-uid", "$(JOB_UID)", "--pod", "$(POD_NAME)"}
}

// Env are the variables that [Args] reads: which Job the pod is of, from the labels that every Job's pod has (Kubernetes 1.27
// and newer), so that the program needs no right to read pods.
func Env() []any {
	field := func(name, path string) *manifest.Fields {
		return manifest.Of("name", name, "valueFrom", manifest.Of("fieldRef", manifest.Of("apiVersion", "v1", "fieldPath", path)))
	}
	return []any{
		field("JOB_NAME", "metadata.labels['batch.kubernetes.io/job-name']"),
		field("JOB_UID", "metadata.labels['batch.kubernetes.io/controller-uid']"),
		field("POD_NAME", "metadata.name"),
	}
}

// Decode reads a Config from YAML or JSON. Fields that are none, given twice or of another type are errors, and so is whatever
// [Config.Validate] finds.
func Decode(data []byte) (*Config, error) {
	var c Config
	if err := decode(data, &c); err != nil {
		return nil, err
	}
	if c.Scratch != nil {
		c.Scratch = manifest.Clone(c.Scratch)
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	return &c, nil
}

// decode is strict YAML.
func decode(data []byte, into any) error {
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(asJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read config: something follows it")
	}
	return nil
}

// Encode writes the Config as YAML. Decode reads it back; the same Config has the same bytes.
func (c *Config) Encode() []byte { return manifest.AppendYAML(make([]byte, 0, 2<<10), c.fields()) }

// fields are the Config as JSON would have them, written out here: a fleet has as many of them as databases.
func (c *Config) fields() *manifest.Fields {
	out := manifest.Of(
		"cluster", c.Cluster, "scratch", c.Scratch, "point", c.Point, "timeout", c.Timeout.String(),
		"login", fields("secret", c.Login.Secret, "host", c.Login.Host, "sslMode", c.Login.SSLMode),
		"record", fields("configMap", c.Record.ConfigMap),
	)
	if c.Namespace != "" {
		out.Set("namespace", c.Namespace)
	}
	if w := c.Window; w != nil {
		out.Set("window", fields("kind", w.Kind, "name", w.Name, "serverName", w.ServerName))
	}
	if c.Snapshot {
		out.Set("snapshot", true)
	}
	if c.Amcheck {
		out.Set("amcheck", true)
	}
	var checks []any
	for _, k := range c.Checks {
		checks = append(checks, fields("name", k.Name, "database", k.Database, "sql", k.SQL, "expect", k.Expect))
	}
	if checks != nil {
		out.Set("checks", checks)
	}
	if c.Login.Port != 0 {
		out.Below("login").Set("port", int64(c.Login.Port))
	}
	if len(c.Record.Labels) > 0 {
		labels := manifest.Room(len(c.Record.Labels))
		for name, value := range c.Record.Labels {
			labels.Set(name, value)
		}
		out.Below("record").Set("labels", labels)
	}
	return out
}

// fields makes a mapping of names and texts; a text that is empty is left out.
func fields(pairs ...string) *manifest.Fields {
	out := manifest.Room(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	return out
}

// Deadline is what the Job's activeDeadlineSeconds has to be at least: the timeout, the sweeping of what an earlier run left, the
// removal, and the start of the pod.
func (c *Config) Deadline() time.Duration {
	return time.Duration(c.Timeout) + 2*Removal + 5*time.Minute
}

// Removal is how long a drill waits for what it made to be gone.
const Removal = 5 * time.Minute
