// Package live is the page of onggi watch --serve: the picture of a database, its objects in each environment side by side, what
// the last edit moved, and the problems with their lines, renewed as files change.
//
//	page := live.New(live.Options{Render: watcher.Render})
//	listener, err := live.Listen("127.0.0.1:8090")
//	go page.Serve(ctx, listener)
//	page.Update(state) // after each cycle of the watch; it never waits for a reader
//
// # What travels
//
//	GET /           the page; /app.css, /app.js and the like are what it is made of, embedded in the program
//	GET /events     server-sent events: the state after each cycle. The list of databases travels with the first event and
//	                whenever it changes, objects never do
//	GET /database   ?id=&env=&layout=wide|narrow: one database: its picture, its objects side by side, what moved in it
//	GET /picture    ?id=&env=&layout=: the picture as a file of its own
//
// A reader that is slow, or was away, gets the newest state and none of those between: what counts is what is, not how it came
// about. Each event has an ID; a reader that comes back with the newest one is sent nothing it has.
//
// # Who may look
//
// The page shows specs, so it keeps to itself: it listens on the loopback interface unless told otherwise, answers GET and HEAD
// only and only to a Host that is an address or the name it was told to listen on (a page of another site cannot reach it by
// rebinding a name), and sends a policy under which the browser runs and loads nothing but what comes from here.
package live
