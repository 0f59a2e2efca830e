package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/peers"
	"github.com/onggi-db/onggi/sidecars/rest"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

// Order is what one keeper asks another.
type Order struct {
	Verb string `json:"verb"` // begin, restore and document, of the leader; run and state, of the member that makes a backup
	Type string `json:"type,omitempty"`
	ID   string `json:"id,omitempty"`
	// InPlace is what restore asks for.
	InPlace *InPlace `json:"inPlace,omitempty"`
	// Primary is the leader's server, of run.
	Primary backup.Primary `json:"primary,omitzero"`
}

// Reply is the answer.
type Reply struct {
	Run      *rest.BackupRun `json:"run,omitempty"`
	Document *rest.Backups   `json:"document,omitempty"`
	Result   rest.Result     `json:"result,omitempty"`
	Text     string          `json:"text,omitempty"`
}

// Obey answers another keeper.
func (k *Keeper) Obey(ctx context.Context, _ string, o Order) (Reply, error) {
	switch o.Verb {
	case "begin":
		run, outcome := k.begin(ctx, backup.Type(o.Type))
		return Reply{Run: &run, Result: outcome.Result, Text: outcome.Text}, nil
	case "document":
		k.glance(ctx)
		d := k.document()
		return fit(Reply{Document: &d, Result: rest.Done}), nil
	case "restore":
		if o.InPlace == nil {
			return Reply{Result: rest.Invalid}, nil
		}
		outcome := k.Restore(ctx, *o.InPlace)
		return Reply{Result: outcome.Result, Text: outcome.Text}, nil
	case "run":
		run, err := k.make(o)
		if err != nil {
			return Reply{Result: rest.Failed, Text: err.Error()}, nil
		}
		return Reply{Run: &run, Result: rest.Done}, nil
	case "state":
		k.mu.Lock()
		defer k.mu.Unlock()
		for id, run := range k.mine {
			if id == o.ID || o.ID == "" && run.State == "running" {
				return Reply{Run: &run, Result: rest.Done}, nil
			}
		}
		return Reply{Result: rest.Absent}, nil
	}
	return Reply{}, fmt.Errorf("%q is no order", o.Verb)
}

const (
	// mostTold is how many bytes fit into a message between members.
	mostTold = peers.MaxBody - 4<<10
	// briefly is how many bytes are left of what a run said, where there is no room for all of it.
	briefly = 160
)

// fit makes a document small enough for a message: what the oldest runs said is cut short, then the oldest backups are left out.
func fit(r Reply) Reply {
	d := r.Document
	for {
		text, err := json.Marshal(r)
		if err != nil || len(text) <= mostTold {
			return r
		}
		at := slices.IndexFunc(d.Runs, func(run rest.BackupRun) bool { return len(run.Text) > briefly+len("…") })
		switch {
		case at >= 0:
			d.Runs[at].Text = strings.ToValidUTF8(d.Runs[at].Text[:briefly], "") + "…"
		case len(d.Backups) > 0:
			d.Backups = d.Backups[(len(d.Backups)+9)/10:]
		default:
			return r
		}
	}
}

// begin has a backup made.
func (k *Keeper) begin(ctx context.Context, kind backup.Type) (rest.BackupRun, rest.Outcome) {
	standing := k.Agent.standing()
	u, reason, outcome := k.choose(ctx, standing, kind)
	if outcome.Result != rest.Done {
		return u.run, outcome
	}
	if err := k.order(ctx, standing, u); err != nil {
		k.mu.Lock()
		k.under = nil
		k.mu.Unlock()
		return u.run, rest.Outcome{Result: rest.Failed, Text: err.Error()}
	}
	k.Log.Info("a backup has begun", "type", u.run.Type, "member", u.run.Member, "why", reason, "id", u.run.ID)
	return u.run, rest.Outcome{Result: rest.Done}
}

// order has the chosen member make it.
func (k *Keeper) order(ctx context.Context, s standing, u *underway) error {
	r, ok := k.repository()
	if !ok {
		return errors.New("there is no repository any more")
	}
	o := Order{Verb: "run", Type: u.run.Type, ID: u.run.ID, Primary: backup.Primary{
		Name: s.Self.Name, Data: r.settings.Data, Socket: r.settings.Socket, Port: r.settings.Port, Config: r.settings.Config(),
	}}
	if u.by.ID == s.Self.ID {
		_, err := k.make(o)
		return err
	}
	reply, err := k.Ask(ctx, u.by, o)
	if err == nil && reply.Result != rest.Done {
		err = errors.New(reply.Text)
	}
	if err != nil {
		return fmt.Errorf("ask %s for a backup: %w", u.by.Name, err)
	}
	return nil
}

// newRun names a run so that a sidecar that finds it running knows what it is.
func newRun(kind backup.Type, member string) rest.BackupRun {
	var raw [4]byte
	_, _ = rand.Read(raw[:]) // never fails
	now := time.Now().UTC().Truncate(time.Second)
	return rest.BackupRun{
		ID: fmt.Sprintf("%s%s.%d.%s", runPrefix, kind, now.Unix(), hex.EncodeToString(raw[:])), Type: string(kind), Member: member, State: "running", Begun: now,
	}
}

const runPrefix = "backup."

// parseRun is newRun backwards.
func parseRun(id, member string) (rest.BackupRun, bool) {
	parts := strings.Split(id, ".")
	if len(parts) != 4 || parts[0]+"." != runPrefix {
		return rest.BackupRun{}, false
	}
	at, err := strconv.ParseInt(parts[2], 10, 64)
	return rest.BackupRun{ID: id, Type: parts[1], Member: member, State: "running", Begun: time.Unix(at, 0).UTC()}, err == nil
}

// make begins a backup on this member.
func (k *Keeper) make(o Order) (rest.BackupRun, error) {
	r, ok := k.repository()
	if !ok {
		return rest.BackupRun{}, errors.New("this member has no repository")
	}
	run, ok := parseRun(o.ID, k.Agent.standing().Self.Name)
	if !ok || !slices.Contains(backup.Types(), backup.Type(o.Type)) {
		return run, fmt.Errorf("%q is no backup to make", o.ID)
	}
	if err := r.prepare(); err != nil {
		return run, err
	}
	var primary *backup.Primary
	if o.Primary.Name != run.Member {
		primary = &o.Primary
		primary.Remote = path.Join(k.File().Run.Dir, RemoteProgram)
	}
	return run, k.execute(run, r.settings.Backup(backup.Type(o.Type), primary))
}

// execute runs a backup of this member to its end, in the background. The same run is not begun twice.
func (k *Keeper) execute(run rest.BackupRun, argv []string) error {
	client, err := k.Supervisor.connected()
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, one := range k.mine {
		if id == run.ID {
			return nil
		}
		if one.State == "running" {
			return fmt.Errorf("a %s backup is under way here since %s", one.Type, one.Begun.Format(time.RFC3339))
		}
		if time.Since(one.Ended) > time.Hour {
			delete(k.mine, id)
		}
	}
	k.mine[run.ID] = run
	go func() {
		// Not with the sidecar's context: a backup goes on without it, and the next one finds it.
		output, err := client.Exec(context.Background(), supervise.Command{ID: run.ID, Argv: argv, Env: []string{"LC_ALL=C", "ONGGI_RUN=" + k.File().Run.Dir}, Aside: true})
		k.ended(run, output, err)
	}()
	return nil
}

// ended notes the end of a backup of this member.
func (k *Keeper) ended(run rest.BackupRun, output *supervise.Output, err error) {
	run.State, run.Ended = "done", time.Now().UTC().Truncate(time.Second)
	switch {
	case err != nil:
		run.State, run.Text = "failed", err.Error()
	case output.Reason != "":
		run.State, run.Text = "failed", output.Reason
	case output.Code != 0:
		run.State, run.Text = "failed", fmt.Sprintf("pgbackrest ended with %d: %s", output.Code, lastLines(output.Stderr))
	}
	k.mu.Lock()
	k.mine[run.ID] = run
	k.mu.Unlock()
	k.nudge()
}

// attach takes over a backup that runs here and that a former sidecar had begun.
func (k *Keeper) attach() {
	client, err := k.Supervisor.connected()
	if err != nil {
		return
	}
	for _, id := range strings.Fields(client.Status().Asides) {
		k.mu.Lock()
		_, known := k.mine[id]
		k.mu.Unlock()
		if run, ok := parseRun(id, k.Agent.standing().Self.Name); ok && !known {
			k.Log.Info("a backup is under way, which a former sidecar had begun", "id", id)
			_ = k.execute(run, []string{"false"}) // the supervisor knows the id, and runs nothing else
		}
	}
}

// adopt finds the backup that is under way when a lead begins.
func (k *Keeper) adopt(ctx context.Context, s standing) {
	for _, m := range s.Members {
		var reply Reply
		if m.ID == s.Self.ID {
			reply, _ = k.Obey(ctx, "", Order{Verb: "state"})
		} else {
			brief, cancel := context.WithTimeout(ctx, 2*time.Second)
			reply, _ = k.Ask(brief, m, Order{Verb: "state"})
			cancel()
		}
		if reply.Run != nil {
			k.mu.Lock()
			if k.under == nil {
				k.under = &underway{run: *reply.Run, by: m}
			}
			k.mu.Unlock()
		}
	}
}

// follow looks how the run is that is under way.
func (k *Keeper) follow(ctx context.Context, s standing) {
	k.mu.Lock()
	u := k.under
	k.mu.Unlock()
	if u == nil {
		return
	}
	var reply Reply
	var err error
	if u.by.ID == s.Self.ID {
		reply, err = k.Obey(ctx, "", Order{Verb: "state", ID: u.run.ID})
	} else {
		brief, cancel := context.WithTimeout(ctx, 3*time.Second)
		reply, err = k.Ask(brief, u.by, Order{Verb: "state", ID: u.run.ID})
		cancel()
	}
	run := u.run
	switch {
	case err == nil && reply.Run != nil && reply.Run.State == "running":
		u.lost = time.Time{}
		return
	case err == nil && reply.Run != nil:
		run = *reply.Run
	default:
		// Not there, or not heard of: its sidecar may be starting.
		if u.lost.IsZero() {
			u.lost = time.Now()
		}
		if time.Since(u.lost) < lostFor {
			return
		}
		run.State, run.Ended, run.Text = "failed", time.Now().UTC().Truncate(time.Second), "the member that made it is gone, or does not answer"
	}
	k.conclude(ctx, s, run)
}

// conclude notes the end of a run, and reads the repository for what it made.
func (k *Keeper) conclude(ctx context.Context, s standing, run rest.BackupRun) {
	if run.State == "done" {
		if r, ok := k.repository(); ok {
			k.look(ctx, r, s)
		}
	}
	k.mu.Lock()
	if run.State == "done" {
		if newest, ok := backup.Newest(k.seen.info.Backups, ""); ok && !newest.Stop.Before(run.Begun) {
			run.Label = newest.Label
		}
	}
	k.under = nil
	if run.State != "done" {
		k.seen.tried = time.Time{} // it may be the repository: it is looked at next
	}
	k.runs = keep(append(k.runs, run), keptRuns)
	k.done[[2]string{run.Type, run.State}]++
	k.mu.Unlock()
	if run.State == "done" {
		k.Log.Info("the backup is done", "label", run.Label, "member", run.Member, "took", run.Ended.Sub(run.Begun).String())
		k.Agent.tell(false, "BackupDone", fmt.Sprintf("%s backup %s was made on %s in %s", run.Type, run.Label, run.Member, run.Ended.Sub(run.Begun)))
		return
	}
	k.Log.Error("the backup failed", "type", run.Type, "member", run.Member, "why", run.Text)
	k.Agent.tell(true, "BackupFailed", fmt.Sprintf("%s backup on %s: %s", run.Type, run.Member, run.Text))
}

// keep is the last n runs, and of those before them the last of each type and result: a full backup a week is not forgotten for an incremental
// one an hour.
func keep(runs []rest.BackupRun, n int) []rest.BackupRun {
	last := map[[2]string]int{}
	for i, run := range runs {
		last[[2]string{run.Type, run.State}] = i
	}
	var kept []rest.BackupRun
	for i, run := range runs {
		if i >= len(runs)-n || last[[2]string{run.Type, run.State}] == i {
			kept = append(kept, run)
		}
	}
	return kept
}

// nudge has the keeper look now.
func (k *Keeper) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}
