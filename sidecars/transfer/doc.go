// Package transfer copies roles and databases out of a running server, by pg_dump into pg_restore.
//
//	err := transfer.Run(ctx, transfer.Servers{Away: …, Here: …, Pipe: …}, wanted)
//
// It may be ended at any moment and run again, on this member or, after a failover, on another: each database is made under another name
// (onggi_import), and gets its own when it is whole, so what has its name is done, and what has the other is dropped and begun again. pg_restore works in
// one transaction.
//
// # What is verified
//
// pg_dump reads by a snapshot that was exported before. Once it is here, every table is counted there, by that very snapshot, and here. A database in
// which a table is missing, or has another number of rows, does not get its name.
//
// # What it copies
//
// Where a database has an owner to be given to (microservice), everything in it belongs to that one afterwards, and no right is copied. Otherwise
// (monolith) owners and rights stay as they are there, so the roles have to be here. A role is copied with its attributes, but for SUPERUSER and
// REPLICATION, with the groups that are here too, and with what is stored of its password where the server there lets that be read. A role of that name that
// is here already is left as it is.
//
// Settings of databases (ALTER DATABASE … SET), tablespaces and subscriptions that run are not copied; the order of texts is this cluster's.
package transfer
