// Command judges shows what onggi writes to tools that other people made: yamllint, kubeconform and kube-score.
//
//	go run ./.ci/judges [-all] [-require] [-tools DIR] [-schemas DIR] DIR...
//
// What a judge finds and we do not follow stands in waivers.yaml, one by one, with the reason. With -all a waiver that waives
// nothing is a failure too. The last line counts what was shown and what failed.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed waivers.yaml
var waiversFile []byte

func main() {
	var c court
	flag.BoolVar(&c.all, "all", false, "the folders are all there is, so each waiver has to be of use")
	flag.BoolVar(&c.require, "require", os.Getenv("ONGGI_REQUIRE_TOOLS") != "", "a judge that is not installed is a failure")
	flag.StringVar(&c.tools, "tools", ".cache/bin", "folder with kubeconform and kube-score; PATH is searched too")
	flag.StringVar(&c.schemas, "schemas", ".cache/schemas", "folder with JSON Schemas")
	flag.StringVar(&c.yamllint, "yamllint", ".yamllint", "configuration of yamllint")
	flag.Parse()
	c.out = os.Stdout
	if err := c.sit(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "judges:", err)
		os.Exit(1)
	}
}

// court holds what all judges share, and counts.
type court struct {
	tools, schemas, yamllint string
	all, require             bool
	out                      io.Writer

	passed, failed int
}

func (c *court) sit(dirs []string) error {
	waivers, err := parseWaivers(waiversFile)
	if err != nil {
		return fmt.Errorf("waivers.yaml: %w", err)
	}
	found, err := gather(dirs)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "judges: %d YAML files, %d of them Kubernetes objects in %d folders\n", len(found.yaml), len(found.objects), len(found.folders))
	scored := false
	if len(found.yaml) > 0 {
		c.judge("yamllint", func(tool string) error { return c.lint(tool, found.yaml) })
	}
	if len(found.objects) > 0 {
		c.judge("kubeconform", func(tool string) error { return c.conform(tool, found.objects) })
		c.judge("kube-score", func(tool string) error {
			scored = true
			return c.score(tool, found, waivers)
		})
	}
	if scored && c.all {
		for _, w := range waivers {
			if w.used == 0 {
				c.fail("waiver", "%s: waives nothing any more: remove it", w)
			}
		}
	}
	fmt.Fprintf(c.out, "%d passed, %d failed\n", c.passed, c.failed)
	if c.failed > 0 {
		return fmt.Errorf("%d findings", c.failed)
	}
	return nil
}

// judge finds a tool and asks it. A tool that is missing says so.
func (c *court) judge(name string, ask func(tool string) error) {
	tool := filepath.Join(c.tools, name)
	if _, err := os.Stat(tool); err != nil {
		if tool, err = exec.LookPath(name); err != nil {
			if c.require {
				c.fail(name, "not installed: run make tools")
				return
			}
			fmt.Fprintf(c.out, "%s: not installed, not asked: run make tools\n", name)
			return
		}
	}
	if err := ask(tool); err != nil {
		c.fail(name, "%v", err)
	}
}

func (c *court) fail(name, format string, args ...any) {
	c.failed++
	fmt.Fprintf(c.out, "%s: %s\n", name, fmt.Sprintf(format, args...))
}
