// Package restore writes the spec of a database that starts from another one's backups, and takes that start out again.
//
// [Spec] is the spec of the database beside which it will run: the same major version, storage and settings, another name, an
// archive of its own. What would get in the original's way is left out, and [Spec] says what that was. [Finish] removes the
// start from the file once the database has recovered: the operator reads it only when it makes a cluster, so left in Git it
// would lie in wait for the day that the cluster is made again, and bring back a state of long ago.
package restore
