package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"path"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"
)

// Package returns the chart as the .tgz that `helm install` and registries take. The same files give the same bytes: the
// archive has no owner and no time. Name and version must be those of Chart.yaml.
func Package(files map[string][]byte, name, version string) ([]byte, error) {
	var meta chart.Metadata
	if err := yaml.Unmarshal(files["Chart.yaml"], &meta); err != nil {
		return nil, fmt.Errorf("package chart: read Chart.yaml: %w", err)
	}
	if meta.Name != name || meta.Version != version {
		return nil, fmt.Errorf("package chart: Chart.yaml is of %s %s, not of %s %s", meta.Name, meta.Version, name, version)
	}
	var buf bytes.Buffer
	zip, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("package chart: %w", err)
	}
	archive := tar.NewWriter(zip)
	for _, p := range archiveOrder(files) {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: path.Join(name, p), Mode: 0o644, Size: int64(len(files[p])),
			ModTime: time.Unix(0, 0),
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("package chart: %s: %w", p, err)
		}
		if _, err := archive.Write(files[p]); err != nil {
			return nil, fmt.Errorf("package chart: %s: %w", p, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("package chart: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("package chart: %w", err)
	}
	return buf.Bytes(), nil
}

// archiveOrder has Chart.yaml first, where tools that read a chart's name look, and then the rest, sorted.
func archiveOrder(files map[string][]byte) []string {
	order := []string{"Chart.yaml"}
	for _, p := range sortedKeys(files) {
		if p != "Chart.yaml" {
			order = append(order, p)
		}
	}
	return order
}
