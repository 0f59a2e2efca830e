// Package backup is what the agent knows of pgBackRest, 2.45 and newer: its configuration, its command lines, what it says, and which
// member should make a backup. It reads no file, runs nothing and has no clock; who does is sidecars/agent.
//
//	files, err := settings.Render(secrets)        the configuration, with its secrets: files of mode 0600
//	argv := settings.Backup(backup.Full, nil)     what the database container runs
//	stanzas, err := backup.ParseInfo(stdout)      what `info --output=json` says
//	state, why := backup.Judge(info, system)      whose the repository is
//
// # Where secrets are
//
// Only in the files of Render. No command line has one: pgBackRest is told where its configuration is, and nothing else that matters.
//
// # A backup of a standby
//
// The standby's pgBackRest has two servers: its own, and the primary, which is asked to begin and to end the backup and for the few files that
// differ. pgBackRest reaches the latter by a program that it takes for ssh (cmd-ssh). Here that is the agent, which carries the two streams to the
// primary's agent; that one starts pgBackRest beside its server. ParseRemote reads what is asked for, and lets through nothing but that.
package backup
