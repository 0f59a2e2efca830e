package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// What is asked of the fleet of fleetSize specs.
const (
	fleetSize   = 1000
	fleetTarget = 3 * time.Second
	loopTarget  = 50
	diskRuns    = 5
)

// fleet renders generated fleets to files: the first time, again when nothing changed, and as a check. Each run writes to a
// new folder, since ext4 searches past what was deleted in the last minutes for every file it makes, and files of earlier runs
// would be held against later ones.
func (b *bench) fleet(ctx context.Context) error {
	var thousand cost
	var first []cost
	for _, n := range b.fleets {
		b.say("fleet of %d specs × %d environments", n, len(environments))
		specs := filepath.Join(b.dir, "specs-"+strconv.Itoa(n))
		if err := generate(specs, n); err != nil {
			return err
		}
		written, err := b.renderFleet(ctx, n, specs, b.dir)
		if err != nil {
			return err
		}
		first = append(first, written)
		if n == fleetSize {
			thousand = written
		}
	}
	b.growth(first)
	if thousand.wall == 0 {
		return nil
	}
	if b.disk != "" {
		if err := b.onDisk(ctx); err != nil {
			return err
		}
	}
	if b.helm == "" {
		return nil
	}
	return b.loop(ctx, thousand)
}

// renderFleet measures one fleet, and returns what writing it the first time costs.
func (b *bench) renderFleet(ctx context.Context, n int, specs, below string) (cost, error) {
	out := filepath.Join(below, "out")
	defer os.RemoveAll(out)
	var runs [3][]cost
	var last string
	times := b.fleetRuns
	if n > fleetSize {
		times = 1
	}
	for i := range times {
		last = filepath.Join(out, strconv.Itoa(i))
		args := []string{"render", specs, "--all-envs", "-o", last}
		for j, c := range [][]string{args, args, append(slices.Clone(args), "--check")} {
			took, _, err := measure(ctx, command{path: b.onggi, args: c})
			if err != nil {
				return cost{}, err
			}
			runs[j] = append(runs[j], took)
		}
	}
	files, bytes, err := size(last)
	if err != nil {
		return cost{}, err
	}
	medians := make([]cost, len(runs))
	for i, r := range runs {
		medians[i] = medianCost(r)
	}
	b.fleetRows(n, files, bytes, medians)
	return medians[0], nil
}

// onDisk writes the fleet of fleetSize to new folders of a disk, and the same files once more without onggi, which is the disk's
// share. Nothing is deleted in between: see fleet.
func (b *bench) onDisk(ctx context.Context) error {
	b.say("fleet of %d specs on a disk", fleetSize)
	dir, err := os.MkdirTemp(b.disk, "disk-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	specs := filepath.Join(b.dir, "specs-"+strconv.Itoa(fleetSize))
	var rendered, copied []cost
	for i := range diskRuns {
		out := filepath.Join(dir, strconv.Itoa(i))
		took, _, err := measure(ctx, command{path: b.onggi, args: []string{"render", specs, "--all-envs", "-o", out}})
		if err != nil {
			return err
		}
		rendered = append(rendered, took)
		if took, _, err = measure(ctx, command{path: "cp", args: []string{"-r", out, out + "-copy"}}); err != nil {
			return err
		}
		copied = append(copied, took)
	}
	took, plain := medianCost(rendered), medianCost(copied)
	b.table.judge(fmt.Sprintf("%d specs × %d environments, to new folders on a disk", fleetSize, len(environments)),
		fmt.Sprintf("%s wall, %s of CPU; `cp -r` of what was written: %s wall, %s of CPU", seconds(took.wall), seconds(took.cpu), seconds(plain.wall), seconds(plain.cpu)),
		"≤ "+seconds(fleetTarget)+" wall on two cores", took.wall <= fleetTarget)
	return nil
}

func (b *bench) fleetRows(n, files int, bytes int64, medians []cost) {
	what := fmt.Sprintf("%d specs × %d environments", n, len(environments))
	figure := func(c cost) string {
		return fmt.Sprintf("%s wall, %s of CPU, %s", seconds(c.wall), seconds(c.cpu), mebibytes(c.rss))
	}
	written := fmt.Sprintf("%s; %d files, %s", figure(medians[0]), files, mebibytes(bytes))
	if n == fleetSize {
		b.table.judge(what+", to files in memory", written, "≤ "+seconds(fleetTarget)+" wall on two cores", medians[0].wall <= fleetTarget)
		b.table.add("… if nothing else had asked for two cores", seconds(medians[0].cpu/2)+" wall: half the CPU time")
	} else {
		b.table.add(what+", to files in memory", written)
	}
	b.table.add("… again, nothing changed", figure(medians[1]))
	b.table.add("… with --check", figure(medians[2]))
}

// growth compares the smallest fleet with the largest.
func (b *bench) growth(first []cost) {
	if len(first) < 2 {
		return
	}
	last := len(first) - 1
	specs := float64(b.fleets[last]) / float64(b.fleets[0])
	memory := ratio(first[last].rss, first[0].rss)
	b.table.judge(fmt.Sprintf("growth from %d specs to %d", b.fleets[0], b.fleets[last]),
		fmt.Sprintf("%.0f × the specs: %.1f × the CPU, **%.2f × the memory**", specs, ratio(first[last].cpu, first[0].cpu), memory),
		"memory does not grow with the fleet", memory <= 1.5)
}

// loop renders a sample of the fleet's charts with helm template, one after another, and extrapolates.
func (b *bench) loop(ctx context.Context, fleet cost) error {
	b.say("helm template of %d charts of the fleet", b.sample)
	specs, charts := filepath.Join(b.dir, "sample"), filepath.Join(b.dir, "charts")
	if err := generateSample(specs, b.sample); err != nil {
		return err
	}
	made, _, err := measure(ctx, command{path: b.onggi, args: []string{"render", specs, "--format", "helm", "-o", charts}})
	if err != nil {
		return err
	}
	found, err := chartsIn(charts)
	if err != nil {
		return err
	}
	var total cost
	for i, chart := range found {
		took, _, err := measure(ctx, b.template(chart, environments[i%len(environments)]))
		if err != nil {
			return err
		}
		total.wall += took.wall
		total.cpu += took.cpu
	}
	renders := fleetSize * len(environments)
	wall := total.wall / time.Duration(len(found)) * time.Duration(renders)
	cpu := total.cpu / time.Duration(len(found)) * time.Duration(renders)
	times := ratio(wall, fleet.wall)
	b.table.judge(fmt.Sprintf("a loop of `helm template` over %d charts of these specs, extrapolated to %d", len(found), renders),
		fmt.Sprintf("%s each, so %s wall: **%.0f ×** onggi's", seconds(total.wall/time.Duration(len(found))), seconds(wall), times),
		fmt.Sprintf("≥ %d ×", loopTarget), times >= loopTarget)
	b.table.add("… CPU", fmt.Sprintf("%s each, so %s: **%.0f ×** onggi's", seconds(total.cpu/time.Duration(len(found))), seconds(cpu), ratio(cpu, fleet.cpu)))
	b.table.add(fmt.Sprintf("making those %d charts, proof included", len(found)),
		fmt.Sprintf("%s of CPU each, %s, %s wall in all", seconds(made.cpu/time.Duration(len(found))), mebibytes(made.rss), seconds(made.wall)))
	return nil
}

// generateSample writes n specs drawn from the fleet of fleetSize, so that the sample is as varied as the fleet.
func generateSample(dir string, n int) error {
	if err := generate(dir, 0); err != nil {
		return err
	}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(fleetSize)[:min(n, fleetSize)] {
		if err := writeSpec(dir, i); err != nil {
			return err
		}
	}
	return nil
}

// size counts the files of a folder and their bytes.
func size(dir string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		return nil
	})
	return files, bytes, err
}
