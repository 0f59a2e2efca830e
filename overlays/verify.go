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
	if first.New {
		rendered = "nothing"
	}
	if first.Gone {
		built = "nothing"
	}
	where := first.Ref.String()
	if len(first.Path) > 0 {
		where += " " + manifest.FormatPath(first.Path)
	}
	text := fmt.Sprintf("kustomize build %s is not what was rendered: %s: rendered %s, built %s", e.Dir, where, rendered, built)
	if more := len(e.Differences) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more %s)", more, plural("difference", more))
	}
	return text
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
		if len(built) != len(objs) {
			return fmt.Errorf("kustomize build %s gives %d objects for %d", dir, len(built), len(objs))
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
