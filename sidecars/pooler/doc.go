// Package pooler runs PgBouncer in a pod: it is the first process of the container, with PgBouncer as its child.
//
//	err := pooler.Run(ctx, file, out) // until ctx ends, or PgBouncer does
//
// A stock PgBouncer lacks four things in a pod, and these are all that is added:
//
//   - its auth_file is made from a Secret, which holds a password and not PgBouncer's form of it;
//   - it reads its configuration, its certificates and the password again when one of them changes, within a few seconds of the kubelet's
//     having written them. Nothing is restarted, and no connection is lost;
//   - its statistics are metrics, under the names of the exporter that most dashboards know, and probes are answered from memory;
//   - at the end of its pod it goes on for a moment, since clients are still led to it, then waits for those that it has.
//
// Which server is the primary is nothing that it knows: PgBouncer connects to a Service, and makes new connections as soon as that leads
// to somebody who answers.
package pooler
