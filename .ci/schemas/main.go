// Command schemas writes JSON Schemas for kubeconform: of the Kubernetes kinds, from the Go types of k8s.io/api, and of custom
// resources, from their definitions. All objects are closed, so a misspelt field fails.
//
//	go run ./.ci/schemas -crds DIR[,DIR] -out DIR
//
// The schemas are made here, from what go.mod pins, so that the check needs no network.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	crds := flag.String("crds", "", "folders of CustomResourceDefinitions with a comma between two, one folder a group; others below those are left out")
	out := flag.String("out", "", "folder to write to, GROUP/KIND_VERSION.json")
	flag.Parse()
	if err := run(*crds, *out); err != nil {
		fmt.Fprintln(os.Stderr, "schemas:", err)
		os.Exit(1)
	}
}

func run(crds, out string) error {
	if out == "" {
		return fmt.Errorf("give -out")
	}
	schemas := builtin()
	for dir := range strings.SplitSeq(crds, ",") {
		if dir == "" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(dir, "*", "*.yaml"))
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return fmt.Errorf("no definitions in %s", dir)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			found, err := custom(data)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			maps.Copy(schemas, found)
		}
	}
	for name, schema := range schemas {
		data, err := json.Marshal(schema)
		if err != nil {
			return err
		}
		file := filepath.Join(out, name.file())
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d schemas in %s\n", len(schemas), out)
	return nil
}

// kind names one kind of one version. The core group is "v1", as kubeconform has it.
type kind struct{ group, version, name string }

func (k kind) file() string {
	return filepath.Join(k.group, strings.ToLower(k.name)+"_"+k.version+".json")
}

func (k kind) apiVersion() string {
	if k.group == k.version {
		return k.version
	}
	return k.group + "/" + k.version
}

// object is the schema of a whole object: its own properties and those that every object has.
func (k kind) object(schema map[string]any) map[string]any {
	properties, _ := schema["properties"].(map[string]any)
	if properties == nil {
		properties = map[string]any{}
	}
	properties["apiVersion"] = map[string]any{"const": k.apiVersion()}
	properties["kind"] = map[string]any{"const": k.name}
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["type"] = "object"
	schema["properties"] = properties
	required := []any{"apiVersion", "kind", "metadata"}
	if own, ok := schema["required"].([]any); ok {
		for _, name := range own {
			if name != "apiVersion" && name != "kind" && name != "metadata" {
				required = append(required, name)
			}
		}
	}
	schema["required"] = required
	return schema
}
