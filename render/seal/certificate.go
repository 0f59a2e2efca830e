package seal

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
)

// minBits is the smallest key that is sealed for. The controller makes 4096 bits; below 2048 is not safe today.
const minBits = 2048

// soon is how long before its end a certificate is told to be ending.
const soon = 30 * 24 * time.Hour

// Certificate is that of a controller: what is sealed for its key only it can open.
type Certificate struct {
	// Fingerprint of the key, as ssh-keygen prints it: SHA256:….
	Fingerprint string
	NotAfter    time.Time
	key         *rsa.PublicKey
}

// ErrPrivateKey is a file that holds the controller's private key where its certificate was asked for.
var ErrPrivateKey = errors.New("it holds a private key: whoever has it opens every sealed secret; the certificate alone is enough")

// ParseCertificate reads the first certificate of a PEM file and refuses what must not be sealed for at this time. Its errors
// never quote the file.
func ParseCertificate(data []byte, now time.Time) (Certificate, error) {
	if bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		return Certificate{}, ErrPrivateKey
	}
	var block *pem.Block
	for rest := data; ; {
		block, rest = pem.Decode(rest)
		if block == nil {
			return Certificate{}, errors.New("there is no certificate in PEM form in it; kubeseal --fetch-cert prints the controller's")
		}
		if block.Type == "CERTIFICATE" {
			break
		}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Certificate{}, errors.New("its certificate cannot be read")
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return Certificate{}, fmt.Errorf("its key is %s; the sealed secrets controller has RSA keys", cert.PublicKeyAlgorithm)
	}
	if bits := key.N.BitLen(); bits < minBits {
		return Certificate{}, fmt.Errorf("its key has %d bits; fewer than %d are not safe", bits, minBits)
	}
	switch day := "2 January 2006"; {
	case now.After(cert.NotAfter):
		return Certificate{}, fmt.Errorf("it expired on %s: fetch the controller's current one", cert.NotAfter.UTC().Format(day))
	case now.Before(cert.NotBefore):
		return Certificate{}, fmt.Errorf("it is not valid before %s: it is for another time, or this clock is wrong", cert.NotBefore.UTC().Format(day))
	}
	fingerprint, err := crypto.PublicKeyFingerprint(key)
	if err != nil {
		return Certificate{}, fmt.Errorf("fingerprint its key: %w", err)
	}
	return Certificate{Fingerprint: fingerprint, NotAfter: cert.NotAfter, key: key}, nil
}

// Warning says that the certificate ends soon, "" while it does not.
func (c Certificate) Warning(now time.Time) string {
	if left := c.NotAfter.Sub(now); left < soon {
		return fmt.Sprintf("the controller's certificate ends on %s, in %d days", c.NotAfter.UTC().Format("2 January 2006"), int(left/(24*time.Hour)))
	}
	return ""
}
