package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ledgerName is without an extension on purpose: kubectl and Argo CD read every .json and .yaml of a folder.
const ledgerName = reserved + "files"

const ledgerHead = "# onggi files v1: onggi updates and removes these files and no others. Check them with sha256sum -c " + ledgerName + "\n"

type digest = [sha256.Size]byte

// ledger says which files of a folder are ours, and by which bytes.
type ledger struct {
	files   map[string]digest
	pending map[string]digest // what a run that has not finished was making of them
}

// owns reports whether a file with these bytes is one we wrote.
func (l ledger) owns(name string, sum digest) bool {
	if have, ok := l.files[name]; ok && have == sum {
		return true
	}
	want, ok := l.pending[name]
	return ok && want == sum
}

// lists reports whether the file is ours, with whatever bytes.
func (l ledger) lists(name string) bool {
	_, file := l.files[name]
	_, pending := l.pending[name]
	return file || pending
}

// names are all paths of the ledger, sorted.
func (l ledger) names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(l.files)), maps.Keys(l.pending))
	slices.Sort(names)
	return slices.Compact(names)
}

func (l ledger) equal(o ledger) bool {
	return maps.Equal(l.files, o.files) && maps.Equal(l.pending, o.pending)
}

func (l ledger) encode() []byte {
	var b bytes.Buffer
	b.WriteString(ledgerHead)
	for _, name := range slices.Sorted(maps.Keys(l.files)) {
		fmt.Fprintf(&b, "%x  %s\n", l.files[name], name)
	}
	for _, name := range slices.Sorted(maps.Keys(l.pending)) {
		fmt.Fprintf(&b, "+%x  %s\n", l.pending[name], name)
	}
	return b.Bytes()
}

// parseLedger reads what encode wrote. Lines may be in any order, as a merge in version control may leave them. It is strict
// otherwise: what it lists may be removed.
func parseLedger(data []byte) (ledger, error) {
	l := ledger{files: map[string]digest{}, pending: map[string]digest{}}
	body, found := strings.CutPrefix(string(data), ledgerHead)
	if !found {
		return ledger{}, errors.New("line 1: not the first line of a ledger that this version of onggi knows")
	}
	if body != "" && !strings.HasSuffix(body, "\n") {
		return ledger{}, errors.New("the last line is cut off")
	}
	n := 1
	for line := range strings.Lines(body) {
		n++
		into := l.files
		line = strings.TrimSuffix(line, "\n")
		if rest, pending := strings.CutPrefix(line, "+"); pending {
			into, line = l.pending, rest
		}
		name, sum, err := parseLine(line)
		if err != nil {
			return ledger{}, fmt.Errorf("line %d: %w", n, err)
		}
		if _, twice := into[name]; twice {
			return ledger{}, fmt.Errorf("line %d: %q is listed twice", n, name)
		}
		into[name] = sum
	}
	return l, nil
}

func parseLine(line string) (string, digest, error) {
	var sum digest
	digits, name, found := strings.Cut(line, "  ")
	if !found || len(digits) != hex.EncodedLen(len(sum)) || strings.ToLower(digits) != digits {
		return "", sum, fmt.Errorf("%q is not a SHA-256, two spaces and a path", line)
	}
	if _, err := hex.Decode(sum[:], []byte(digits)); err != nil {
		return "", sum, fmt.Errorf("%q is not a SHA-256", digits)
	}
	if err := checkPath(name); err != nil {
		return "", sum, fmt.Errorf("%q: %w", name, err)
	}
	return name, sum, nil
}
