package day2

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2/act"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// patience is how long one member may take to say how it is.
const patience = 8 * time.Second

func claims() kube.Resource { return kube.Resource{Version: "v1", Plural: "persistentvolumeclaims"} }
func pods() kube.Resource   { return kube.Resource{Version: "v1", Plural: "pods"} }
func deployments() kube.Resource {
	return kube.Resource{Group: "apps", Version: "v1", Plural: "deployments"}
}
func leases() kube.Resource {
	return kube.Resource{Group: "coordination.k8s.io", Version: "v1", Plural: "leases"}
}
func cnpg(plural string) kube.Resource {
	return kube.Resource{Group: "postgresql.cnpg.io", Version: "v1", Plural: plural}
}

// Observe reads all that a picture of the database takes. Only what it cannot be told without is an error: the database's object
// and its pods.
func (d *Database) Observe(ctx context.Context) (status.Observed, error) {
	o := status.Observed{Backend: d.Backend, Name: d.Name, Namespace: d.Namespace, Answers: map[string]status.Answer{}}
	object, ok, err := d.server.Read(ctx, resource(d.Backend), d.Namespace, d.Name)
	if err == nil && !ok {
		err = fmt.Errorf("there is no database %s any more", d.text())
	}
	if err == nil {
		o.Object = object
		o.Pods, err = d.server.List(ctx, pods(), d.Namespace, d.Backend.Selector(d.Name))
	}
	if err != nil {
		return o, cli.Fail(cli.InOut, err)
	}
	note := func(what string, err error) {
		if err != nil {
			o.Notes = append(o.Notes, what+" not known: "+err.Error())
		}
	}
	if d.Backend.Name == status.Native || d.Backend.Name == status.CloudNative {
		o.Claims, err = d.server.List(ctx, claims(), d.Namespace, d.Backend.Pods+"="+d.Name)
		note("volumes are", err)
	}
	switch d.Backend.Name {
	case status.Native:
		o.Lease, _, err = d.server.Read(ctx, leases(), d.Namespace, d.Name+"-primary")
		note("the record is", err)
		o.Poolers, err = d.server.List(ctx, deployments(), d.Namespace, "app.kubernetes.io/managed-by=onggi,app.kubernetes.io/component=pooler,app.kubernetes.io/instance="+d.Name)
		note("the poolers are", err)
	case status.CloudNative:
		o.Poolers, err = d.server.List(ctx, cnpg("poolers"), d.Namespace, "")
		note("the poolers are", err)
		o.Backups, err = d.server.List(ctx, cnpg("backups"), d.Namespace, "")
		note("the backups are", err)
	}
	d.askAll(ctx, &o)
	return o, nil
}

// Status observes, and makes the picture.
func (d *Database) Status(ctx context.Context) (status.Status, status.Observed, error) {
	o, err := d.Observe(ctx)
	if err != nil {
		return status.Status{}, o, err
	}
	return status.Of(o), o, nil
}

// askAll has every member that runs say how it is, all at once, and one of them how the backups are.
func (d *Database) askAll(ctx context.Context, o *status.Observed) {
	question := d.question()
	if question == nil {
		return
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	denied := 0
	for _, name := range running(o.Pods) {
		group.Go(func() {
			answer, err := d.ask(ctx, name, question)
			mutex.Lock()
			defer mutex.Unlock()
			o.Answers[name] = answer
			if kube.Forbidden(err) {
				denied++
			}
		})
	}
	group.Wait()
	d.askRepository(ctx, o)
	if denied > 0 && denied == len(o.Answers) { // said once, not for each member
		clear(o.Answers)
		o.Notes = append(o.Notes, "members were not asked: that takes the right to create pods/exec in namespace "+d.Namespace)
	}
}

// askRepository asks about backups where the database's agents have some.
func (d *Database) askRepository(ctx context.Context, o *status.Observed) {
	if d.Backend.Name != status.Native {
		return
	}
	speaker, err := act.Spokesman(status.Of(*o))
	if err != nil || o.Answers[speaker].Err != "" {
		return
	}
	answer, _ := d.ask(ctx, speaker, []string{"onggi-agent", "ctl", "backups", "-o", "json"})
	if strings.Contains(answer.Err, "no backups") || strings.Contains(answer.Err, "unknown command") {
		return
	}
	o.Repository = &answer
}

// question is what is run in a member's pod.
func (d *Database) question() []string {
	switch {
	case d.Backend.Name == status.Native:
		return []string{"onggi-agent", "ctl", "status"}
	case d.Backend.Psql != nil:
		return append(slices.Clone(d.Backend.Psql), "-XAtq", "-d", "postgres", "-c", status.Query)
	}
	return nil
}

// ask runs a question in a pod. The error is why it could not be run, which the answer tells too.
func (d *Database) ask(ctx context.Context, pod string, command []string) (status.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out, said bytes.Buffer
	container := cmp.Or(d.Backend.Agent, d.Backend.Database)
	code, err := d.server.Exec(ctx, kube.Process{Namespace: d.Namespace, Pod: pod, Container: container, Command: command, Stdout: &out, Stderr: &said})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return status.Answer{Err: fmt.Sprintf("not within %s", patience)}, err
	case err != nil:
		return status.Answer{Err: err.Error()}, err
	case code != 0:
		return status.Answer{Err: cmp.Or(firstLine(said.String()), fmt.Sprintf("%s ended with code %d", command[0], code))}, nil
	case !json.Valid(out.Bytes()):
		return status.Answer{Err: command[0] + " did not answer in JSON"}, nil
	}
	return status.Answer{Document: bytes.TrimSpace(out.Bytes())}, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// running are the names of pods whose containers can be asked.
func running(all []json.RawMessage) []string {
	var names []string
	for _, data := range all {
		var p struct {
			Metadata struct{ Name string }
			Status   struct{ Phase string }
		}
		if json.Unmarshal(data, &p) == nil && p.Status.Phase == "Running" {
			names = append(names, p.Metadata.Name)
		}
	}
	return names
}
