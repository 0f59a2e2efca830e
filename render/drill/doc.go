// Package drill is what a restore drill does, without doing it: the file that tells one what to restore and check, the machine
// that decides what happens next, and the texts that say how it went. The edge that talks to Kubernetes and Postgres is
// cmd/internal/drill; the verb is onggi drill run.
//
// A drill restores a database into a scratch Cluster, waits for it, checks it, records the outcome and removes what it made.
//
// # Files and names
//
// A back end writes a [Config] with [Config.Encode] into a ConfigMap, mounts it, and starts the program with [Args]. What must
// agree between the two stands here and nowhere else: [ScratchName], the labels, [Grace], [Config.Deadline], and the names
// of the metrics (metrics.go), which the alerts read.
package drill
