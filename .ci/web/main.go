// Command web drives onggi watch --serve in a real headless Chromium, and says check by check whether the page does what it
// promises: the picture, edits without reload, problems with their lines, the keyboard, a phone, dark and light, contrast, no
// errors, no requests elsewhere, and how long it takes from a saved file to a changed page.
//
//	make e2e-web
//	make e2e-web WEBFLAGS='-shots build/shots'             # what it looked like
//	make e2e-web WEBFLAGS='-update docs/live-view.png'     # the picture in the README
//
// It speaks the DevTools protocol over a pair of pipes, which needs no library.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

type options struct {
	onggi, chromium, example string
	runs, fleet              int
	shots, update            string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.onggi, "onggi", ".cache/web/onggi", "the program")
	flag.StringVar(&o.chromium, "chromium", "", "the browser; without it chromium or google-chrome of the path")
	flag.StringVar(&o.example, "example", "examples/homelab", "specs to show")
	flag.IntVar(&o.runs, "runs", 25, "how often the time from a save to the page is measured")
	flag.IntVar(&o.fleet, "fleet", 1000, "how many specs there are meanwhile")
	flag.StringVar(&o.shots, "shots", "", "folder to write screenshots to")
	flag.StringVar(&o.update, "update", "", "write the README's picture to this file")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

// errFailed says that checks failed, which told about it themselves.
var errFailed = errors.New("the page does not do what it promises")

func run(ctx context.Context, o options, out io.Writer) error {
	if o.chromium == "" {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				o.chromium = found
				break
			}
		}
	}
	if o.chromium == "" {
		return errors.New("there is no Chromium: as root on Debian, apt-get install chromium; or name one with -chromium")
	}
	if o.shots != "" {
		if err := os.MkdirAll(o.shots, 0o755); err != nil {
			return err
		}
	}
	b, err := startBrowser(ctx, o.chromium)
	if err != nil {
		return err
	}
	defer b.stop()
	failed := false
	for _, part := range []func(context.Context, options, *browser, *report) error{homelab, fleet} {
		r := &report{out: out}
		if err := part(ctx, o, b, r); err != nil {
			return err
		}
		failed = failed || r.failed
	}
	if failed {
		return errFailed
	}
	return nil
}

// report tells each check's outcome.
type report struct {
	out    io.Writer
	failed bool
}

func (r *report) check(what string, err error) {
	if err != nil {
		r.failed = true
		fmt.Fprintf(r.out, "FAIL  %s\n      %s\n", what, err)
		return
	}
	fmt.Fprintf(r.out, "ok    %s\n", what)
}
