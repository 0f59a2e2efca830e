package live

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/graph"
)

//go:embed web
var web embed.FS

// file is one part of the page, as it is served.
type file struct {
	path, mime, tag string
	data            []byte
}

// files are the parts of the page. The style sheet has the pictures' own in it.
func files() []file {
	entries, err := web.ReadDir("web")
	if err != nil {
		panic(err) // embedded: it is there, or the program was not built
	}
	var all []file
	for _, e := range entries {
		data, err := web.ReadFile(path.Join("web", e.Name()))
		if err != nil {
			panic(err)
		}
		if e.Name() == "app.css" {
			data = append([]byte(graph.Style), data...)
		}
		sum := sha256.Sum256(data)
		f := file{path: "/" + e.Name(), mime: mime(e.Name()), tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, data: data}
		if e.Name() == "index.html" {
			f.path = "/{$}"
		}
		all = append(all, f)
	}
	return all
}

func mime(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.mime)
	w.Header().Set("ETag", f.tag)
	http.ServeContent(w, r, strings.TrimPrefix(f.path, "/"), time.Time{}, bytes.NewReader(f.data))
}
