package native

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// certificates are the scenarios of TLS: first for who wants it, then for all.
func (c *Cluster) certificates() []fault.Fault {
	return []fault.Fault{
		{
			Name: "tls-added", What: "a certificate and its authority in the spec of the running cluster: every pod is made again, then standbys stream over TLS", Hold: time.Second, Expect: planned,
			Break: func(ctx context.Context, s *fault.Scene) error {
				if err := c.certify(ctx); err != nil {
					return err
				}
				c.Wanted = c.encrypts
				return c.Change(ctx, func(spec kube.Object) {
					spec["tls"] = kube.Object{"secret": c.Name + "-tls", "caSecret": c.Name + "-ca"}
				})
			},
		},
		{
			Name: "tls-only", What: "only TLS in the spec: nobody else is let in, by servers and poolers; a client, the pooler and the server speak it", Hold: time.Second, Expect: unnoticed,
			Break: func(ctx context.Context, s *fault.Scene) error {
				c.Secure(c.authorityFile())
				c.Wanted = func(ctx context.Context, p *kubelet.Pod) error {
					if err := c.refusesPlain(ctx, p.Host.IP.String()); err != nil {
						return err
					}
					return c.encrypts(ctx, p)
				}
				if err := c.Change(ctx, func(spec kube.Object) { spec["tls"].(kube.Object)["only"] = true }); err != nil {
					return err
				}
				return c.pooledOverTLS(ctx)
			},
		},
	}
}

func (c *Cluster) authorityFile() string { return filepath.Join(c.lab.World.Dir, c.Name+"-ca.crt") }

// certify makes an authority and a certificate for the names that clients have for the cluster, as Secrets.
func (c *Cluster) certify(ctx context.Context) error {
	names := []string{c.Name}
	for _, service := range []string{"rw", "ro", "r", "pooler", "pooler-ro", "pods"} {
		name := c.Name + "-" + service
		names = append(names, name, name+"."+Namespace, name+"."+Namespace+".svc", name+"."+Namespace+".svc.cluster.local")
	}
	authority, certificate, key, err := issue(names)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	if err := os.WriteFile(c.authorityFile(), authority, 0o644); err != nil {
		return err
	}
	if err := c.lab.opaque(ctx, c.Name+"-ca", kube.Object{"ca.crt": string(authority)}); err != nil {
		return err
	}
	pair := kube.Object{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": kube.Object{"name": c.Name + "-tls", "namespace": Namespace},
		"stringData": kube.Object{"tls.crt": string(certificate), "tls.key": string(key)},
	}
	_, err = c.lab.Server.Admin.Apply(ctx, path(pair), pair)
	return err
}

// issue makes an authority and a certificate of it for these names, all in PEM.
func issue(names []string) (authority, certificate, key []byte, err error) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	of := func(n int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
			BasicConstraintsValid: true,
		}
	}
	above, below := of(1, "the authority of "+names[0]), of(2, names[0])
	above.IsCA, above.KeyUsage = true, x509.KeyUsageCertSign
	below.DNSNames, below.KeyUsage = names, x509.KeyUsageDigitalSignature
	below.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	root, err := x509.CreateCertificate(rand.Reader, above, above, &signer.PublicKey, signer)
	if err != nil {
		return nil, nil, nil, err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, below, above, &private.PublicKey, signer)
	if err != nil {
		return nil, nil, nil, err
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, nil, err
	}
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	return encode("CERTIFICATE", root), encode("CERTIFICATE", leaf), encode("EC PRIVATE KEY", secret), nil
}

// encrypts says that a server speaks no TLS, or, on the primary, that not every standby streams over it.
func (c *Cluster) encrypts(ctx context.Context, p *kubelet.Pod) error {
	found, err := c.Ask(ctx, p, `select current_setting('ssl') || ' ' || (select count(*) from pg_stat_replication join pg_stat_ssl using (pid) where ssl)
		|| ' ' || (select count(*) from pg_stat_replication) || ' ' || pg_is_in_recovery()`)
	if err != nil {
		return err
	}
	standbys := strconv.Itoa(len(c.Names()) - 1)
	switch fields := strings.Fields(found[0]); {
	case fields[0] != "on":
		return fmt.Errorf("it speaks no TLS")
	case fields[3] == "false" && (fields[1] != standbys || fields[2] != standbys):
		return fmt.Errorf("%s of %s standbys stream, %s over TLS", fields[2], standbys, fields[1])
	}
	return nil
}

// refusesPlain says that an address lets clients in without TLS.
func (c *Cluster) refusesPlain(ctx context.Context, address string) error {
	config := c.Settings(address, nil)
	config.TLSConfig, config.Fallbacks = nil, nil
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err == nil {
		_ = conn.Close(ctx)
		return fmt.Errorf("%s lets clients in without TLS", address)
	}
	if refused := (*pgconn.PgError)(nil); !errors.As(err, &refused) {
		return err
	}
	return nil
}

// pooledOverTLS connects through the pooler, and looks how the pooler has connected to the server.
func (c *Cluster) pooledOverTLS(ctx context.Context) error {
	at, err := c.poolerReady(ctx)
	if err != nil {
		return err
	}
	conn, err := pgconn.ConnectConfig(ctx, c.Settings(at, nil))
	if err != nil {
		return fmt.Errorf("connect to the pooler over TLS: %w", err)
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, "select ssl from pg_stat_ssl where pid = pg_backend_pid()").ReadAll()
	if err != nil {
		return err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 || string(results[0].Rows[0][0]) != "t" {
		return fmt.Errorf("the pooler has connected to the server without TLS")
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if err = c.refusesPlain(ctx, at); err == nil || time.Now().After(end) || ctx.Err() != nil {
			return err
		}
	}
}
