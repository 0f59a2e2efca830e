// Command gcs is a Google Cloud Storage server over TLS for tests: fake-gcs-server behind the two things of Google's that it lacks. Whoever asks has
// to show a token that they got for a JWT signed by the service account's key, and an upload in parts is told its id in a header. Its folder has
// to hold its certificate, tls.crt and tls.key. It prints where it listens, and leaves there the service account's key file as key.json. It has a module of
// its own, since what it is made of is nothing that onggi needs.
//
//	gcs -listen 127.0.0.1:0 -dir DIR -bucket backups
package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to listen")
	dir := flag.String("dir", ".", "where objects and the key are kept, and the certificate is")
	bucket := flag.String("bucket", "backups", "a bucket that is there")
	flag.Parse()
	if err := serve(*listen, *dir, *bucket); err != nil {
		fmt.Fprintln(os.Stderr, "gcs:", err)
		os.Exit(1)
	}
}

func serve(listen, dir, bucket string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	account, err := accountIn(dir, "https://localhost:"+port+tokenPath)
	if err != nil {
		return err
	}
	objects := filepath.Join(dir, "objects")
	if err := os.MkdirAll(filepath.Join(objects, bucket), 0o755); err != nil {
		return err
	}
	store, err := fakestorage.NewServerWithOptions(fakestorage.Options{StorageRoot: objects, NoListener: true})
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	g := &gate{account: account, token: rand.Text(), store: &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "https", Host: r.In.Host}) },
		Transport:      bodies{store.HTTPClient().Transport},
		ModifyResponse: uploadID,
	}}
	fmt.Println(listener.Addr())
	return (&http.Server{Handler: g}).ServeTLS(listener, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
}

// gate lets through who shows the token.
type gate struct {
	account account
	token   string
	store   http.Handler
}

const tokenPath = "/token"

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost && r.URL.Path == tokenPath:
		if err := g.account.verify(r.FormValue("grant_type"), r.FormValue("assertion")); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error": "invalid_grant", "error_description": %q}`, err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token": %q, "expires_in": 3599, "token_type": "Bearer"}`, g.token)
	// The id of an upload is its own authorization.
	case r.Header.Get("Authorization") != "Bearer "+g.token && !r.URL.Query().Has("upload_id"):
		http.Error(w, `{"error": {"code": 401, "message": "Invalid Credentials"}}`, http.StatusUnauthorized)
	default:
		g.store.ServeHTTP(w, r)
	}
}

// bodies gives requests without a body an empty one, as a server does.
type bodies struct{ next http.RoundTripper }

func (b bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return b.next.RoundTrip(r)
}

// uploadID tells who begins an upload in parts its id as Google does, beside the address that has it.
func uploadID(r *http.Response) error {
	location := r.Header.Get("Location")
	if location == "" {
		return nil
	}
	u, err := url.Parse(location)
	if err != nil {
		return errors.New("the store has sent an upload nowhere")
	}
	r.Header.Set("X-GUploader-UploadID", u.Query().Get("upload_id"))
	return nil
}
