package seal_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/seal"
)

// elliptic is a certificate with a key that the controller has not, and its key: what a database server may show.
var ellipticPair = sync.OnceValues(func() (cert, key []byte) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // there is no entropy
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
})

func pair(t testing.TB) (cert, key []byte) {
	cert, key = ellipticPair()
	require.NotEmpty(t, key)
	return cert, key
}

func TestParseCertificate(t *testing.T) {
	const year = 365 * 24 * time.Hour
	key := controllers()[0]
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	otherCert, private := pair(t)
	good := certificatePEM(t, key, now.Add(-time.Hour), year)
	for _, c := range []struct {
		name, err string
		data      []byte
	}{
		{"good", "", good},
		{"first of several", "", append(append([]byte("# comment\n"), good...), otherCert...)},
		{"behind another block", "", append(pem.EncodeToMemory(&pem.Block{Type: "DH PARAMETERS"}), good...)},
		{"its last second", "", certificatePEM(t, key, now.Add(-year), year)},
		{"its first second", "", certificatePEM(t, key, now, year)},
		{"expired", "it expired on 22 November 2026", certificatePEM(t, key, now.Add(-year-time.Second), year)},
		{"of the future", "it is not valid before 22 November 2026", certificatePEM(t, key, now.Add(time.Second), year)},
		{"elliptic", "its key is ECDSA", otherCert},
		{"weak", "its key has 1024 bits", certificatePEM(t, weak, now.Add(-time.Hour), year)},
		{"the private key", "it holds a private key", private},
		{"both", "it holds a private key", append(append([]byte{}, good...), private...)},
		{"nothing", "there is no certificate", nil},
		{"not PEM", "there is no certificate", []byte("hunter2")},
		{"broken", "its certificate cannot be read", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("hunter2")})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := seal.ParseCertificate(c.data, now)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Regexp(t, `^SHA256:[A-Za-z0-9+/]{43}$`, got.Fingerprint)
		})
	}
}

func TestWarning(t *testing.T) {
	for _, c := range []struct {
		left time.Duration
		want string
	}{
		{31 * 24 * time.Hour, ""},
		{29*24*time.Hour + time.Hour, "the controller's certificate ends on 21 December 2026, in 29 days"},
		{time.Hour, "the controller's certificate ends on 22 November 2026, in 0 days"},
	} {
		require.Equal(t, c.want, seal.Certificate{NotAfter: now.Add(c.left)}.Warning(now))
	}
}

func FuzzParseCertificate(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := seal.ParseCertificate(data, now); err == nil {
			require.NotEmpty(t, c.Fingerprint)
		}
	})
}
