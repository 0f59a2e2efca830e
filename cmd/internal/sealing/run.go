package sealing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/seal"
	"github.com/onggi-db/onggi/render/spec"
)

// Options are what a person asked for, and what the process has.
type Options struct {
	Environments func(*spec.Document) []string
	Free         *Free // nil for what the specs want
	Values       []Value
	Certificate  string // file or URL; "" for the project's
	FromCluster  bool
	Controller   Controller
	Scope        string // "" for the project's
	Rotate       []string
	Anew         bool
	Check        bool

	Env           func(name string) (value string, set bool)
	Stdin         io.Reader
	Entropy       io.Reader
	Now           time.Time
	DigestKeyFile string // "" when the machine has no place for one
}

// Secret is what was done for one Secret, or with Check what would have to be.
type Secret struct {
	Namespace    string      `json:"namespace"`
	Name         string      `json:"name"`
	Environments []string    `json:"environments,omitempty"`
	Type         string      `json:"type"`
	File         string      `json:"file"`
	State        State       `json:"state"`
	Keys         []seal.Todo `json:"keys"`
	Missing      []string    `json:"missing,omitempty"`
	// Stale are keys that are kept although they are sealed for another certificate or scope.
	Stale []string `json:"stale,omitempty"`
	// Reshaped says what beside the keys changed.
	Reshaped string `json:"reshaped,omitempty"`
	// WantedAt are the lines that name it.
	WantedAt []string `json:"wantedAt"`
}

// State of a Secret's file.
type State string

// The states.
const (
	Sealed    State = "sealed"    // written
	Unchanged State = "unchanged" // right as it was
	Foreign   State = "foreign"   // right, and not sealed by onggi
	Unsealed  State = "unsealed"  // with Check: it would have to be written
)

// Result is what a run did.
type Result struct {
	Secrets  []Secret `json:"secrets"`
	Warnings []string `json:"warnings,omitempty"`
	// Findings are why Check fails.
	Findings []string `json:"findings,omitempty"`
}

// job is one Secret on its way.
type job struct {
	*wanted
	file sealedFile
	step *seal.Step
}

// Run seals what the specs want, or the one free Secret; then no input is read. It writes nothing before everything has been decided.
func Run(ctx context.Context, in *source.Input, o Options) (Result, error) {
	all, err := o.all(ctx, in)
	if err != nil {
		return Result{}, err
	}
	values, err := assign(o.Values, all, o)
	if err != nil {
		return Result{}, err
	}
	if err := checkRotate(o.Rotate, all); err != nil {
		return Result{}, err
	}
	var r Result
	digest, err := r.digestKey(values, o)
	if err != nil {
		return Result{}, cli.Fail(cli.InOut, err)
	}
	jobs, err := r.decide(ctx, all, values, digest, o)
	if err != nil {
		return Result{}, err
	}
	if !o.Check {
		if err := missing(jobs); err != nil {
			return Result{}, err
		}
		if err := writeAll(ctx, jobs, o); err != nil {
			return Result{}, err
		}
	}
	for _, j := range jobs {
		r.add(j, o.Check)
	}
	return r, nil
}

// all is what the specs want, or the one Secret that was asked for.
func (o Options) all(ctx context.Context, in *source.Input) ([]*wanted, error) {
	if o.Free != nil {
		return o.Free.wanted(o.Values)
	}
	return collect(ctx, in, o.Environments)
}

// digestKey is read when there is a value to compare, and made when there is none and something is going to be written. A
// machine without a place for it seals all the same: later runs cannot tell what changed, and seal again.
func (r *Result) digestKey(values []map[string][]byte, o Options) (seal.DigestKey, error) {
	if !slices.ContainsFunc(values, func(v map[string][]byte) bool { return len(v) > 0 }) {
		return nil, nil
	}
	if o.DigestKeyFile != "" {
		key, err := readDigestKey(o.DigestKeyFile)
		if err != nil || key != nil || o.Check {
			return key, err
		}
		if key, err = makeDigestKey(o.DigestKeyFile, o.Entropy); err == nil {
			return key, nil
		}
	}
	r.Warnings = append(r.Warnings, "there is no place for a digest key: given values will be sealed again by every run, since nobody can tell whether they changed")
	return nil, nil
}

// decide compares every Secret with its file. What is wrong with files and certificates is told together.
func (r *Result) decide(ctx context.Context, all []*wanted, values []map[string][]byte, digest seal.DigestKey, o Options) ([]job, error) {
	certs := certificates{o, make(map[string]seal.Certificate)}
	folders := make(map[string]map[identity]sealedFile)
	var jobs []job
	var wrong []string
	for i, w := range all {
		if folders[w.dir] == nil {
			found, err := readFolder(w.dir)
			if err != nil {
				return nil, err
			}
			folders[w.dir] = found
		}
		scope, err := seal.ParseScope(orElse(o.Scope, w.scope))
		if err != nil {
			return nil, cli.Fail(cli.Usage, err)
		}
		cert, err := certs.of(ctx, w)
		var bad badCertificate
		if o.Check && errors.As(err, &bad) {
			r.find(bad.Error())
		} else if errors.As(err, &bad) {
			return nil, cli.Exit(cli.Invalid, "%w", bad)
		} else if err != nil {
			return nil, err
		}
		r.warn(cert, o.Now)
		how := seal.How{Scope: scope, Digest: digest, Rotate: rotates(o.Rotate), Anew: o.Anew}
		j := job{wanted: w, file: folders[w.dir][identity{w.want.Namespace, w.want.Name, strings.Join(w.want.Environments, ",")}]}
		if o.Free != nil && o.Free.Type == "" && j.file.have != nil {
			w.want.Type = j.file.have.Type // nobody asked for another one
		}
		j.step, err = seal.Compare(w.want, j.file.have, values[i], cert, how)
		if err == nil && j.step.Changed() && j.file.shared {
			err = errors.New("it shares its file with other manifests: give it a file of its own")
		}
		switch {
		case err != nil && o.Check:
			r.find(j.where() + err.Error())
		case err != nil:
			wrong = append(wrong, j.where()+err.Error())
		case j.step.Changed() && cert.Fingerprint == "" && !o.Check:
			return nil, cli.Exit(cli.Usage, "nobody says what certificate to seal for: name it with --cert FILE|URL, ask the controller with --from-cluster, or write sealing: {certificate: FILE} into the project's onggi.yaml")
		}
		if j.step != nil {
			jobs = append(jobs, j)
		}
	}
	if len(wrong) > 0 {
		return nil, cli.Exit(cli.Invalid, "%s", strings.Join(wrong, "\n"))
	}
	return jobs, nil
}

func (j job) where() string {
	if j.file.name != "" {
		return j.file.name + ": "
	}
	return j.want.String() + ": "
}

func (r *Result) find(text string) {
	if !slices.Contains(r.Findings, text) {
		r.Findings = append(r.Findings, text)
	}
}

func (r *Result) warn(c seal.Certificate, now time.Time) {
	if c.Fingerprint == "" {
		return
	}
	if text := c.Warning(now); text != "" && !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

// missing refuses to go on while a value is missing, and names all of them.
func missing(jobs []job) error {
	var lines []string
	for _, j := range jobs {
		for _, m := range j.step.Missing {
			line := fmt.Sprintf("  %s/%s in %s: %s", j.want.Name, m.Key.Name, j.want.Namespace, m.Key.Why)
			if m.Why != "" {
				line += "; " + m.Why
			}
			lines = append(lines, line+" ("+j.places[0]+")")
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return cli.Exit(cli.Usage, "%s missing, and nothing was written:\n%s\n"+
		"give each with --from-env KEY=VARIABLE, --from-file KEY=FILE or --from-stdin KEY (SECRET/KEY where several have it),\n"+
		"or list the Secret under secrets.existing if something else makes it",
		plural(len(lines), "value is", "values are"), strings.Join(lines, "\n"))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// writeAll encrypts everything first and then writes.
func writeAll(ctx context.Context, jobs []job, o Options) error {
	taken := make(map[string]bool)
	files := make(map[int][]byte)
	for i := range jobs {
		j := &jobs[i]
		if !j.step.Changed() {
			continue
		}
		object, err := j.step.Seal(o.Entropy)
		if err != nil {
			return cli.Fail(cli.InOut, err)
		}
		if j.file.name == "" {
			if j.file.name, err = j.newName(taken); err != nil {
				return err
			}
		}
		files[i] = seal.File(object)
	}
	for _, i := range slices.Sorted(maps.Keys(files)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := write(jobs[i].file.name, jobs[i].file.data, files[i]); err != nil {
			return err
		}
	}
	return nil
}

// add tells what was done, or with check what would have to be.
func (r *Result) add(j job, check bool) {
	s := Secret{
		Namespace: j.want.Namespace, Name: j.want.Name, Environments: j.want.Environments, Type: j.want.Type,
		File: filepath.ToSlash(j.file.name), State: Unchanged, Keys: j.step.Todos, Stale: j.step.Stale, Reshaped: j.step.Reshaped, WantedAt: j.places,
	}
	for _, m := range j.step.Missing {
		s.Missing = append(s.Missing, m.Key.Name)
	}
	switch {
	case j.step.Changed() && check, len(s.Missing) > 0:
		s.State = Unsealed
		r.find(j.where() + lacking(j.step))
	case j.step.Changed():
		s.State = Sealed
	case j.step.Have != nil && !j.step.Have.Ours():
		s.State = Foreign
	}
	if len(s.Stale) > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %s sealed for another certificate or scope; the controller opens it for as long as it keeps that key. "+
			"--rotate-cert seals it anew, or kubeseal --re-encrypt in the cluster, which needs no values", s.File, isOrAre(s.Stale)))
	}
	r.Secrets = append(r.Secrets, s)
}

func isOrAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return strings.Join(names, ", ") + " are"
}

// lacking says in one line what a Secret lacks.
func lacking(s *seal.Step) string {
	var parts []string
	for _, t := range s.Todos {
		if t.Action != seal.Keep {
			parts = append(parts, fmt.Sprintf("%s is not sealed (%s)", t.Key, t.Why))
		}
	}
	for _, m := range s.Missing {
		parts = append(parts, m.Key.Name+" is not sealed")
	}
	if s.Reshaped != "" {
		parts = append(parts, "it has not the right "+s.Reshaped)
	}
	return strings.Join(parts, ", ")
}

// rotates says which keys get new values: those of a whole Secret that can be made, or one key.
func rotates(names []string) func(name, key string) bool {
	return func(name, key string) bool {
		return slices.Contains(names, name) && key == "password" || slices.Contains(names, name+"/"+key)
	}
}

// checkRotate refuses a name that nothing has, and a Secret with nothing to make: a rotation that hits nothing would be believed
// to have happened.
func checkRotate(names []string, all []*wanted) error {
	for _, name := range names {
		var known []string
		hit, named := false, false
		rotate := rotates([]string{name})
		for _, w := range all {
			known = append(known, w.want.Name)
			named = named || w.want.Name == name
			for _, k := range w.want.Keys {
				hit = hit || rotate(w.want.Name, k.Name)
			}
		}
		slices.Sort(known)
		switch {
		case hit:
		case named:
			return cli.Exit(cli.Usage, "--rotate %s: it has no password to make: name the key, as in --rotate %s/KEY, and give its new value", name, name)
		default:
			return cli.Exit(cli.Usage, "--rotate %s: no Secret is called so; there are %s", name, strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
