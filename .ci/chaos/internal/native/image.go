package native

import (
	"fmt"
	stdpath "path"
	"strings"

	"onggi.dev/ci/chaos/internal/world"
)

// Images are the programs of this machine that stand for images.
type Images struct {
	Postgres string // the folder of postgres' programs
	Agent    string // onggi-agent
	Onggi    string // onggi
	// PgBouncer is the folder with the program pgbouncer and all that it needs.
	PgBouncer string
}

// image is what a container gets from its image.
type image struct {
	entrypoint []string
	path       string // folder that comes first in PATH
	mounts     []world.Mount
}

// Where programs that are built are in their containers.
const agentAt, onggiAt = "/opt/onggi-agent", "/opt/onggi"

// of finds the image by the last part of its name. The same programs stand in another folder for each tag of postgres: that is what makes
// another tag another image.
func (i Images) of(name string) (image, error) {
	repository, tag := split(name)
	switch {
	case strings.HasPrefix(repository, "postgres-exporter") || strings.HasPrefix(repository, "postgres_exporter"):
		return image{entrypoint: []string{"/usr/bin/prometheus-postgres-exporter"}}, nil
	case repository == "postgres" || repository == "onggi-postgres":
		root := "/opt/" + repository + "-" + tag
		return image{
			entrypoint: []string{"postgres"}, path: stdpath.Join(root, stdpath.Base(i.Postgres)),
			mounts: []world.Mount{{Source: stdpath.Dir(i.Postgres), Target: root, ReadOnly: true}},
		}, nil
	case repository == "onggi-agent":
		return image{entrypoint: []string{agentAt}, path: stdpath.Dir(agentAt), mounts: []world.Mount{{Source: i.Agent, Target: agentAt, ReadOnly: true}}}, nil
	case repository == "onggi":
		return image{entrypoint: []string{onggiAt}, mounts: []world.Mount{{Source: i.Onggi, Target: onggiAt, ReadOnly: true}}}, nil
	case strings.HasPrefix(repository, "pgbouncer"):
		return image{
			entrypoint: []string{"pgbouncer"}, path: i.PgBouncer, mounts: []world.Mount{{Source: i.PgBouncer, Target: i.PgBouncer, ReadOnly: true}},
		}, nil
	}
	return image{}, fmt.Errorf("no program of this machine stands for the image %s", name)
}

// folder of postgres' programs in an image.
func (i Images) folder(name string) string {
	found, err := i.of(name)
	if err != nil {
		return ""
	}
	return found.path
}

// split is the last part of an image's name, and its tag.
func split(name string) (repository, tag string) {
	name, _, _ = strings.Cut(name, "@")
	name = stdpath.Base(name)
	repository, tag, _ = strings.Cut(name, ":")
	if tag == "" {
		tag = "latest"
	}
	return repository, tag
}
