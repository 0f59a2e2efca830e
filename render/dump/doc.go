// Package dump is what the native back end and the program of its CronJobs agree on about logical dumps: the file that says what is dumped
// ([Config]), where a dump lies in the store, what tells that it is whole ([Manifest]), and which ones go ([Expire]).
//
//	dumps/STANZA/SERIES/20261122T030000Z/app.dump       a database, as pg_dump writes it with -Fc
//	dumps/STANZA/SERIES/20261122T030000Z/globals.sql    roles and tablespaces, as pg_dumpall --globals-only writes them
//	dumps/STANZA/SERIES/20261122T030000Z/dump.json      the manifest, written last: a folder without one is no dump
//
// The package reads no file, runs nothing and has no clock. Who does is cmd/internal/dump.
package dump
