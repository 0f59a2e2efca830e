// Package sealing is the edge of onggi seal: it finds out which Secrets the specs want, reads values, certificates and the sealed
// secrets that lie beside the specs, has package seal decide and encrypt, and writes the files.
//
// A value exists in memory only, from where it was read to where it is encrypted. Nothing here puts one, or an error that could
// quote one, into a text: what a person wrote after KEY= is not repeated either, since it may be the value itself.
package sealing
