package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Targets of single processes.
const (
	helpTarget   = 40 * time.Millisecond
	helpRuns     = 20
	cpuTarget    = 0.5
	memoryTarget = 1.0
	heaviest     = 6 // packages of the start-up to name
)

// startup measures verbs that do next to nothing, which shows what all verbs pay for what the binary links.
func (b *bench) startup(ctx context.Context) error {
	b.say("start-up of %s", b.onggi)
	verbs := [][]string{{"--help"}, {"version"}, {"explain", "spec.backup.retention"}}
	commands := make([]command, len(verbs))
	for i, args := range verbs {
		commands[i] = command{path: b.onggi, args: args}
	}
	medians, err := alternate(ctx, max(helpRuns, b.runs), commands...)
	if err != nil {
		return err
	}
	for i, m := range medians {
		what, figure := "`onggi "+verbs[i][0]+"`", fmt.Sprintf("%s of CPU, %s wall, %s", seconds(m.cpu), seconds(m.wall), mebibytes(m.rss))
		if verbs[i][0] == "--help" {
			b.table.judge(what, figure, "≤ "+seconds(helpTarget)+" of CPU", m.cpu <= helpTarget)
		} else {
			b.table.add(what, figure)
		}
	}
	_, trace, err := measure(ctx, command{path: b.onggi, args: []string{"--help"}, env: []string{"GODEBUG=inittrace=1"}})
	if err != nil {
		return err
	}
	inits, total := parseInits(trace)
	var names []string
	for _, in := range inits[:min(heaviest, len(inits))] {
		names = append(names, fmt.Sprintf("%s %s", in.name, seconds(in.took)))
	}
	b.table.add(fmt.Sprintf("… of it initialising %d packages", len(inits)), fmt.Sprintf("%s; %s", seconds(total), strings.Join(names, ", ")))
	return nil
}

// initialised is one package of GODEBUG=inittrace=1.
type initialised struct {
	name string
	took time.Duration
}

// parseInits reads lines like "init internal/poll @1 ms, 0.02 ms clock, 0 bytes, 0 allocs", longest first.
func parseInits(trace []byte) (packages []initialised, total time.Duration) {
	for line := range bytes.Lines(trace) {
		fields := strings.Fields(string(line))
		if len(fields) < 7 || fields[0] != "init" || fields[6] != "clock," {
			continue
		}
		ms, err := strconv.ParseFloat(fields[4], 64)
		if err != nil {
			continue
		}
		took := time.Duration(ms * float64(time.Millisecond))
		packages = append(packages, initialised{fields[1], took})
		total += took
	}
	slices.SortFunc(packages, func(a, b initialised) int {
		return cmp.Or(cmp.Compare(b.took, a.took), cmp.Compare(a.name, b.name))
	})
	return packages, total
}

// oneCluster compares onggi render with helm template of the chart that onggi itself makes of the same spec.
func (b *bench) oneCluster(ctx context.Context) error {
	for i, spec := range b.specs {
		b.say("render of %s", spec)
		charts := filepath.Join(b.dir, "chart-"+strconv.Itoa(i))
		if _, _, err := measure(ctx, command{path: b.onggi, args: []string{"render", spec, "--format", "helm", "-o", charts}}); err != nil {
			return err
		}
		commands := []command{{path: b.onggi, args: []string{"render", spec, "--env", "prod"}}}
		if b.helm != "" {
			found, err := chartsIn(charts)
			if err != nil {
				return err
			}
			commands = append(commands, b.template(found[0], "prod"))
		}
		medians, err := alternate(ctx, b.runs, commands...)
		if err != nil {
			return err
		}
		ours, what := medians[0], "`onggi render "+spec+" --env prod`"
		if b.helm == "" {
			b.table.add(what, fmt.Sprintf("%s of CPU, %s", seconds(ours.cpu), mebibytes(ours.rss)))
			continue
		}
		theirs := medians[1]
		cpu, memory := ratio(ours.cpu, theirs.cpu), ratio(ours.rss, theirs.rss)
		b.table.judge(what+", CPU", fmt.Sprintf("%s, `helm template` of its chart %s: **%.2f ×**", seconds(ours.cpu), seconds(theirs.cpu), cpu), "≤ half of Helm's", cpu <= cpuTarget)
		b.table.judge("… peak memory", fmt.Sprintf("%s, Helm %s: **%.2f ×**", mebibytes(ours.rss), mebibytes(theirs.rss), memory), "≤ Helm's", memory <= memoryTarget)
		b.table.add("… wall", fmt.Sprintf("%s, Helm %s", seconds(ours.wall), seconds(theirs.wall)))
	}
	return nil
}

// template is helm template of a chart, with the values of one environment.
func (b *bench) template(chart, env string) command {
	args := []string{"template", filepath.Base(chart), chart}
	values := filepath.Join(chart, "values-"+env+".yaml")
	if _, err := os.Stat(values); err == nil {
		args = append(args, "--values", values)
	}
	return command{path: b.helm, args: args}
}

// chartsIn are the folders with a chart below a folder, sorted.
func chartsIn(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no chart in %s", dir)
	}
	for i, name := range files {
		files[i] = filepath.Dir(name)
	}
	return files, nil
}

// formats measures what the proof costs that a chart and overlays come with.
func (b *bench) formats(ctx context.Context) error {
	for _, spec := range b.specs {
		b.say("formats of %s", spec)
		names := []string{"manifests", "helm", "kustomize"}
		commands := make([]command, len(names))
		for i, format := range names {
			dir := filepath.Join(b.dir, "format")
			args := []string{"render", spec, "--format", format, "-o", dir}
			if format == "manifests" {
				args = append(args, "--all-envs")
			}
			commands[i] = command{path: b.onggi, args: args, before: func() error { return os.RemoveAll(dir) }}
		}
		medians, err := alternate(ctx, max(3, b.runs/3), commands...)
		if err != nil {
			return err
		}
		for i, m := range medians {
			b.table.add(fmt.Sprintf("`onggi render %s --format %s`, every environment, to an empty folder", spec, names[i]),
				fmt.Sprintf("%s of CPU, %s wall, %s", seconds(m.cpu), seconds(m.wall), mebibytes(m.rss)))
		}
	}
	return nil
}
