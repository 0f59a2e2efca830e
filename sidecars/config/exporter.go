package config

import (
	"errors"
	"fmt"
	"os"
	"path"

	"sigs.k8s.io/yaml"
)

// Exporter is the file of onggi-agent exporter, which runs postgres_exporter with queries of several files.
type Exporter struct {
	// Bin is the program; default: postgres_exporter, or prometheus-postgres-exporter as Debian calls it, found through PATH.
	Bin string `json:"bin,omitempty"`
	// Args are its arguments, but for where its queries are.
	Args []string `json:"args,omitempty"`
	// Own is the file with the queries that alerts and the dashboard read.
	Own string `json:"own"`
	// Queries are files with more. One that is not there is told, and keeps nothing else from being exported.
	Queries []string `json:"queries,omitempty"`
	// LogLevel is of what runs the exporter.
	LogLevel LogLevel `json:"logLevel,omitempty"`
	// Merged is the file that is written for the exporter.
	Merged string `json:"merged"`
}

// ReadExporter reads and checks a file.
func ReadExporter(name string) (Exporter, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return Exporter{}, fmt.Errorf("read the exporter's configuration: %w", err)
	}
	e, err := ParseExporter(data)
	if err != nil {
		return Exporter{}, fmt.Errorf("read %s: %w", name, err)
	}
	return e, nil
}

// ParseExporter is ReadExporter of bytes. Unknown fields are errors.
func ParseExporter(data []byte) (Exporter, error) {
	var e Exporter
	if err := yaml.UnmarshalStrict(data, &e); err != nil {
		return Exporter{}, err
	}
	var wrong []error
	for _, name := range append([]string{e.Own, e.Merged}, e.Queries...) {
		if !path.IsAbs(name) {
			wrong = append(wrong, fmt.Errorf("%q is no absolute path", name))
		}
	}
	if err := e.LogLevel.validate(); err != nil {
		wrong = append(wrong, err)
	}
	return e, errors.Join(wrong...)
}
