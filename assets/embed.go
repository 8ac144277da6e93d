// Package assets holds what the server serves: the built widget (assets/dist,
// made by `make assets`) and the guides (assets/docs). Everything is read-only
// after start and may be used by several goroutines.
package assets

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"

	"chatbot/assets/build/manifest"
)

//go:embed all:dist
var dist embed.FS

//go:embed all:docs
var docs embed.FS

// Built reports whether the widget was built before this program was: a fresh
// clone holds a placeholder only.
func Built() bool { return len(Manifest()) > 0 }

// Manifest describes the widget's files; it is empty when there are none.
// The caller must not change it.
var Manifest = sync.OnceValue(func() manifest.Manifest {
	content, err := dist.ReadFile("dist/" + manifest.Name)
	if err != nil {
		return nil // not built
	}
	var m manifest.Manifest
	if err := json.Unmarshal(content, &m); err != nil {
		panic(fmt.Sprintf("assets: the embedded %s is damaged: %v", manifest.Name, err))
	}
	return m
})

// Dist is the folder that the manifest's forms are in.
func Dist() fs.FS { return sub(dist, "dist") }

// Docs are the guides, Markdown files at the top.
func Docs() fs.FS { return sub(docs, "docs") }

func sub(files embed.FS, dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the names above are constants
	}
	return f
}

// Read gives the plain content of the file that is asked for by name.
func Read(name string) ([]byte, error) {
	file, ok := Manifest()[name]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return dist.ReadFile("dist/" + file.Plain.File)
}
