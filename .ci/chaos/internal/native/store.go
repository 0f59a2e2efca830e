package native

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/world"
)

// The object store, which is in no cluster: a host with a name and a certificate of its own, and the Secrets by which specs reach it.
const (
	storeHost      = "s3.lan"
	storePort      = 9000
	storeBucket    = "backups"
	storeKeys      = "store-keys"
	storeAuthority = "store-ca"
)

// startStore starts a real S3 server over TLS, if the plan has one.
func (l *Lab) startStore(ctx context.Context) error {
	if l.Plan.S3 == "" {
		return nil
	}
	dir := filepath.Join(l.World.Dir, "store")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	log := filepath.Join(l.World.Dir, "logs", "s3.log")
	at := netip.AddrPortFrom(world.Platform, storePort)
	p, err := l.World.Daemon(log, l.Plan.S3, "-listen", at.String(), "-dir", dir, "-bucket", storeBucket, "-name", storeHost)
	if err != nil {
		return err
	}
	// It prints where it listens once it does, which is after its certificate is written.
	for world.Tail(log, 1) == "" {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.Ended():
			return fmt.Errorf("the object store has ended: %s", p.State())
		case <-time.After(50 * time.Millisecond):
		}
	}
	authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return err
	}
	l.network.host(storeHost, world.Platform)
	if err := l.opaque(ctx, storeAuthority, kube.Object{"ca.crt": string(authority)}); err != nil {
		return err
	}
	return l.opaque(ctx, storeKeys, kube.Object{"ACCESS_KEY_ID": "shop", "SECRET_ACCESS_KEY": rand.Text(), "PASSPHRASE": rand.Text()})
}

// opaque makes a Secret with keys of one's own.
func (l *Lab) opaque(ctx context.Context, name string, data kube.Object) error {
	o := kube.Object{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": kube.Object{"name": name, "namespace": Namespace}, "stringData": data}
	_, err := l.Server.Admin.Apply(ctx, path(o), o)
	return err
}

// onClaim is a repository on a volume, as specs say it.
func onClaim() kube.Object { return kube.Object{"destination": "pvc://backups/shop"} }

// inStore is a repository in the object store, encrypted before it is sent, as specs say it.
func inStore() kube.Object {
	return kube.Object{
		"destination": fmt.Sprintf("s3://%s/native", storeBucket), "endpoint": fmt.Sprintf("https://%s:%d", storeHost, storePort),
		"endpointCA": kube.Object{"secret": storeAuthority, "key": "ca.crt"}, "credentials": kube.Object{"secret": storeKeys},
		"encryptionKey": kube.Object{"secret": storeKeys, "key": "PASSPHRASE"},
	}
}

// and is a part of a spec with more in it.
func and(part, more kube.Object) kube.Object {
	out := maps.Clone(part)
	maps.Copy(out, more)
	return out
}
