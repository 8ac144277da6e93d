package httpapi

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"chatbot/widget/wire"
)

// doc is a guide, rendered once at the start.
type doc struct {
	Name, Title string
	Body        template.HTML
	source      []byte
}

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle []byte

var docsTemplate = template.Must(template.New("docs").Parse(docsPage))

const docsCSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// markdown leaves raw HTML out; the guides need none.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
)

// mdLink finds links between guides, which lose their ending when served.
var mdLink = regexp.MustCompile(`href="([A-Za-z0-9_-]+)\.md(#[^"]*)?"`)

// renderDocs renders every Markdown file at the top of files, by its name
// without the ending.
func renderDocs(files fs.FS) (map[string]doc, error) {
	docs := map[string]doc{}
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		return nil, err
	}
	for _, file := range names {
		source, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read the guide %s: %w", file, err)
		}
		var body bytes.Buffer
		if err := markdown.Convert(source, &body); err != nil {
			return nil, fmt.Errorf("render the guide %s: %w", file, err)
		}
		name := strings.TrimSuffix(file, ".md")
		docs[name] = doc{
			Name:   name,
			Title:  docTitle(source, name),
			Body:   template.HTML(mdLink.ReplaceAllString(body.String(), `href="/docs/$1$2"`)),
			source: source,
		}
	}
	return docs, nil
}

// docTitle is the first heading.
func docTitle(source []byte, name string) string {
	for line := range strings.Lines(string(source)) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimSpace(title)
		}
	}
	return name
}

// pictureTypes are the kinds of pictures that guides may have.
var pictureTypes = map[string]string{".png": "image/png", ".svg": "image/svg+xml"}

// readPictures reads every picture at the top of files, by its name.
func readPictures(files fs.FS) (map[string][]byte, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	pictures := map[string][]byte{}
	for _, entry := range entries {
		name := entry.Name()
		if pictureTypes[path.Ext(name)] == "" {
			continue
		}
		if pictures[name], err = fs.ReadFile(files, name); err != nil {
			return nil, fmt.Errorf("read the guides' picture %s: %w", name, err)
		}
	}
	return pictures, nil
}

// getDocs serves the guides: as pages, and as they were written under their
// file's name; and the pictures in them.
func (a *API) getDocs(w http.ResponseWriter, r *http.Request) error {
	name := path.Base(r.URL.Path)
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	if name == "docs.css" {
		h.Set("Content-Type", "text/css; charset=utf-8")
		w.Write(docsStyle)
		return nil
	}
	if picture, ok := a.pictures[name]; ok {
		h.Set("Content-Type", pictureTypes[path.Ext(name)])
		h.Set("Content-Security-Policy", docsCSP)
		w.Write(picture)
		return nil
	}
	if plain, ok := strings.CutSuffix(name, ".md"); ok {
		if d, ok := a.docs[plain]; ok {
			h.Set("Content-Type", "text/markdown; charset=utf-8")
			w.Write(d.source)
			return nil
		}
	}
	page := struct {
		doc
		All []doc
	}{All: a.allDocs()}
	if r.URL.Path == "/docs/" {
		page.Title = "Guides"
	} else if d, ok := a.docs[name]; ok {
		page.doc = d
	} else {
		return wire.NewError(wire.CodeNotFound, "There is no such guide; /docs/ lists them.")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", docsCSP)
	return docsTemplate.Execute(w, page)
}

func (a *API) allDocs() []doc {
	all := []doc{}
	for _, d := range a.docs {
		all = append(all, d)
	}
	slices.SortFunc(all, func(x, y doc) int { return cmp.Compare(x.Name, y.Name) })
	return all
}
