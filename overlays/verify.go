package overlays

import (
	"errors"
	"fmt"
	"path"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// MismatchError says that Kustomize builds something else than was rendered.
type MismatchError struct {
	Dir         string                // which folder: "base", "overlays/prod"
	Differences []manifest.Difference // at least one. Was is what was rendered, Is what Kustomize built
}

// Error names the first difference.
func (e *MismatchError) Error() string {
	first := e.Differences[0]
	rendered, built := brief(first.Was), brief(first.Is)
	switch first.Change {
	case manifest.Added:
		rendered = "nothing"
	case manifest.Removed:
		built = "nothing"
	}
	where := first.Ref.String()
	if len(first.Path) > 0 {
		where += " " + manifest.FormatPath(first.Path)
	}
	text := fmt.Sprintf("kustomize build %s is not what was rendered: %s: rendered %s, built %s", e.Dir, where, rendered, built)
	switch more := len(e.Differences) - 1; more {
	case 0:
		return text
	case 1:
		return text + " (and 1 more difference)"
	default:
		return fmt.Sprintf("%s (and %d more differences)", text, more)
	}
}

// brief is a value on part of a line.
func brief(v any) string {
	const most = 60
	text := []rune(string(manifest.EncodeJSON(v)))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// Verify builds base and every overlay and compares each with the objects of its variant, with the shipped components
// applied. It demands that every patch selects an object, and that there is an overlay for each environment and for
// nothing else. The error is a [*MismatchError] when the objects differ.
func Verify(set variant.Set, files map[string][]byte, components ...string) error {
	want, err := wanted(set, components)
	if err != nil {
		return err
	}
	return verify(set, want, files)
}

func verify(set variant.Set, want [][]manifest.Object, files map[string][]byte) error {
	expected := map[string]bool{}
	for v, objs := range want {
		dir := folder(set, v)
		expected[dir] = true
		built, err := Build(files, dir)
		if err != nil {
			return err
		}
		if diffs := differences(objs, built); len(diffs) > 0 {
			return &MismatchError{Dir: dir, Differences: diffs}
		}
		if err := checkTargets(files, dir); err != nil {
			return err
		}
	}
	for _, dir := range kustomizations(files) {
		if path.Dir(dir) == overlaysDir && !expected[dir] {
			return errors.New(dir + " is of no environment")
		}
	}
	return nil
}
