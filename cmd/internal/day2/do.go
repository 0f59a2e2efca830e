package day2

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2/act"
	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// Do does one action. What a program in a pod says goes to out and errs, and its exit code is ours.
func (d *Database) Do(ctx context.Context, a act.Action, out, errs io.Writer) error {
	var err error
	switch {
	case a.Exec != nil:
		return d.run(ctx, kube.Process{Pod: a.Exec.Pod, Container: a.Exec.Container, Command: a.Exec.Command, Stdout: out, Stderr: errs})
	case a.Patch != nil:
		err = d.server.Patch(ctx, resource(d.Backend), d.Namespace, d.Name, a.Patch.Subresource, a.Patch.Body)
	case a.Create != nil:
		at := kube.Resource{Group: a.Create.Group, Version: a.Create.Version, Plural: a.Create.Plural}
		_, err = d.server.Create(ctx, at, d.Namespace, a.Create.Body)
	case a.Delete != nil:
		err = d.deletePod(ctx, a.Delete.Pod)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return cli.Fail(cli.InOut, err)
	case a.Told != "":
		fmt.Fprintln(out, a.Told)
	}
	return nil
}

// run runs a program in a pod, whose exit code is ours: it has said why.
func (d *Database) run(ctx context.Context, p kube.Process) error {
	p.Namespace = d.Namespace
	code, err := d.server.Exec(ctx, p)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return cli.Fail(cli.InOut, err)
	case code != 0:
		return cli.Error{Code: code}
	}
	return nil
}

// deletePod deletes the pod that is there now, and none that comes after it.
func (d *Database) deletePod(ctx context.Context, name string) error {
	data, ok, err := d.server.Read(ctx, pods(), d.Namespace, name)
	if err != nil || !ok {
		return err
	}
	var pod struct{ Metadata struct{ UID string } }
	if err := json.Unmarshal(data, &pod); err != nil {
		return fmt.Errorf("read pod %s: %w", name, err)
	}
	return d.server.Delete(ctx, pods(), d.Namespace, name, pod.Metadata.UID)
}
