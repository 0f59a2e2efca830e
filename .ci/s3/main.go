// Command s3 is an S3 server over TLS for tests: real requests, signed by whatever keys, kept in a folder. It prints where it listens and leaves
// the authority of its certificate in the folder as ca.pem. It has a module of its own, since what it is made of is nothing that onggi needs.
//
//	s3 -listen 127.0.0.1:0 -dir DIR -bucket backups -name s3.lan
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3bolt"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to listen")
	dir := flag.String("dir", ".", "where objects and the authority are kept")
	bucket := flag.String("bucket", "backups", "a bucket that is there")
	name := flag.String("name", "localhost", "the host name that the certificate is for")
	flag.Parse()
	if err := serve(*listen, *dir, *bucket, *name); err != nil {
		fmt.Fprintln(os.Stderr, "s3:", err)
		os.Exit(1)
	}
}

func serve(listen, dir, bucket, name string) error {
	certificate, err := certificateIn(dir, name)
	if err != nil {
		return err
	}
	backend, err := s3bolt.NewFile(filepath.Join(dir, "objects.db"))
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	if ok, err := backend.BucketExists(bucket); err != nil || !ok {
		if err := backend.CreateBucket(bucket); err != nil {
			return fmt.Errorf("make the bucket: %w", err)
		}
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: gofakes3.New(backend).Server(), TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	return server.ServeTLS(listener, "", "")
}

// certificateIn is the certificate that the folder holds, or a new one: a server that was started again is the same to its clients.
func certificateIn(dir, name string) (tls.Certificate, error) {
	ca, key := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "key.pem")
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		if err := issue(ca, key, name); err != nil {
			return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
		}
	}
	return tls.LoadX509KeyPair(ca, key)
}

func issue(ca, key, name string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return err
	}
	bytes, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return err
	}
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	return os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: bytes}), 0o600)
}
