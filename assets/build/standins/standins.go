// Package standins holds small packages that take the place of parts of the
// standard library when the widget is built for the browser.
//
// go-app and coder/websocket import net/http, regexp and some of crypto for
// what they do on a server. None of it is called in a browser, but a package's
// initialisers are linked whenever it is imported, and they bring TLS, elliptic
// curves and Unicode tables along: a third of the program. Each folder here
// replaces the package of the same import path by the declarations that those
// two libraries need to compile. A use of anything else fails the build, so
// nothing is lost unseen; what a stand-in does instead of the real thing is
// written in its package comment and held by its test.
//
// Folders in parts replace single files of a package, each that of its name.
//
// The same program builds and runs with the real packages (-overlay=false).
package standins

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

// files holds the sources.
//
//go:embed all:fmt all:net all:regexp all:crypto all:internal all:parts
var files embed.FS

// File is one source of a stand-in.
type File struct {
	// Package is the import path of the package it belongs to.
	Package string
	// Name is the file's name without a folder.
	Name string
	// Part says that it replaces the file of its name only, not the package.
	Part    bool
	Content []byte
}

// Files are all sources of the stand-ins.
func Files() []File {
	var all []File
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		content, err := files.ReadFile(name)
		of, part := strings.CutPrefix(path.Dir(name), "parts/")
		all = append(all, File{of, path.Base(name), part, content})
		return err
	})
	if err != nil {
		panic(err) // an embedded folder can be read
	}
	return all
}
