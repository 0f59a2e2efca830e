package tree

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// foldersName lists the folders of a fleet, one a line. A folder is appended before anything is written to it, so that no kill
// leaves one unlisted.
const foldersName = reserved + "folders"

const foldersHead = "# onggi folders v1: onggi wrote these folders, and removes what it wrote there once their cluster is gone\n"

func encodeFolders(names map[string]bool) []byte {
	var b strings.Builder
	b.WriteString(foldersHead)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		b.WriteString(name + "\n")
	}
	return []byte(b.String())
}

// parseFolders reads the list, in any order. A last line without its end is what a power cut leaves of an append: its folder
// was not written yet, so the line is dropped, and torn says so.
func parseFolders(data []byte) (names map[string]bool, torn bool, err error) {
	names = map[string]bool{}
	if len(data) < len(foldersHead) && strings.HasPrefix(foldersHead, string(data)) {
		return names, true, nil
	}
	body, found := strings.CutPrefix(string(data), foldersHead)
	if !found {
		return nil, false, errors.New("line 1: not the first line of a list that this version of onggi knows")
	}
	n := 1
	for line := range strings.Lines(body) {
		n++
		name, whole := strings.CutSuffix(line, "\n")
		if !whole {
			return names, true, nil
		}
		if err := checkFolder(name); err != nil {
			return nil, false, fmt.Errorf("line %d: %q: %w", n, name, err)
		}
		names[name] = true
	}
	return names, false, nil
}

// checkFolder allows "." beside what a file's path may be.
func checkFolder(name string) error {
	if name == "." {
		return nil
	}
	return checkPath(name)
}
