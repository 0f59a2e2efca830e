// Package seal decides what of a database's Secrets has to be sealed, and seals it: [SealedSecret] files that only the
// cluster's controller can open, safe to commit.
//
// It is pure: the time, the entropy, the values and what is on disk are arguments.
//
//	cert, err := seal.ParseCertificate(pem, now)
//	step, err := seal.Compare(want, have, given, cert, how)   // what is there, against what is wanted
//	object, err := step.Seal(entropy)                         // only what changed is encrypted
//
// Every key of a Secret is of one of three kinds. A username is what the spec says. The password of a role of ours is made,
// and nobody ever sees it but the cluster. Anything else, such as the keys of an object store or a certificate, is known to somebody
// already and is given.
//
// Ciphertext tells nothing about its plaintext, and sealing the same value twice gives two texts. So that a file stays as it is
// while its values do, an annotation keeps a [Record] of each key: how the value came about, the certificate that it was sealed
// for, and, for a value that was given, a keyed digest. The key of the digest never leaves the machine that it was made on:
// without it nobody can try out what the value may be.
package seal
