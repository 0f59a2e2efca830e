package plugin

import (
	"bytes"
	"path"
	"strings"
)

// Marker is the file name that discovery by name looks for: that of the Project.
const Marker = "onggi.yaml"

// Marks reports whether a file with some name and content makes its folder one of onggi's: a Project by its name, or a
// document that says apiVersion: onggi.dev/….
func Marks(name string, data []byte) bool {
	return path.Base(name) == Marker || hasVersion(data)
}

// Foreign reports whether a file makes its folder another tool's, whatever else is in it.
func Foreign(name string) bool {
	switch path.Base(name) {
	case "Chart.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization":
		return true
	}
	return false
}

// hasVersion looks for the apiVersion without parsing, since a folder may hold a thousand files: the group has to stand behind
// the key, and labels of onggi.dev on rendered objects do not.
func hasVersion(data []byte) bool {
	const group, key = "onggi.dev/", "apiVersion"
	for {
		i := bytes.Index(data, []byte(group))
		if i < 0 {
			return false
		}
		before := strings.TrimRight(string(data[max(0, i-40):i]), ` "'`)
		before, colon := strings.CutSuffix(before, ":")
		if colon && strings.HasSuffix(strings.TrimRight(before, ` "'`), key) {
			return true
		}
		data = data[i+len(group):]
	}
}

// Pure reports whether a file holds documents of onggi.dev and surely nothing else: each apiVersion in it is one. A file that
// might hold a manifest is not pure, so the answer may err to that side only.
func Pure(data []byte) bool {
	n := bytes.Count(data, []byte("apiVersion"))
	return n > 0 && n == bytes.Count(data, []byte("apiVersion: onggi.dev/")) && !bytes.Contains(data, []byte("\\"))
}

// Levels is how many folders above the working folder belong to the repository: as many as the end of the working folder is
// the end of the application's path in the repository. Argo CD may unpack less than the repository, down to the folders that
// manifest-generate-paths names, so the whole path need not be there. Both are slash-separated.
func Levels(cwd, sourcePath string) int {
	at := strings.Split(path.Clean(cwd), "/")
	of := strings.Split(path.Clean("/"+sourcePath), "/")[1:]
	n := 0
	for n < len(of) && n < len(at) && of[len(of)-1-n] != "" && of[len(of)-1-n] == at[len(at)-1-n] {
		n++
	}
	return n
}
