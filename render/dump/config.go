package dump

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/sidecars/config"
)

// Label names, on the CronJobs of dumps and on their pods, the cluster that is dumped.
const Label = "onggi.dev/dump"

// Grace is what the pod's terminationGracePeriodSeconds has to be: a dump that is told to stop takes back what it has stored in a little less.
const Grace = 60 * time.Second

// Config is what one series of dumps is.
type Config struct {
	// Cluster is the database cluster, Name that of the series.
	Cluster string `json:"cluster"`
	Name    string `json:"name"`
	// Repository and Stanza are where dumps are kept, as backups are. Keys are files.
	Repository config.Repository `json:"repository"`
	Stanza     string            `json:"stanza"`
	Login      Login             `json:"login"`
	// Primary is to be dumped, and no standby.
	Primary bool `json:"primary,omitempty"`
	// Databases to dump; none: all that take connections, but for templates.
	Databases []string `json:"databases,omitempty"`
	// Globals are roles and tablespaces.
	Globals bool `json:"globals,omitempty"`
	// Keep is how many good dumps stay, KeepDays for how long; at most one of the two. Neither: all of them.
	Keep     int `json:"keep,omitempty"`
	KeepDays int `json:"keepDays,omitempty"`
	// Timeout is how long a dump may take.
	Timeout drill.Duration `json:"timeout"`
	// Volume is a folder for one database's dump at a time, Run one for the configuration of pgBackRest.
	Volume string `json:"volume"`
	Run    string `json:"run"`
}

// Login is the way to the servers.
type Login struct {
	// Members is a name whose addresses are the cluster's instances, Host one that the server's certificate has.
	Members string `json:"members"`
	Host    string `json:"host"`
	Port    int    `json:"port"`
	// SSLMode is libpq's. CAFile signs the server's certificate.
	SSLMode      string `json:"sslMode"`
	CAFile       string `json:"caFile,omitempty"`
	User         string `json:"user"`
	PasswordFile string `json:"passwordFile"`
}

// Decode reads a Config from YAML. Fields that are none, given twice or missing are errors.
func Decode(data []byte) (*Config, error) {
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	var c Config
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read config: something follows it")
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	return &c, nil
}

func (c *Config) validate() error {
	var wrong []error
	if c.Cluster == "" || !plain(c.Name) || !plain(c.Stanza) || c.Repository.Type == "" {
		wrong = append(wrong, errors.New("cluster, name, stanza and repository say what is dumped and where to: a name has no slash"))
	}
	if l := c.Login; l.Members == "" || l.Host == "" || l.User == "" || l.PasswordFile == "" || l.Port < 1 || l.Port > 65535 {
		wrong = append(wrong, errors.New("login has members, host, port, user and passwordFile"))
	}
	if c.Keep < 0 || c.KeepDays < 0 || c.Keep > 0 && c.KeepDays > 0 {
		wrong = append(wrong, errors.New("keep and keepDays are not less than nothing, and not both"))
	}
	if time.Duration(c.Timeout) <= 0 {
		wrong = append(wrong, errors.New("timeout is more than nothing"))
	}
	if !path.IsAbs(c.Volume) || !path.IsAbs(c.Run) || path.Clean(c.Volume) == path.Clean(c.Run) {
		wrong = append(wrong, errors.New("volume and run are two folders, absolute"))
	}
	return errors.Join(wrong...)
}

// Args are the arguments of the program, in a container that has the file at config.
func Args(config string) []any { return []any{"dump", "run", "--config", config} }
