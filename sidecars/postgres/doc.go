// Package postgres is what the sidecar knows of PostgreSQL 13 to 18. It knows nothing of leases, Kubernetes or other members
// than as addresses, and it decides nothing: each method is one thing that can be asked of a server or its data directory.
//
// # Where things run
//
// A Server is one data directory and the server on it, whether that runs or not. Programs (initdb, pg_controldata, pg_rewind,
// pg_basebackup) run through Tools, in production as children of the supervisor, so that none outlives its container. The server
// itself is started by the supervisor with what StartCommand returns. Plain files this package writes itself, each by a
// rename, so that none is ever half there.
//
// # What is asked
//
// Status is one statement over a connection that is kept, prepared once. Probe is a new connection and a write: an open session
// goes on while the postmaster is stopped or the disk of the log is broken. Control reads pg_control where no server runs.
//
// # Files
//
//	<data>/postgresql.conf       the server's own; Configure appends  include 'onggi.conf'  as its last line
//	<data>/onggi.conf            from Settings: the user's parameters below the agent's
//	<data>/onggi.upstream.conf   from Follow and Detach: primary_conninfo, primary_slot_name
//	<data>/onggi.sync.conf       from SetSync: synchronous_standby_names
//	<data>/onggi.hba.conf        pg_hba.conf as it is while the gate is open; Gate makes pg_hba.conf of it
//	<data>/pg_ident.conf         who the superuser is, and the user's lines
//	<data>.new                   a copy being made by Init or Clone
//	<data>.diverged-<term>       a data directory that a Clone replaced
//	<wal>/<tag>/<random>         where the log has a volume of its own: what pg_wal of one data directory leads to, under a name that nothing else has
//	<data>/pg_wal.onggi-{new,old} a log that is being moved there by MoveLog
//	<volume>/onggi/wal           the tag: the folder on the log's volume that has the logs of this volume
//	<volume>/onggi/work.json     mark: a rewind was begun, or a whole copy wants renaming
//	<volume>/onggi/last-good/    what KeepGood kept; rejected is the fingerprint of what RestoreGood replaced
//
// Follow and SetSync have files of their own so that neither has to know the spec, and both outlive a restart of the agent and of the
// server. What ALTER SYSTEM wrote of the agent's parameters is taken out by Configure and StartCommand; from 17 on the server
// refuses ALTER SYSTEM.
//
// # Life of a member
//
//	first ever      Init, Configure, SetSync, StartCommand(AsPrimary)
//	new member      Clone, Configure, Follow, StartCommand(AsStandby)
//	takes over      Detach, Status.End compared, SetSync, Promote, Checkpoint
//	was killed      ForgetProcess, then as it is to go on
//	hands over      Gate(closed), Checkpoint, stop, Control.CleanEnd
//	lost its log    LogLost; then Clone, and nothing else
//	gets a volume   MoveLog
//	comes back      Control, History.Contains; then nothing, Rewind, or Clone; Configure, Follow, StartCommand(AsStandby)
//	agent starts    Recover, Unfinished
//
// A server is started as a standby unless the caller says AsPrimary; it never starts from a directory that is half done. The
// superuser comes in over the unix socket by the name of the operating system's user, the replicator over TCP with a
// password, which is in no command line, statement or log: roles are made with what the server stores of a password.
//
// # What it cannot do
//
// Tablespaces are not copied by Clone. A data directory that was moved away by hand, deeper than one folder, loses its log on a volume of its own. A standby that was started and has not replayed
// all of its log tells less than it has in Status.End. A crash of one backend is recovered by the postmaster without the gate.
package postgres
