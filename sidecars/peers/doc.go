// Package peers carries messages between the agents of one cluster: a request and its answer, JSON over HTTP/1.1, opaque to this
// package. Who may say what, and what it means, is the business of those who send it.
//
//	POST /peer/v1/{kind}      kind is one that the server was given, such as beat, vote, status
//	Onggi-Cluster, -From, -To    the cluster, the caller's member id, and the id that the caller means
//	Onggi-Nonce, Onggi-Seal      see below
//
// A caller that means another member than the one that has its address now is refused (421): pod addresses are used again.
//
// # Who is believed
//
// With a key, request and answer are sealed by HMAC-SHA-256 over kind, cluster, from, to, a nonce that the caller has just made, and the body. The
// key never travels, an answer cannot be forged, kept or exchanged for another's, and needs no clock. What the seal does not do: it hides nothing,
// and whoever can record traffic of the pod network can send a recorded request again. That gains little, since messages carry the
// term they belong to and repeat harmlessly, but a network that is not trusted needs TLS.
//
// With certificates ([Files]) both sides show one of the cluster's authority that names the cluster's agents; they are read again from
// their files, so that rotation needs no restart, and an authority file may hold the old and the new one. Both may be used together.
// Either way what is proven is membership: the id in a message is the caller's word among members that share a key.
//
// # Streams
//
// Beside messages there are connections that carry what two programs have to say to each other ([Client.Stream], [Handler.WithStreams]). Each is opened by
// a ticket that the other side has just given, so that a recorded request opens none. What goes through is as safe as the network, or TLS.
//
// # What a dead peer costs
//
// A [Client] has no goroutines of its own. A call uses the caller's, ends with the caller's context at the latest, and takes the
// place of an earlier one of the same kind to the same peer, which ends with [ErrSuperseded]. Connections are kept between calls; one
// that a call broke off is closed, so that the first call after an outage does not wait for the retransmissions of the last one before it.
package peers
