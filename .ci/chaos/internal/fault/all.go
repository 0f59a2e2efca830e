package fault

import (
	"fmt"
	"slices"
	"time"
)

// All is the catalogue, in the order of the table.
func All() []Fault {
	return slices.Concat(
		[]Fault{
			killPostmaster(), stopPostmaster(),
			killAgent("kill-agent", "kill -9 of the primary's agent, back in 2 s", 2*time.Second, Expect{OutageMax: unnoticed, Stays: true, Quiet: true, NoLoss: true, Back: permitLeft}),
			killAgent("agent-gone", "kill -9 of the primary's agent, which does not come back", gone, Expect{OutageMax: takeoverMax}),
			stopAgent(), stopSupervisor(),
			killContainer("kill-container", "kill -9 of PID 1 of the primary's database container; the kubelet reports it and starts it again", 0),
			killContainer("container-gone", "the same, and the container is not started again for now", 8*time.Second),
			killPod(), killAll(), freezePod(), nodeLost(),
		},
		partitions(),
		[]Fault{forcedApart(), storeDown("api-down", time.Minute)},
		apiServer(),
		[]Fault{
			switchover(), deletePod(), drain(), rollImage(), forceDelete(), switchoverRaced(), switchoverTwice(),
			diskFull(), standbyDiskFull(), volumeLost(), cloneInterrupted(), rewindInterrupted(),
		},
	)
}

// Named are the faults of these names, in the order given.
func Named(names ...string) ([]Fault, error) {
	all := All()
	var found []Fault
	for _, name := range names {
		i := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no fault is named %q", name)
		}
		found = append(found, all[i])
	}
	return found, nil
}
