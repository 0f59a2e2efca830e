package native

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// file of a volume.
type file struct {
	data []byte
	mode os.FileMode
}

// store is the ConfigMaps and Secrets of a namespace, as they were read last.
type store struct{ configs, secrets map[string]map[string][]byte }

// read reads all of them.
func read(ctx context.Context, api *kube.Client, namespace string) (store, error) {
	s := store{map[string]map[string][]byte{}, map[string]map[string][]byte{}}
	configs, err := api.Do(ctx, http.MethodGet, collection("v1", "configmaps", namespace), nil)
	if err != nil {
		return s, err
	}
	secrets, err := api.Do(ctx, http.MethodGet, collection("v1", "secrets", namespace), nil)
	if err != nil {
		return s, err
	}
	for _, o := range list(configs, "items") {
		s.configs[kube.Text(o, "metadata", "name")] = content(o, false)
	}
	for _, o := range list(secrets, "items") {
		s.secrets[kube.Text(o, "metadata", "name")] = content(o, true)
	}
	return s, nil
}

func content(o kube.Object, secret bool) map[string][]byte {
	out := map[string][]byte{}
	for key, value := range object(o, "data") {
		text, _ := value.(string)
		out[key] = []byte(text)
		if secret {
			out[key], _ = base64.StdEncoding.DecodeString(text)
		}
	}
	for key, value := range object(o, "binaryData") {
		text, _ := value.(string)
		out[key], _ = base64.StdEncoding.DecodeString(text)
	}
	return out
}

// files are what a volume of ConfigMaps, Secrets and the pod's own fields holds. Ok is false for one of another kind; an error says what is missing.
// Tokens are made once for each pod and path, by token.
func (s store) files(volume kube.Object, field func(string) string, token func(kube.Object) ([]byte, error)) (files map[string]file, ok bool, err error) {
	files = map[string]file{}
	for kind := range volume {
		switch kind {
		case "configMap", "secret":
			source := maps.Clone(object(volume, kind))
			if kind == "secret" {
				source["name"] = source["secretName"]
			}
			return files, true, s.add(files, kind, source, number(source, 0o644, "defaultMode"))
		case "downwardAPI":
			addFields(files, object(volume, kind), field, number(object(volume, kind), 0o644, "defaultMode"))
			return files, true, nil
		case "projected":
			mode := number(object(volume, kind), 0o644, "defaultMode")
			for _, source := range list(volume, kind, "sources") {
				if err := s.project(files, source, mode, field, token); err != nil {
					return files, true, err
				}
			}
			return files, true, nil
		}
	}
	return nil, false, nil
}

func (s store) project(files map[string]file, source kube.Object, mode int, field func(string) string, token func(kube.Object) ([]byte, error)) error {
	for kind := range source {
		part := object(source, kind)
		switch kind {
		case "configMap", "secret":
			if err := s.add(files, kind, part, mode); err != nil {
				return err
			}
		case "downwardAPI":
			addFields(files, part, field, mode)
		case "serviceAccountToken":
			data, err := token(part)
			if err != nil {
				return err
			}
			files[kube.Text(part, "path")] = file{data, os.FileMode(mode)}
		default:
			return fmt.Errorf("a projected volume has a source %s, which the harness does not know", kind)
		}
	}
	return nil
}

// add adds the keys that a source names, or all.
func (s store) add(files map[string]file, kind string, source kube.Object, mode int) error {
	all := s.configs
	if kind == "secret" {
		all = s.secrets
	}
	name := kube.Text(source, "name")
	optional, _ := source["optional"].(bool)
	data, there := all[name]
	if !there && !optional {
		return fmt.Errorf("there is no %s %s", kind, name)
	}
	items := list(source, "items")
	for _, item := range items {
		value, there := data[kube.Text(item, "key")]
		if !there && !optional {
			return fmt.Errorf("%s %s has no key %s", kind, name, kube.Text(item, "key"))
		}
		if there {
			files[kube.Text(item, "path")] = file{value, os.FileMode(number(item, mode, "mode"))}
		}
	}
	if len(items) == 0 {
		for key, value := range data {
			files[key] = file{value, os.FileMode(mode)}
		}
	}
	return nil
}

func addFields(files map[string]file, source kube.Object, field func(string) string, mode int) {
	for _, item := range list(source, "items") {
		files[kube.Text(item, "path")] = file{[]byte(field(kube.Text(item, "fieldRef", "fieldPath"))), os.FileMode(mode)}
	}
}

// Names that a kubelet gives to what it swaps.
const dataLink = "..data"

// write makes a volume's folder hold these files, all at once as a kubelet does: programs that have the folder open see either all of the old
// or all of the new. It is false if nothing had to be changed.
func write(dir string, files map[string]file, group int) (bool, error) {
	if same(dir, files) {
		return false, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	stamp := ".." + strconv.FormatInt(time.Now().UnixNano(), 10)
	for name, f := range files {
		at := filepath.Join(dir, stamp, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return false, err
		}
		if err := os.WriteFile(at, f.data, f.mode); err != nil {
			return false, err
		}
		if err := os.Chmod(at, f.mode); err != nil {
			return false, err
		}
		if err := os.Lchown(at, 0, group); err != nil {
			return false, err
		}
	}
	old, _ := os.Readlink(filepath.Join(dir, dataLink))
	if err := os.MkdirAll(filepath.Join(dir, stamp), 0o755); err != nil {
		return false, err
	}
	if err := os.Symlink(stamp, filepath.Join(dir, "..data_tmp")); err != nil {
		return false, err
	}
	if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, dataLink)); err != nil {
		return false, err
	}
	if old != "" {
		_ = os.RemoveAll(filepath.Join(dir, old))
	}
	return true, link(dir, files)
}

// link makes a name in the folder for each file, or for the folder that it is in, and takes away those that lead nowhere now.
func link(dir string, files map[string]file) error {
	wanted := map[string]bool{}
	for name := range files {
		first, _, _ := bytes.Cut([]byte(name), []byte("/"))
		wanted[string(first)] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); len(name) > 1 && name[:2] != ".." && !wanted[name] {
			_ = os.Remove(filepath.Join(dir, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		at := filepath.Join(dir, name)
		if _, err := os.Lstat(at); err == nil {
			continue
		}
		if err := os.Symlink(filepath.Join(dataLink, name), at); err != nil {
			return err
		}
	}
	return nil
}

// same tells whether the folder holds exactly these files.
func same(dir string, files map[string]file) bool {
	root := filepath.Join(dir, dataLink)
	found := 0
	err := filepath.Walk(root+"/", func(at string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, at)
		f, there := files[name]
		data, readErr := os.ReadFile(at)
		if !there || readErr != nil || !bytes.Equal(data, f.data) || info.Mode().Perm() != f.mode.Perm() {
			found = -1
			return filepath.SkipAll
		}
		found++
		return nil
	})
	return err == nil && found == len(files)
}

// fieldOf is the downward API of a pod.
func fieldOf(p *kubelet.Pod) func(string) string {
	return func(path string) string {
		switch path {
		case "metadata.uid":
			return p.UID
		case "status.podIP", "status.hostIP":
			return p.Host.IP.String()
		case "metadata.name", "metadata.namespace", "spec.nodeName", "spec.serviceAccountName":
			return kube.Text(p.Object, splitField(path)...)
		}
		for _, kind := range []string{"labels", "annotations"} {
			prefix := "metadata." + kind + "['"
			if len(path) > len(prefix)+2 && path[:len(prefix)] == prefix {
				return kube.Text(p.Object, "metadata", kind, path[len(prefix):len(path)-2])
			}
		}
		return ""
	}
}

func splitField(path string) []string {
	for i := range path {
		if path[i] == '.' {
			return []string{path[:i], path[i+1:]}
		}
	}
	return []string{path}
}
