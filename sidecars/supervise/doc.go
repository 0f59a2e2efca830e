// Package supervise is PID 1 of the database container: it starts and stops postgres when the sidecar says so, and by itself kills
// every process of its PID namespace when its permit to run a primary ends. It knows nothing of Kubernetes and nothing of leases.
//
// # The permit
//
// Every second, every 500 ms while little of a permit is left that is needed, and within 500 ms when something changed, the supervisor sends tick n, dated on its
// own clocks, with its Status where that says something new. The sidecar answers with what is left of the permit, r. The deadline becomes date(n)+r: however late the answer is, and whatever the
// sidecar's clock, the supervisor believes no more than was true when it asked. A grant never shortens the permit; one that is
// not given lets it run out. Two clocks are read, CLOCK_MONOTONIC_RAW and CLOCK_BOOTTIME, and the one that ran further counts.
//
// A primary starts, and a promotion is admitted, only with a permit; from before the fork on, the end of the permit is armed. At the
// end PID 1 sends SIGKILL to the whole namespace in one system call, which no fork escapes, and reaps until there is nobody. So
// do orphans of a postmaster that died of anything: they could go on acknowledging commits. A standby whose control file says "in
// production" is killed unless there is a permit.
//
// Three hands hold the knife: a goroutine that waits for no disk, socket or pipe; the loop, before
// each thing it does; and the guard, a child process with the same deadline in shared memory, for when PID 1 itself is stopped.
// Should PID 1 die, the kernel kills the rest.
//
// # The volume
//
// Nothing runs before the supervisor holds a lock on the volume, and on that of the log where it has one of its own. Postgres and the tools
// inherit them, so they are free only when the last process that could write is gone.
//
// # The sidecar
//
// Dial, then Start, Stop, Kill, Exec, Promoting. One connection leads; a newer one replaces it, and a sidecar that died is back with
// its next Dial, while postgres runs on. A Command with an ID is run once: asked again, its outcome is told again. Refusals are
// *Error with a Code.
//
// SIGTERM does not stop postgres: Status.Terminating asks the sidecar to hand over, Stop, and Exit. Without a sidecar, or after
// Options.Grace, the supervisor stops postgres itself. It ends with nil when nothing is left.
//
// # What it cannot do
//
// It has to be PID 1 of a namespace that is not the machine's, and refuses all else. Processes of another user in the container are not its
// to kill. Root on the node can stop supervisor and guard both. A process in uninterruptible sleep dies when it wakes; until then
// the phase stays "stopping", and nothing claims that it is gone. A shell put into the container (kubectl exec) dies with postgres.
package supervise
