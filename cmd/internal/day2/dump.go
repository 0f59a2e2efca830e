package day2

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/kube"
	"github.com/onggi-db/onggi/render/dump"
)

const (
	// reading is how long a pod that reads dumps lives when nobody ends it.
	reading = 12 * time.Hour
	// starting is how long it may take until it runs: its image may have to be pulled.
	starting = 10 * time.Minute
)

// Dumps is a pod that reads the store of a database's dumps: like those of its CronJobs, with the same keys, but for what it does.
type Dumps struct {
	d         *Database
	pod, uid  string
	program   []string // up to the verb
	container string
	config    []string // the flag and the file
}

// dumpCronJob is what is read of a CronJob of dumps. The pod is kept as it is.
type dumpCronJob struct {
	Metadata struct{ Name string }
	Spec     struct {
		JobTemplate struct {
			Spec struct {
				Template struct {
					Metadata map[string]any
					Spec     map[string]any
				}
			}
		}
	}
}

func cronJobs() kube.Resource {
	return kube.Resource{Group: "batch", Version: "v1", Plural: "cronjobs"}
}

// Dumps starts the pod. What goes on is told by say. Close ends it.
func (d *Database) Dumps(ctx context.Context, say func(string)) (*Dumps, error) {
	list, err := d.server.List(ctx, cronJobs(), d.Namespace, dump.Label+"="+d.Name)
	if err != nil {
		return nil, cli.Fail(cli.InOut, err)
	}
	if len(list) == 0 {
		return nil, cli.Exit(cli.Findings, "%s has no dumps: give its spec backup.dumps", d.text())
	}
	var job dumpCronJob
	if err := json.Unmarshal(list[0], &job); err != nil {
		return nil, cli.Exit(cli.InOut, "read the CronJob of dumps: %w", err)
	}
	out := &Dumps{d: d}
	body, err := out.body(job)
	if err != nil {
		return nil, cli.Exit(cli.InOut, "read CronJob %s: %w", job.Metadata.Name, err)
	}
	made, err := d.server.Create(ctx, pods(), d.Namespace, body)
	if err != nil {
		return nil, cli.Fail(cli.InOut, err)
	}
	var pod struct{ Metadata struct{ Name, UID string } }
	if err := json.Unmarshal(made, &pod); err != nil {
		return nil, cli.Exit(cli.InOut, "read the pod that was made: %w", err)
	}
	out.pod, out.uid = pod.Metadata.Name, pod.Metadata.UID
	say("reads the store in pod " + out.pod)
	if err := out.wait(ctx); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// body is the pod: the CronJob's, which waits to be asked, and has no large volume, as nothing is written.
func (p *Dumps) body(job dumpCronJob) ([]byte, error) {
	template := job.Spec.JobTemplate.Spec.Template
	containers, _ := template.Spec["containers"].([]any)
	if len(containers) != 1 {
		return nil, fmt.Errorf("its pod has %d containers", len(containers))
	}
	c, _ := containers[0].(map[string]any)
	command, _ := c["command"].([]any)
	if len(command) < 5 { // onggi dump run --config FILE
		return nil, fmt.Errorf("its container does not make dumps: %v", command)
	}
	words := make([]string, len(command))
	for i, word := range command {
		words[i], _ = word.(string)
	}
	p.container, _ = c["name"].(string)
	p.program, p.config = words[:len(words)-3], words[len(words)-2:]
	c["command"] = append(append([]any{}, command[:len(command)-3]...), "wait")
	volumes, _ := template.Spec["volumes"].([]any)
	for _, v := range volumes {
		if volume, _ := v.(map[string]any); volume["ephemeral"] != nil {
			delete(volume, "ephemeral")
			volume["emptyDir"] = map[string]any{}
		}
	}
	template.Spec["activeDeadlineSeconds"] = int64(reading / time.Second)
	meta := template.Metadata
	if meta == nil {
		meta = map[string]any{}
	}
	delete(meta, "creationTimestamp")
	meta["generateName"] = p.d.Name + "-dump-read-"
	return json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template.Spec})
}

// wait ends when the pod runs.
func (p *Dumps) wait(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	state := "Pending"
	for {
		data, ok, err := p.d.server.Read(limited, pods(), p.d.Namespace, p.pod)
		if err == nil && !ok {
			return cli.Exit(cli.InOut, "pod %s was deleted", p.pod)
		}
		if err == nil {
			var runs bool
			if runs, state, err = podState(data, p.container); err != nil || runs {
				return err
			}
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return cli.Exit(cli.Timeout, "pod %s does not run after %s: it is %s", p.pod, starting, state)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// podState tells whether a container runs, and what the pod waits for. An error is that it never will.
func podState(data []byte, container string) (runs bool, state string, err error) {
	type status struct {
		Name  string
		State struct {
			Running *struct{}
			Waiting *struct{ Reason, Message string }
		}
	}
	var pod struct {
		Status struct {
			Phase, Reason, Message string
			ContainerStatuses      []status
			InitContainerStatuses  []status
		}
	}
	if err := json.Unmarshal(data, &pod); err != nil {
		return false, "", cli.Exit(cli.InOut, "read the pod: %w", err)
	}
	s := pod.Status
	if s.Phase == "Failed" || s.Phase == "Succeeded" {
		return false, s.Phase, cli.Exit(cli.InOut, "the pod ended before it was asked: %s %s", s.Reason, s.Message)
	}
	state = s.Phase
	for _, one := range append(s.InitContainerStatuses, s.ContainerStatuses...) {
		if w := one.State.Waiting; w != nil && w.Reason != "PodInitializing" {
			state = s.Phase + ", " + one.Name + ": " + w.Reason
		}
		if one.Name == container && one.State.Running != nil {
			return true, state, nil
		}
	}
	return false, state, nil
}

// Run runs a verb of onggi dump there, whose exit code is ours.
func (p *Dumps) Run(ctx context.Context, args []string, out, errs io.Writer) error {
	command := append(append(append([]string{}, p.program...), args...), p.config...)
	return p.d.run(ctx, kube.Process{Pod: p.pod, Container: p.container, Command: command, Stdout: out, Stderr: errs})
}

// Close deletes the pod. What is left when that fails ends by itself.
func (p *Dumps) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	_ = p.d.server.Delete(ctx, pods(), p.d.Namespace, p.pod, p.uid)
}

// Restore runs a program of PostgreSQL's as the superuser in a member's pod.
func (d *Database) Restore(ctx context.Context, member string, command []string, in io.Reader, out, errs io.Writer) error {
	return d.run(ctx, kube.Process{Pod: member, Container: d.Backend.Database, Command: command, Stdin: in, Stdout: out, Stderr: errs})
}
