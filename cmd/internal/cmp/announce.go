package cmp

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/spec"
)

func newAnnounceCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "announce",
		Short: "Print the parameters of the working folder, for Argo CD's user interface",
		Long: `Print the parameters that generate takes as the JSON array that Argo CD reads, with what the specs of the working folder
have: their environments, files and databases, and the values that some fields have now. A spec that is wrong leaves its part
out: the interface has to open so that somebody can put it right.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runAnnounce(s) },
	}
}

func runAnnounce(s *cli.Streams) error {
	parameters, _ := plugin.Parse(os.Getenv("ARGOCD_APP_PARAMETERS")) // generate tells what is wrong with them
	at, err := here(os.Getenv("ARGOCD_APP_SOURCE_PATH"))
	if err != nil {
		return err
	}
	defer at.close()
	sel, err := at.choose(parameters.Files)
	if err != nil {
		sel, err = at.choose(nil) // a file that was renamed, say
	}
	if err != nil {
		return err
	}
	docs, problems := sel.documents()
	fmt.Fprint(s.Err, plugin.Lines(problems))
	if _, err := s.Out.Write(plugin.Announce(repository(at, docs, parameters))); err != nil {
		return cli.Exit(cli.InOut, "write standard output: %w", err)
	}
	return nil
}

func repository(at *place, docs []*spec.Document, parameters plugin.Parameters) plugin.Repository {
	var r plugin.Repository
	for _, doc := range docs {
		r.Files = append(r.Files, strings.TrimPrefix(strings.TrimPrefix(doc.File, at.shown), "/"))
		r.Databases = append(r.Databases, doc.Name)
		r.Environments = append(r.Environments, doc.Environments()...)
	}
	for _, names := range []*[]string{&r.Files, &r.Databases, &r.Environments} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	if chosen, err := named(docs, parameters.Database); err == nil && len(chosen) == 1 {
		r.Fields = fields(chosen[0], parameters.Env)
	}
	return r
}

// fields are those that an Application is most likely to set, as the spec has them in the environment. Without one that is
// known, as the spec has them before any.
func fields(doc *spec.Document, asked string) map[string]string {
	env, err := plugin.Environment(doc.Environments(), asked)
	if err != nil {
		env = ""
	}
	c, problems := doc.Resolve(env)
	if len(problems) > 0 {
		return nil
	}
	return map[string]string{"instances": strconv.Itoa(c.Spec.Instances), "storage.size": c.Spec.Storage.Size, "version": c.Spec.Version}
}
