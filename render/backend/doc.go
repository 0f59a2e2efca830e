// Package backend is the table of what each back end can do, and since which release of its operator. A spec field that the
// chosen back end lacks is an error that names the back ends that have it; nothing is ever dropped.
//
// The builders themselves are the packages below, one for each back end.
package backend
