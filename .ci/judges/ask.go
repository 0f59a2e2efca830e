package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// The oldest Kubernetes that onggi writes for.
const kubernetesVersion = "v1.29"

// lint asks yamllint about the form.
func (c *court) lint(tool string, names []string) error {
	out, err := command(tool, append([]string{"--strict", "-f", "parsable", "-c", c.yamllint}, names...))
	lines := slices.Collect(strings.Lines(out))
	if err != nil && len(lines) == 0 {
		return err
	}
	for _, line := range lines {
		c.fail("yamllint", "%s", strings.TrimSpace(line))
	}
	c.passed += len(names) - min(len(lines), len(names))
	return nil
}

// conform asks kubeconform about the schema. A kind without a schema is a failure: then there is nothing to judge by.
func (c *court) conform(tool string, names []string) error {
	location := c.schemas + "/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
	out, err := command(tool, append([]string{"-strict", "-verbose", "-output", "json", "-schema-location", location}, names...))
	var report struct {
		Resources []struct{ Filename, Kind, Name, Version, Status, Msg string }
	}
	if bad := json.Unmarshal([]byte(out), &report); bad != nil {
		return errors.Join(err, bad)
	}
	if len(report.Resources) == 0 {
		return errors.New("judged nothing")
	}
	for _, r := range report.Resources {
		if r.Status == "statusValid" {
			c.passed++
			continue
		}
		c.fail("kubeconform", "%s: %s/%s: %s", r.Filename, r.Kind, r.Name, r.Msg)
	}
	return nil
}

// score asks kube-score about the practice, folder by folder, since it looks from one object to another.
func (c *court) score(tool string, found files, waivers []*waiver) error {
	for _, dir := range slices.Sorted(maps.Keys(found.folders)) {
		out, err := command(tool, append([]string{"score", "-o", "json", "--kubernetes-version", kubernetesVersion, "--disable-ignore-checks-annotations"}, found.folders[dir]...))
		var report []scored
		if bad := json.Unmarshal([]byte(out), &report); bad != nil {
			return fmt.Errorf("%s: %w", dir, errors.Join(err, bad))
		}
		for _, object := range report {
			c.weigh(object, waivers)
		}
	}
	return nil
}

// scored is one object, as kube-score reports it.
type scored struct {
	TypeMeta struct{ Kind string } `json:"type_meta"`
	Object   struct{ Name string } `json:"object_meta"`
	File     string                `json:"file_name"`
	Checks   []struct {
		Check    struct{ ID string }
		Grade    int
		Skipped  bool
		Comments []struct{ Path, Summary string }
	}
}

// allOK is kube-score's grade for nothing to say; 1 is critical, 5 a warning.
const allOK = 10

func (c *court) weigh(object scored, waivers []*waiver) {
	for _, check := range object.Checks {
		if check.Skipped || check.Grade >= allOK {
			c.passed++
			continue
		}
		if w := find(waivers, check.Check.ID, object.TypeMeta.Kind, object.Object.Name); w != nil {
			w.used++
			c.passed++
			continue
		}
		var said []string
		for _, comment := range check.Comments {
			said = append(said, strings.TrimSpace(comment.Path+" "+comment.Summary))
		}
		c.fail("kube-score", "%s: %s/%s: %s: %s", object.File, object.TypeMeta.Kind, object.Object.Name, check.Check.ID, strings.Join(said, "; "))
	}
}

// command returns what a tool prints. These tools exit with 1 when they find something; that is for the caller to read.
func command(tool string, args []string) (string, error) {
	cmd := exec.Command(tool, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if err != nil && errOut.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(errOut.String()))
	}
	return out.String(), err
}
