package tree

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	ones  = "1111111111111111111111111111111111111111111111111111111111111111"
)

func TestLedgerText(t *testing.T) {
	l := ledger{
		files:   map[string]digest{"b/c.yaml": sha256.Sum256([]byte("x\n")), "a file": sha256.Sum256(nil)},
		pending: map[string]digest{"a file": sha256.Sum256([]byte("y"))},
	}
	want := ledgerHead +
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a file\n" +
		"73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac  b/c.yaml\n" +
		"+a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa  a file\n"
	require.Equal(t, want, string(l.encode()))
	back, err := parseLedger(l.encode())
	require.NoError(t, err)
	require.True(t, l.equal(back))
}

func TestLedgerRefuses(t *testing.T) {
	tests := []struct{ name, text, message string }{
		{"an empty file", "", "line 1: not the first line of a ledger that this version of onggi knows"},
		{"a later version", strings.Replace(ledgerHead, "v1", "v2", 1), "line 1: not the first line of a ledger that this version of onggi knows"},
		{"half a line", ledgerHead + zeros + "  a", "the last line is cut off"},
		{"a short sum", ledgerHead + zeros[1:] + "  a\n", `line 2: "` + zeros[1:] + `  a" is not a SHA-256, two spaces and a path`},
		{"no sum", ledgerHead + strings.Repeat("g", 64) + "  a\n", `line 2: "` + strings.Repeat("g", 64) + `" is not a SHA-256`},
		{"a way out", ledgerHead + zeros + "  ../../etc/passwd\n", `line 2: "../../etc/passwd": the path has the element ".."`},
		{"itself", ledgerHead + zeros + "  .onggi-files\n", `line 2: ".onggi-files": ".onggi-files": names that begin with .onggi- are kept for onggi's own records`},
		{"a file twice", ledgerHead + zeros + "  a\n" + ones + "  a\n", `line 3: "a" is listed twice`},
		{"a merge that went wrong", ledgerHead + "<<<<<<< HEAD\n", `line 2: "<<<<<<< HEAD" is not a SHA-256, two spaces and a path`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseLedger([]byte(tt.text))
			require.EqualError(t, err, tt.message)
		})
	}
}

func TestLedgerReadsAnyOrder(t *testing.T) {
	l, err := parseLedger([]byte(ledgerHead + zeros + "  b\n" + ones + "  a\n"))
	require.NoError(t, err)
	require.Equal(t, ledgerHead+ones+"  a\n"+zeros+"  b\n", string(l.encode()))
}

func FuzzParseLedger(f *testing.F) {
	f.Add([]byte(ledgerHead + zeros + "  a/b.yaml\n+" + ones + "  a/b.yaml\n"))
	f.Add([]byte(ledgerHead + ones + "  b\n" + zeros + "  a\n"))
	f.Add([]byte(ledgerHead))
	f.Add([]byte(ledgerHead + zeros + "  ../x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := parseLedger(data)
		if err != nil {
			return
		}
		for _, name := range l.names() {
			if checkPath(name) != nil {
				t.Fatalf("lists %q", name)
			}
		}
		text := l.encode()
		if len(text) != len(data) {
			t.Fatalf("read %d bytes, means %d", len(data), len(text))
		}
		back, err := parseLedger(text)
		if err != nil || !back.equal(l) || !bytes.Equal(back.encode(), text) {
			t.Fatalf("does not survive a round trip: %v", err)
		}
	})
}

func TestFolderList(t *testing.T) {
	text := encodeFolders(map[string]bool{"b": true, ".": true, "a/c": true})
	require.Equal(t, foldersHead+".\na/c\nb\n", string(text))

	tests := []struct {
		name, text string
		folders    []string
		torn       bool
		message    string
	}{
		{"appended lines", foldersHead + "b\na\n", []string{"a", "b"}, false, ""},
		{"a line that a power cut tore", foldersHead + "b\nteam-", []string{"b"}, true, ""},
		{"a first line that a power cut tore", foldersHead[:20], nil, true, ""},
		{"nothing", "", nil, true, ""},
		{"something else", "a\nb\n", nil, false, "line 1: not the first line of a list that this version of onggi knows"},
		{"a way out", foldersHead + "a\n../b\n", nil, false, `line 3: "../b": the path has the element ".."`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, torn, err := parseFolders([]byte(tt.text))
			if tt.message != "" {
				require.EqualError(t, err, tt.message)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.torn, torn)
			want := map[string]bool{}
			for _, name := range tt.folders {
				want[name] = true
			}
			require.Equal(t, want, got)
		})
	}
}

func FuzzParseFolders(f *testing.F) {
	f.Add([]byte(foldersHead + "a\nb/c\n.\n"))
	f.Add([]byte(foldersHead + "a\nb"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		names, _, err := parseFolders(data)
		if err != nil {
			return
		}
		for name := range names {
			if checkFolder(name) != nil {
				t.Fatalf("lists %q", name)
			}
		}
		back, torn, err := parseFolders(encodeFolders(names))
		if err != nil || torn || len(back) != len(names) {
			t.Fatalf("does not survive a round trip: %v", err)
		}
	})
}
