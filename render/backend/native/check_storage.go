package native

import (
	"fmt"

	"github.com/onggi-db/onggi/render/plan"
)

// walSpace keeps the log smaller than the volume that it has for itself: PostgreSQL's own defaults are for a log that shares the data's.
func (k *checker) walSpace() {
	if k.plan.WAL == nil {
		return
	}
	volume, ok := plan.Bytes(k.plan.WAL.Size)
	if !ok {
		return
	}
	where := "spec.storage.wal.size"
	var total int64
	for _, p := range []struct{ name, otherwise string }{{"max_wal_size", "1GB"}, {"wal_keep_size", "0"}} {
		value, set := k.plan.Parameters[p.name]
		if set {
			where = "spec.parameters." + p.name
		} else {
			value = p.otherwise
		}
		size, ok := plan.PostgresBytes(value, 1<<20)
		if !ok {
			return // the server says so
		}
		total += size
	}
	if total >= volume {
		k.problem("ONG2309", where, fmt.Sprintf("the log may grow to %d MB, and its volume has %d MB (%s)", total>>20, volume>>20, k.plan.WAL.Size),
			"max_wal_size (1GB unless it is set) and wal_keep_size are what the log takes in good days, and a full volume stops the primary",
			"lower them, or give storage.wal more room")
	}
}
