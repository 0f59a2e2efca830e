package main

import (
	"context"
	"io"

	"github.com/onggi-db/onggi/sidecars/pooler"
)

// poolerVerb is the first process of a pooler's container, until ctx ends.
func poolerVerb(ctx context.Context, file string, errs io.Writer) error {
	slim()
	return pooler.Run(ctx, file, errs)
}
