package native

import (
	"fmt"
	"strconv"
	"strings"
)

// pooler refuses settings of PgBouncer's that would lead it elsewhere, and those that would end its file early.
func (k *checker) pooler() {
	p := k.plan.Pooler
	if p == nil {
		return
	}
	for _, name := range sortedNames(p.Parameters) {
		at := "spec.pooler.parameters[" + strconv.Quote(name) + "]"
		if reason := poolerRefused(strings.ToLower(name)); reason != "" {
			k.problem("ONG2340", at, fmt.Sprintf("PgBouncer's %s cannot be set here", name), reason, "take the line out")
		}
		if strings.ContainsAny(p.Parameters[name], "\r\n\x00") {
			k.problem("ONG2341", at, fmt.Sprintf("the value of %s has more than one line", name), "what follows would be settings of their own in pgbouncer.ini", "write it on one line")
		}
	}
}
