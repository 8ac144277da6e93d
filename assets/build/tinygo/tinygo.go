// Package tinygo compiles the widget with TinyGo, to a third of the bytes that
// Go's own compiler makes of it. Everything it makes lives in a folder of the
// user's cache.
//
// TinyGo has limits that the widget keeps to: a panic ends the program, an
// exception of the browser's included, since nothing can be recovered from; and
// it never lets go of a JavaScript value, which the frame's boot script watches.
package tinygo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Toolchain is a TinyGo that is ready for use.
type Toolchain struct{ home string }

// own is a package of which TinyGo has its own that is better than the stand-in:
// it asks the browser for random bytes without keeping a JavaScript value.
const own = "crypto/rand"

// Exec is the support script that belongs to what it compiles.
func (t *Toolchain) Exec() ([]byte, error) {
	return os.ReadFile(filepath.Join(t.home, rootName, "targets", "wasm_exec.js"))
}

// flags: -opt=z is for size, and a panic is a trap rather than a text, which
// saves a seventh. The standard build tells the text.
var flags = []string{"-no-debug", "-opt=z", "-panic=trap"}

// Compile compiles a package of the module in a folder, with stand-ins for
// standard packages at their import paths. The program still has its functions'
// names. What was compiled before of the same sources is not compiled again.
func (t *Toolchain) Compile(module, name string, standins fs.FS) ([]byte, error) {
	key, err := t.key(module, name, standins)
	if err != nil {
		return nil, err
	}
	built := filepath.Join(t.home, "built", key+".wasm")
	if program, err := os.ReadFile(built); err == nil {
		return program, nil
	}
	dir, err := os.MkdirTemp(t.home, "build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	goroot, root, err := t.roots(dir, standins)
	if err != nil {
		return nil, err
	}
	made := filepath.Join(dir, "made.wasm")
	command := exec.Command(filepath.Join(t.home, binName), append(append([]string{"build", "-target", filepath.Join(t.home, targetName), "-o", made}, flags...), name)...)
	command.Dir = module
	command.Env = append(os.Environ(), "GOROOT="+goroot, "TINYGOROOT="+root, "GOOS=", "GOARCH=", "GOFLAGS=",
		"WASMOPT="+filepath.Join(t.home, optName), "XDG_CACHE_HOME="+dir)
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling with TinyGo: %w\n%s", err, said)
	}
	if err := keep(made, built); err != nil {
		return nil, err
	}
	return os.ReadFile(built)
}

// keep puts a program in the place of those made before.
func keep(made, built string) error {
	os.RemoveAll(filepath.Dir(built))
	if err := os.MkdirAll(filepath.Dir(built), 0o755); err != nil {
		return err
	}
	return os.Rename(made, built)
}

// key stands for everything a program is made of.
func (t *Toolchain) key(module, name string, standins fs.FS) (string, error) {
	const files = `{{if not .Standard}}{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{end}}`
	list, err := output(module, "env", "GOOS=js", "GOARCH=wasm", "go", "list", "-tags", "tinygo,tinygo.wasm", "-deps", "-f", files, name)
	if err != nil {
		return "", err
	}
	version, err := output(module, "go", "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, version, flags)
	names := []string{filepath.Join(t.home, targetName), filepath.Join(t.home, optName)}
	for _, file := range append(names, strings.Fields(list)...) {
		if err := add(sum, os.DirFS(filepath.Dir(file)), filepath.Base(file)); err != nil {
			return "", err
		}
	}
	err = eachSource(standins, func(file string) error { return add(sum, standins, file) })
	return hex.EncodeToString(sum.Sum(nil)), err
}

func add(sum hash.Hash, files fs.FS, name string) error {
	content, err := fs.ReadFile(files, name)
	fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	return err
}

// roots makes a GOROOT and a TINYGOROOT with the stand-ins in their places.
func (t *Toolchain) roots(dir string, standins fs.FS) (goroot, root string, err error) {
	real, err := output("", "go", "env", "GOROOT")
	if err != nil {
		return "", "", err
	}
	goroot, root = filepath.Join(dir, "go"), filepath.Join(dir, "root")
	replaced := map[string]bool{}
	if err := eachSource(standins, func(file string) error {
		replaced[path.Dir(file)] = true
		return nil
	}); err != nil {
		return "", "", err
	}
	for _, tree := range []struct{ from, to string }{{real, goroot}, {filepath.Join(t.home, rootName), root}} {
		if err := linkRoot(tree.from, tree.to, replaced); err != nil {
			return "", "", err
		}
	}
	return goroot, root, eachSource(standins, func(file string) error { return place(standins, file, goroot, root) })
}

// linkRoot makes a folder that is like another, but src can be changed.
func linkRoot(from, to string, replaced map[string]bool) error {
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := linkSources(filepath.Join(from, "src"), filepath.Join(to, "src"), replaced); err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == "src" {
			continue
		}
		if err := os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// linkSources makes all folders anew with links to the files in them: TinyGo
// takes a link to a folder for a file. The sources of what is replaced are left
// out.
func linkSources(from, to string, replaced map[string]bool) error {
	return filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, file)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "cmd" || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case replaced[filepath.Dir(name)] || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		return os.Symlink(file, filepath.Join(to, name))
	})
}

// place writes a stand-in where TinyGo looks for the package: in one of the two,
// which depends on whether TinyGo has its own.
func place(standins fs.FS, file string, roots ...string) error {
	content, err := fs.ReadFile(standins, file)
	if err != nil {
		return err
	}
	for _, root := range roots {
		to := filepath.Join(root, "src", file)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// eachSource goes through the stand-ins that are used.
func eachSource(standins fs.FS, do func(file string) error) error {
	return fs.WalkDir(standins, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || path.Dir(name) == own || path.Dir(name) == "." {
			return err
		}
		return do(name)
	})
}
