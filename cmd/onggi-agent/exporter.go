package main

import (
	"context"
	"io"

	"github.com/onggi-db/onggi/sidecars/exporter"
)

// exporterVerb is the first process of an exporter's container that has queries of the spec's own, until ctx ends.
func exporterVerb(ctx context.Context, file string, errs io.Writer) error {
	slim()
	return exporter.Run(ctx, file, errs)
}
