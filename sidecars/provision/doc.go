// Package provision makes roles, databases, schemas and extensions be what people wrote.
//
//	result := provision.Apply(ctx, server.Session, wanted)
//
// The middle is pure: what is wanted is held against what the catalogs tell, and what comes out are SQL statements. What is as wanted needs
// none, so that Apply can be called at any time, and the second call in a row changes nothing. The edge reads catalogs and runs statements,
// each alone: one that fails does not keep the others from being run.
//
// # What it does, in this order
//
//	roles        made, or their attributes set to what is wanted; passwords
//	groups       granted, and those revoked that are not wanted
//	databases    made, given to their owner, limited
//	schemas      of each database: made, given to their owner
//	extensions   of each database: installed, moved to their schema, updated to the version that is named
//	roles        that are to be absent: dropped, if they own nothing
//
// What is not named is left alone: nothing else is ever dropped. What cannot be changed (the encoding of a database) is told as a failure.
//
// # Passwords
//
// A password is held against what Postgres stores of it (SCRAM, RFC 5803), so that none is sent where it is the same. What is sent is made
// here, with a new salt: no statement, no log and no error ever has the password, nor has an error what is stored of it.
//
// # Names
//
// Names are quoted, and every other value is a literal: no name means more than itself. Sessions look for names only in pg_catalog, so
// that nothing that the owner of a database makes in it is called by the superuser who works there. An extension therefore always is told its schema.
package provision
