package main

import (
	"context"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/kube"
	"github.com/onggi-db/onggi/render/manifest"
)

// clusterPlural is what the API server calls the objects whose state matters to a rule.
const clusterPlural = "clusters"

// lookAt gives what reads the databases among some objects as they run now.
func (o checkOptions) lookAt(ctx context.Context) (func([]manifest.Object) ([]manifest.Object, error), error) {
	server, err := kube.Connect(o.config, o.context)
	if err != nil {
		return nil, cli.Fail(cli.InOut, err)
	}
	return func(objs []manifest.Object) ([]manifest.Object, error) {
		var running []manifest.Object
		for _, obj := range objs {
			ref := obj.Ref()
			if ref.Kind != "Cluster" || ref.Group() != "postgresql.cnpg.io" {
				continue
			}
			found, ok, err := server.Get(ctx, ref, clusterPlural)
			if err != nil {
				return nil, cli.Fail(cli.InOut, err)
			}
			if ok {
				running = append(running, found)
			}
		}
		return running, nil
	}, nil
}

func (c *checker) running(objs []manifest.Object) ([]manifest.Object, error) {
	if c.live == nil {
		return nil, nil
	}
	return c.live(objs)
}
