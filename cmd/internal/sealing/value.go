package sealing

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/seal"
)

// Value says where the value of a key is read from.
type Value struct {
	Name string // of the Secret; "" for the one that has the key
	Key  string
	from from
	arg  string // the variable or the file; it is never printed, since it may be the value itself
}

type from string

const (
	fromEnv   from = "--from-env"
	fromFile  from = "--from-file"
	fromStdin from = "--from-stdin"
)

// flag is how a person wrote it, as far as it may be repeated.
func (v Value) flag() string {
	if v.from == fromStdin {
		return string(v.from) + " " + v.label()
	}
	return string(v.from) + " " + v.label() + "=…"
}

func (v Value) label() string {
	if v.Name == "" {
		return v.Key
	}
	return v.Name + "/" + v.Key
}

var (
	label    = regexp.MustCompile(`^(?:([a-z0-9]([-a-z0-9.]*[a-z0-9])?)/)?([-._a-zA-Z0-9]{1,253})$`)
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// ParseValues reads the flags that say where values come from.
func ParseValues(env, file, stdin []string) ([]Value, error) {
	var out []Value
	for _, f := range []struct {
		from  from
		flags []string
		form  string
	}{
		{fromEnv, env, "KEY=VARIABLE or SECRET/KEY=VARIABLE, with the name of a variable"},
		{fromFile, file, "KEY=FILE or SECRET/KEY=FILE, with the path of a file"},
		{fromStdin, stdin, "KEY or SECRET/KEY"},
	} {
		for _, flag := range f.flags {
			v, ok := parseValue(f.from, flag)
			if !ok {
				return nil, cli.Exit(cli.Usage, "%s takes %s; a value itself is never an argument, since every process of this machine can read it there", f.from, f.form)
			}
			out = append(out, v)
		}
	}
	if len(stdin) > 1 {
		return nil, cli.Exit(cli.Usage, "standard input holds one value: use --from-stdin once, and --from-file for the others")
	}
	return out, nil
}

func parseValue(f from, flag string) (Value, bool) {
	left, arg, cut := strings.Cut(flag, "=")
	m := label.FindStringSubmatch(left)
	if m == nil || cut != (f != fromStdin) || cut && arg == "" || f == fromEnv && !variable.MatchString(arg) {
		return Value{}, false
	}
	return Value{Name: m[1], Key: m[3], from: f, arg: arg}, true
}

// assign finds the Secret that each value is for, and reads it: the values by place in all, then by key.
func assign(values []Value, all []*wanted, o Options) ([]map[string][]byte, error) {
	out := make([]map[string][]byte, len(all))
	var wrong []string
	for _, v := range values {
		places, problem := v.places(all)
		if problem != "" {
			wrong = append(wrong, v.flag()+": "+problem)
			continue
		}
		data, err := v.read(o)
		if err != nil {
			wrong = append(wrong, v.flag()+": "+err.Error())
			continue
		}
		for _, i := range places {
			if out[i] == nil {
				out[i] = make(map[string][]byte)
			}
			if _, twice := out[i][v.Key]; twice {
				wrong = append(wrong, fmt.Sprintf("%s: %s/%s was given a value already", v.flag(), all[i].want.Name, v.Key))
				break
			}
			out[i][v.Key] = data
		}
	}
	if len(wrong) > 0 {
		return nil, cli.Exit(cli.Usage, "%s", strings.Join(wrong, "\n"))
	}
	return out, nil
}

// places are the Secrets that the value is for: one by name, in every namespace that it is wanted in.
func (v Value) places(all []*wanted) (places []int, problem string) {
	var names, known []string
	for i, w := range all {
		for _, k := range w.want.Keys {
			known = append(known, w.want.Name+"/"+k.Name)
			if k.Name == v.Key && (v.Name == "" || v.Name == w.want.Name) {
				places = append(places, i)
				names = append(names, w.want.Name+"/"+k.Name)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(places) == 0:
		slices.Sort(known)
		return nil, "no Secret has that key; there are " + strings.Join(slices.Compact(known), ", ")
	case len(names) > 1:
		return nil, "which one? " + strings.Join(names, ", ")
	}
	return places, ""
}

// read gets the value. Its errors do not say what was asked for: a value that was written in place of a name would be told.
func (v Value) read(o Options) ([]byte, error) {
	switch v.from {
	case fromEnv:
		text, set := o.Env(v.arg)
		if !set {
			return nil, fmt.Errorf("there is no such variable in the environment")
		}
		return []byte(text), nil
	case fromStdin:
		data, err := io.ReadAll(io.LimitReader(o.Stdin, seal.MaxValue+1))
		if err != nil {
			return nil, fmt.Errorf("standard input cannot be read")
		}
		return seal.Trim(data), nil
	}
	data, err := readLimited(v.arg, seal.MaxValue)
	if err != nil {
		return nil, err
	}
	return seal.Trim(data), nil
}
