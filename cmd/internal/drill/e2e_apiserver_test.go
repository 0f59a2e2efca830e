package drill

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/onggi-db/onggi/render/manifest"
)

// adminToken is the one of the tests themselves.
const adminToken = "the-tests"

// apiserver is a real kube-apiserver with RBAC and admission, and no controllers.
type apiserver struct {
	url    string
	admin  *rest.Config
	api    dynamic.Interface
	mapper meta.RESTMapper
	kinds  []schema.GroupVersionResource // namespaced, that can be listed
}

// binaries is the folder of kube-apiserver and etcd. Without it the test is skipped: they take ten minutes to build.
func binaries(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ONGGI_E2E_DRILL")
	if dir == "" {
		t.Skip("needs kube-apiserver and etcd: run make e2e-drill")
	}
	for _, name := range []string{"kube-apiserver", "etcd"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	return dir
}

func startAPIServer(t *testing.T) *apiserver {
	t.Helper()
	bin, dir := binaries(t), t.TempDir()
	store, peer, port := freePort(t), freePort(t), freePort(t)
	local := func(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
	background(t, dir, filepath.Join(bin, "etcd"), "--data-dir", filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--listen-client-urls", local(store), "--advertise-client-urls", local(store),
		"--listen-peer-urls", local(peer), "--initial-advertise-peer-urls", local(peer), "--initial-cluster", "default="+local(peer))

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	keyFile, tokens := filepath.Join(dir, "sa.key"), filepath.Join(dir, "tokens.csv")
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	require.NoError(t, os.WriteFile(keyFile, block, 0o600))
	require.NoError(t, os.WriteFile(tokens, []byte(adminToken+`,admin,admin,"system:masters"`+"\n"), 0o600))
	background(t, dir, filepath.Join(bin, "kube-apiserver"), "--etcd-servers", local(store),
		"--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", fmt.Sprint(port), "--cert-dir", filepath.Join(dir, "certs"),
		"--authorization-mode", "RBAC", "--token-auth-file", tokens, "--service-cluster-ip-range", "10.96.0.0/24",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", keyFile, "--service-account-signing-key-file", keyFile,
		"--enable-priority-and-fairness=false", "--v=0")

	s := &apiserver{url: fmt.Sprintf("https://127.0.0.1:%d", port)}
	s.admin = &rest.Config{
		Host: s.url, BearerToken: adminToken, QPS: 500, Burst: 500, WarningHandler: rest.NoWarnings{},
		TLSClientConfig: rest.TLSClientConfig{Insecure: true},
	}
	client, err := rest.HTTPClientFor(s.admin)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		answer, err := client.Get(s.url + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, 2*time.Minute, 200*time.Millisecond, "the API server does not get ready: %s", tail(dir))
	s.api, err = dynamic.NewForConfig(s.admin)
	require.NoError(t, err)
	return s
}

// background starts a program that ends with the test.
func background(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, filepath.Base(program)+".log"))
	require.NoError(t, err)
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
	})
}

// tail is the end of each log.
func tail(dir string) string {
	var b strings.Builder
	logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	for _, log := range logs {
		data, _ := os.ReadFile(log)
		fmt.Fprintf(&b, "\n%s: %s", filepath.Base(log), data[max(0, len(data)-2000):])
	}
	return b.String()
}

// install applies the CRDs of the operators and learns what kinds there are.
func (s *apiserver) install(t *testing.T, folders ...string) {
	t.Helper()
	definitions := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	var names []string
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		require.NoError(t, err)
		require.NotEmpty(t, files, folder)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			objects, err := manifest.Decode(file, data)
			require.NoError(t, err)
			for _, o := range objects {
				_, err := s.api.Resource(definitions).Apply(context.Background(), o.Ref().Name, body(o.Body()), metav1.ApplyOptions{FieldManager: "tests", Force: true})
				require.NoError(t, err)
				names = append(names, o.Ref().Name)
			}
		}
	}
	for _, name := range names {
		require.Eventually(t, func() bool {
			o, err := s.api.Resource(definitions).Get(context.Background(), name, metav1.GetOptions{})
			return err == nil && strings.Contains(string(manifest.EncodeJSON(manifest.Canonical(o.Object["status"]))), `"Established"`)
		}, 30*time.Second, 50*time.Millisecond, name)
	}
	client, err := discovery.NewDiscoveryClientForConfig(s.admin)
	require.NoError(t, err)
	groups, err := restmapper.GetAPIGroupResources(client)
	require.NoError(t, err)
	s.mapper = restmapper.NewDiscoveryRESTMapper(groups)
	lists, err := client.ServerPreferredNamespacedResources()
	require.NoError(t, err)
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		require.NoError(t, err)
		for _, r := range list.APIResources {
			// Events are what is left on purpose, and there are two views of them.
			if slices.Contains(r.Verbs, "list") && r.Name != "events" {
				s.kinds = append(s.kinds, gv.WithResource(r.Name))
			}
		}
	}
}

// of is the client for an object's kind.
func (s *apiserver) of(t *testing.T, o manifest.Object) dynamic.ResourceInterface {
	t.Helper()
	gv, err := schema.ParseGroupVersion(o.Ref().APIVersion)
	require.NoError(t, err)
	mapping, err := s.mapper.RESTMapping(gv.WithKind(o.Ref().Kind).GroupKind(), gv.Version)
	require.NoError(t, err)
	if o.Ref().Namespace == "" {
		return s.api.Resource(mapping.Resource)
	}
	return s.api.Resource(mapping.Resource).Namespace(o.Ref().Namespace)
}

// apply applies objects as a GitOps tool does, on the server's side.
func (s *apiserver) apply(t *testing.T, objects []manifest.Object) {
	t.Helper()
	for _, o := range objects {
		_, err := s.of(t, o).Apply(context.Background(), o.Ref().Name, body(o.Body()), metav1.ApplyOptions{FieldManager: "tests", Force: true})
		require.NoError(t, err, "%s", o.Ref())
	}
}

// everything lists all objects of a namespace, of all kinds.
func (s *apiserver) everything(t *testing.T, namespace string) []string {
	t.Helper()
	var all []string
	for _, kind := range s.kinds {
		list, err := s.api.Resource(kind).Namespace(namespace).List(context.Background(), metav1.ListOptions{})
		require.NoError(t, err, "%s", kind)
		for _, item := range list.Items {
			all = append(all, kind.Resource+"/"+item.GetName())
		}
	}
	slices.Sort(all)
	return all
}

func (s *apiserver) create(t *testing.T, r schema.GroupVersionResource, namespace string, o manifest.Map) *unstructured.Unstructured {
	t.Helper()
	made, err := s.api.Resource(r).Namespace(namespace).Create(context.Background(), body(manifest.Clone(o)), metav1.CreateOptions{})
	require.NoError(t, err)
	return made
}
