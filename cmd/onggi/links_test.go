package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan       = regexp.MustCompile("`[^`\n]*`") // which has regular expressions that look like links
	headingPattern = regexp.MustCompile("(?m)^#+ +(.*)$")
)

// Links of the documentation to files of the repository lead to them, and those to headings to a heading.
func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	pages := []string{"README.md", "CHANGELOG.md"}
	for _, folder := range []string{"docs", "examples"} {
		require.NoError(t, fs.WalkDir(root, folder, func(path string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(path, ".md") {
				pages = append(pages, path)
			}
			return err
		}))
	}
	for _, page := range pages {
		text, err := fs.ReadFile(root, page)
		require.NoError(t, err)
		for _, link := range linkPattern.FindAllStringSubmatch(codeSpan.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(link[1], ":") {
				continue // elsewhere
			}
			file, heading, _ := strings.Cut(link[1], "#")
			target := page
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page), file))
			}
			info, err := fs.Stat(root, target)
			require.NoError(t, err, "%s links to %s", page, link[1])
			if heading != "" && !info.IsDir() {
				require.Contains(t, anchors(t, root, target), heading, "%s links to %s", page, link[1])
			}
		}
	}
}

// anchors are a page's headings as a link names them.
func anchors(t *testing.T, root fs.FS, page string) (out []string) {
	t.Helper()
	text, err := fs.ReadFile(root, page)
	require.NoError(t, err)
	for _, h := range headingPattern.FindAllStringSubmatch(string(text), -1) {
		word := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(h[1]), "")
		out = append(out, strings.ReplaceAll(word, " ", "-"))
	}
	return out
}
