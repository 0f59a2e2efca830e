package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Name is what an Application calls the plugin by.
const Name = "onggi"

// The parameters of an Application.
const (
	ParameterEnv      = "env"
	ParameterFile     = "file"
	ParameterDatabase = "database"
	ParameterSet      = "set"
)

// Names are the parameters in the order they are announced in.
func Names() []string {
	return []string{ParameterEnv, ParameterFile, ParameterDatabase, ParameterSet}
}

// Parameters are what an Application asks of the plugin.
type Parameters struct {
	// Env is the environment, "" where none is named.
	Env string
	// Files are specs, or folders of specs, below the application's path. Without one, all specs there are meant.
	Files []string
	// Database is one of several databases in those files, "" is all of them.
	Database string
	// Set lays fields over the spec, after the environment. In the order of their paths.
	Set []spec.Setting
}

// parameter is one entry as Argo CD writes it. The pointer and the nil slice and map tell what was given.
type parameter struct {
	Name   string            `json:"name"`
	String *string           `json:"string"`
	Array  []string          `json:"array"`
	Map    map[string]string `json:"map"`
}

// Parse reads the JSON array of ARGOCD_APP_PARAMETERS; "" and null are no parameters. Of two parameters with one name the
// later one counts, as Argo CD sends what is more particular later. All mistakes are told at once.
func Parse(text string) (Parameters, spec.Problems) {
	var p Parameters
	var raw []json.RawMessage
	if text = strings.TrimSpace(text); text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return p, spec.Problems{malformed("", "this is no JSON array of parameters: "+err.Error())}
	}
	var problems spec.Problems
	last := make(map[string]parameter)
	for i, item := range raw {
		one, problem := decode(i, item)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		last[one.Name] = one
	}
	for _, name := range Names() {
		if one, given := last[name]; given {
			problems = append(problems, p.take(one)...)
		}
	}
	if len(problems) > 0 {
		return Parameters{}, problems.Sort()
	}
	return p, nil
}

// decode reads one entry strictly: a value under a key that is not known would be dropped without a word.
func decode(i int, data []byte) (parameter, *spec.Problem) {
	var one parameter
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&one)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more behind it")
		}
	}
	name := one.Name
	if name == "" {
		name = fmt.Sprintf("%d", i)
	}
	if err != nil {
		p := malformed(name, "this parameter cannot be read: "+strings.TrimPrefix(err.Error(), "json: "))
		return one, &p
	}
	if one.Name == "" {
		p := malformed(name, "this parameter has no name")
		return one, &p
	}
	for _, known := range Names() {
		if known == one.Name {
			return one, nil
		}
	}
	p := spec.Problem{Code: codeUnknown, Pos: at(one.Name), Message: fmt.Sprintf("the plugin has no parameter %q", one.Name),
		Why: "it would be ignored, and something else rendered than was meant", Fix: "write one of " + strings.Join(Names(), ", ")}
	if best := nearest(one.Name); best != "" {
		p.Fix = "did you mean " + best + "?"
	}
	return one, &p
}

// nearest is the parameter that a name is most likely meant to be, or "".
func nearest(name string) string {
	for _, known := range Names() {
		if strings.HasPrefix(strings.ToLower(name), known) {
			return known // environment, files
		}
	}
	return spec.Nearest(name, Names())
}

// take checks a parameter by its name and keeps its value.
func (p *Parameters) take(one parameter) spec.Problems {
	switch one.Name {
	case ParameterEnv:
		return one.text(&p.Env)
	case ParameterDatabase:
		return one.text(&p.Database)
	case ParameterFile:
		return p.files(one)
	}
	if one.String != nil || one.Array != nil {
		return spec.Problems{wrongKind(one, "map", `map: {"storage.size": 20Gi}`)}
	}
	for name, value := range one.Map {
		p.Set = append(p.Set, spec.Setting{Path: name, Value: value})
	}
	sortSettings(p.Set)
	return nil
}

func (one parameter) text(to *string) spec.Problems {
	if one.Array != nil || one.Map != nil {
		return spec.Problems{wrongKind(one, "string", "string: NAME")}
	}
	if one.String != nil {
		*to = *one.String
	}
	return nil
}

func (p *Parameters) files(one parameter) spec.Problems {
	files := one.Array
	switch {
	case one.Map != nil || one.String != nil && one.Array != nil:
		return spec.Problems{wrongKind(one, "array", "array: [shop.yaml]")}
	case one.String != nil && *one.String != "":
		files = []string{*one.String}
	}
	var problems spec.Problems
	for _, file := range files {
		clean := path.Clean(file)
		if file == "" || path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(file, 0) {
			problems = append(problems, spec.Problem{Code: codeMalformed, Pos: at(one.Name), Message: fmt.Sprintf("%q is no path below the application's", file),
				Why: "an Application reads its own path and nothing beside it", Fix: "write a path such as shop.yaml or shop/shop.yaml, and set the Application's path to the folder above"})
			continue
		}
		p.Files = append(p.Files, clean)
	}
	return problems
}

func wrongKind(one parameter, want, example string) spec.Problem {
	return spec.Problem{Code: codeMalformed, Pos: at(one.Name), Message: fmt.Sprintf("the parameter %s takes a value under the key %s", one.Name, want), Fix: "write " + example}
}

func malformed(name, message string) spec.Problem {
	return spec.Problem{Code: codeMalformed, Pos: at(name), Message: message, Fix: `write {name: env, string: prod}: beside the name there is one of string, array and map`}
}

// at is a place in the parameters. It stands where problems of a spec have their file.
func at(name string) spec.Pos {
	if name == "" {
		return spec.Pos{File: "parameters"}
	}
	return spec.Pos{File: "parameters[" + name + "]"}
}

// strayPrefix is what Argo CD puts before the variables of an Application.
const strayPrefix = "ARGOCD_ENV_ONGGI_"

// Strays are variables of an Application (plugin.env) that look as if the plugin read them. It reads parameters only: those
// have kinds, and are shown and edited in the user interface.
func Strays(environ []string) spec.Problems {
	var problems spec.Problems
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		word, stray := strings.CutPrefix(name, strayPrefix)
		if !stray {
			continue
		}
		p := spec.Problem{Code: codeUnknown, Pos: spec.Pos{File: name}, Message: "the plugin reads no variable of an Application",
			Why: "it would be ignored, and something else rendered than was meant", Fix: "write it as a parameter: one of " + strings.Join(Names(), ", ")}
		if best := nearest(word); best != "" {
			p.Fix = "write it as the parameter " + best
		}
		problems = append(problems, p)
	}
	return problems
}
