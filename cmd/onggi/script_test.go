package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

// longAgo is a modification time that nothing written now has.
var longAgo = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)

var update = flag.Bool("update", false, "write golden files anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){commandOnggi: main, pluginName: main, completerName: main})
}

// The scripts are what a person would type. "exits N" runs a command and demands its exit code.
func TestScripts(t *testing.T) {
	runScripts(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		UpdateScripts:       *update,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "tree": listTree, "mtime": sameTime, "certificate": certificate, "unseals": unseals, "secret": secret, "cluster": serveCluster},
		Setup: func(env *testscript.Env) error {
			root, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			shared := os.Getenv("ONGGI_SHARED")
			if shared == "" {
				shared = filepath.Join(root, "..", "shared")
			}
			env.Setenv("EXAMPLES", filepath.Join(root, "examples"))
			env.Setenv("SPECS", filepath.Join(root, "testdata", "specs"))
			env.Setenv("SHARED", shared)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "shared" {
				return false, errors.New("no such condition")
			}
			return sharedFolder() != "", nil
		},
	})
}

// sharedFolder is where the operators' CRDs are, "" when they are not here.
func sharedFolder() string {
	dir := os.Getenv("ONGGI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "crds")); err != nil {
		return ""
	}
	return dir
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// listTree prints the files below a folder to compare with a golden list: tree DIR FILE.
func listTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tree DIR FILE")
	}
	dir, list := ts.MkAbs(args[0]), ""
	ts.Check(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		list += filepath.ToSlash(name) + "\n"
		return err
	}))
	if want := ts.ReadFile(args[1]); list != want {
		ts.Fatalf("%s holds\n%s\nwant\n%s", args[0], list, want)
	}
}

// sameTime demands that a file was not touched: mtime FILE sets it long ago, ! mtime FILE wants it to be so still.
func sameTime(ts *testscript.TestScript, neg bool, args []string) {
	name := ts.MkAbs(args[0])
	if neg {
		info, err := os.Stat(name)
		ts.Check(err)
		if info.ModTime().Unix() != longAgo.Unix() {
			ts.Fatalf("%s was touched", args[0])
		}
		return
	}
	ts.Check(os.Chtimes(name, longAgo, longAgo))
}

func TestExitCodesAreDocumented(t *testing.T) {
	docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	require.NoError(t, err)
	for _, line := range []string{"0 | done", "1 | ", "2 | ", "3 | ", "4 | ", "5 | ", "6 | ", "7 | ", "8 | "} {
		require.Contains(t, string(docs), "| "+line)
	}
}

func TestVerbsAreDocumented(t *testing.T) {
	docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	require.NoError(t, err)
	for _, cmd := range newRootCmd(&cli.Streams{}).Commands() {
		if !cmd.Hidden && cmd.Name() != "exit-codes" {
			require.Contains(t, string(docs), "| `onggi "+cmd.Name(), cmd.Name())
		}
	}
}

// What the README and the manual show of an error is what the program prints.
func TestTheErrorInTheDocsIsReal(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	manual, err := os.ReadFile(filepath.Join("docs", "cli.md"))
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	source := "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop}\nspec:\n  version: \"17\"\n" +
		"  backend: cloudnative-pg\n  instances: 3\n  databases: [{name: app}]\n  storage: {size: 10GB}\n"
	require.NoError(t, os.WriteFile("shop.yaml", []byte(source), 0o644))
	_, stderr, code := runAt(t, "render", "shop.yaml")
	require.Equal(t, cli.Invalid, code)
	require.Contains(t, string(readme), stderr)
	require.Contains(t, string(manual), stderr)
}
