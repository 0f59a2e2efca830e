// Package nodetest is the part of a node that people meet through the API server, for tests with a real one: it runs programs in containers
// (kubectl exec), reads their logs (kubectl logs) and carries connections to their ports (kubectl port-forward). Streams are those of the library by which
// container runtimes serve them; what a container is, is up to the tests.
//
//	server := nodetest.Serve(pods) // pods implements Pods
//	defer server.Close()
//	node.status.daemonEndpoints.kubeletEndpoint.Port = server.Port()
//
// It is support for tests and no part of a program.
package nodetest
