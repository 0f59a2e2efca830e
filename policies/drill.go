package policies

import (
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// drillKey is the key of a drill's file in its ConfigMap.
const drillKey = "drill.yaml"

// drilled is a restore drill of the input.
type drilled struct {
	*entry
	cfg *drill.Config // nil when err says why
	err error
}

// findDrills reads the files of the input's drills.
func (w *world) findDrills() []drilled {
	var out []drilled
	for _, e := range w.kinds["ConfigMap."] {
		if text(e.Body(), "metadata", "labels", drill.LabelOf) == "" || !has(e.Body(), "data", drillKey) {
			continue // what a drill leaves behind has the label too
		}
		d := drilled{entry: e}
		d.cfg, d.err = drill.Decode([]byte(text(e.Body(), "data", drillKey)))
		out = append(out, d)
	}
	return out
}

func (d drilled) about(message string) Finding { return d.finding(at("data", drillKey), message) }

// scratchLabels are those of the pods of the cluster that the drill makes while it runs.
func (d drilled) scratchLabels() map[string][]string {
	scratch := &entry{Object: manifest.New(d.cfg.Scratch), ref: d.ref}
	scratch.ref.Name = drill.ScratchName(d.cfg.Cluster)
	return instanceLabels(scratch)
}

// badDrills finds drills that would fail at their hour, or could write to an archive.
func badDrills(w *world) []Finding {
	var out []Finding
	for _, d := range w.drills {
		if d.err != nil {
			out = append(out, d.about(strings.ReplaceAll(d.err.Error(), "\n", "; ")))
			continue
		}
		source := w.find(kindCluster, d.ref.Namespace, d.cfg.Cluster)
		if source == nil {
			out = append(out, d.about(fmt.Sprintf("nobody makes the Cluster %s, which it restores", d.cfg.Cluster)))
			continue
		}
		scratch, err := drill.Follow(d.cfg.Scratch, source.Body())
		if err == nil {
			err = drill.Archives(scratch)
		}
		if err != nil {
			out = append(out, d.about(err.Error()))
		}
	}
	return out
}

// sharedScratch finds scratch clusters of one name, and those of the name of a real one.
func sharedScratch(w *world) []Finding {
	var out []Finding
	first := map[key]*entry{}
	for _, d := range w.drills {
		if d.cfg == nil {
			continue
		}
		name := drill.ScratchName(d.cfg.Cluster)
		if old, taken := first[d.key(name)]; taken {
			out = append(out, d.about(fmt.Sprintf("makes the Cluster %s while it runs, as %s does", name, old.ref)))
		} else {
			first[d.key(name)] = d.entry
		}
		if w.find(kindCluster, d.ref.Namespace, name) != nil {
			out = append(out, d.about(fmt.Sprintf("makes the Cluster %s while it runs, and there is one of that name", name)))
		}
	}
	return out
}
