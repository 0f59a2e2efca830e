package native

import "fmt"

// dumps checks the place of dumps where it is not that of backups, and who may read all there is.
func (k *checker) dumps() {
	d := k.plan.Dumps
	if d == nil {
		return
	}
	if k.plan.Backup == nil {
		k.archive("spec.backup", d.Archive)
	}
	if v := k.plan.Version.Major; v < 14 {
		k.problem("ONG2319", "spec.backup.dumps", fmt.Sprintf("PostgreSQL %d has no role that may read everything", v), "pg_read_all_data came with 14", "set version to 14 or later, or take dumps out")
	}
}
