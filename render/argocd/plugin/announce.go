package plugin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Repository is what was found below an application's path, as far as it could be read.
type Repository struct {
	// Files have specs in them, by their paths below the application's.
	Files []string
	// Databases are their names.
	Databases []string
	// Environments are those that any of the databases has.
	Environments []string
	// Fields are some of the spec's, by the paths that the parameter set takes, with the values they have now.
	Fields map[string]string
}

// announcement is one parameter as Argo CD reads it.
type announcement struct {
	Name           string            `json:"name"`
	Title          string            `json:"title"`
	Tooltip        string            `json:"tooltip"`
	Required       bool              `json:"required"`
	ItemType       string            `json:"itemType"`
	CollectionType string            `json:"collectionType"`
	String         string            `json:"string,omitempty"`
	Array          []string          `json:"array,omitempty"`
	Map            map[string]string `json:"map,omitempty"`
}

// listed is how many names a tooltip has room for.
const listed = 20

// Announce is the JSON array that the user interface shows the parameters from. The values are those that count when nothing
// is given.
func Announce(r Repository) []byte {
	env := announcement{Name: ParameterEnv, Title: "Environment", ItemType: "string", CollectionType: "string"}
	only, err := Environment(r.Environments, "")
	switch {
	case len(r.Environments) == 0:
		env.Tooltip = "The specs have no environments: leave it empty."
	case err == nil:
		env.String, env.Tooltip = only, "The only environment."
	default:
		env.Required, env.Tooltip = true, "One of "+enumerate(r.Environments)+"."
	}
	file := announcement{Name: ParameterFile, Title: "Specs", ItemType: "string", CollectionType: "array",
		Tooltip: "Files or folders of specs below the application's path. Without one, all of them.", Array: enumerable(r.Files)}
	database := announcement{Name: ParameterDatabase, Title: "Database", ItemType: "string", CollectionType: "string",
		Tooltip: "One of several databases in the specs, by its name. Without one, all of them."}
	switch len(r.Databases) {
	case 0:
	case 1:
		database.String = r.Databases[0]
	default:
		database.Tooltip += " There are " + enumerate(r.Databases) + "."
	}
	set := announcement{Name: ParameterSet, Title: "Fields of the spec", ItemType: "string", CollectionType: "map",
		Tooltip: "Fields laid over the spec after the environment: storage.size to 20Gi, expose to null. Values are YAML.", Map: r.Fields}
	data, _ := json.Marshal([]announcement{env, file, database, set}) // strings and slices of strings do not fail
	return append(data, '\n')
}

// enumerable is a list that is short enough to be shown.
func enumerable(names []string) []string {
	if len(names) > listed {
		return nil
	}
	return names
}

func enumerate(names []string) string {
	if len(names) > listed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:listed], ", "), len(names)-listed)
	}
	return strings.Join(names, ", ")
}

// Environment is the one to render: what was asked for, or the only one there is, or "" where there are none. With several
// and none asked for, any choice would be a guess.
func Environment(environments []string, asked string) (string, error) {
	switch {
	case asked != "":
		return asked, nil
	case len(environments) > 1:
		return "", fmt.Errorf("which of %s is not said", enumerate(environments))
	case len(environments) == 1:
		return environments[0], nil
	}
	return "", nil
}

// NoEnvironment is the problem of a document with several environments of which none was asked for.
func NoEnvironment(doc *spec.Document) spec.Problem {
	known := doc.Environments()
	return doc.Problem(codeNoEnvironment, "metadata.name", fmt.Sprintf("%s has the environments %s, and the Application names none", doc.Name, enumerate(known)),
		"whichever was taken might be the wrong one, and Argo CD would sync it", "set the parameter env: {name: env, string: "+known[0]+"}")
}

func sortSettings(settings []spec.Setting) {
	slices.SortFunc(settings, func(a, b spec.Setting) int { return strings.Compare(a.Path, b.Path) })
}
