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
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"chatbot/assets/build/standins"
)

// Toolchain is a TinyGo that is ready for use.
type Toolchain struct{ home string }

// Exec is the support script that belongs to what it compiles.
func (t *Toolchain) Exec() ([]byte, error) {
	script, err := os.ReadFile(filepath.Join(t.home, rootName, "targets", "wasm_exec.js"))
	if err != nil {
		return nil, err
	}
	return oneTimer.in(script)
}

// flags: -opt=z is for size, and a panic is a trap rather than a text, which
// saves a seventh. The standard build tells the text. A stack is twice as large
// as TinyGo's own, which did not hold the drawing of a whole talk; one that is
// run over is noticed late or never.
var flags = []string{"-no-debug", "-opt=z", "-panic=trap", "-stack-size=128KB"}

// Compile compiles a package of the module in a folder, with the stand-ins. The
// program still has its functions' names. What was compiled before of the same
// sources is not compiled again.
func (t *Toolchain) Compile(module, name string) ([]byte, error) {
	opt, err := optScript(t.home)
	if err != nil {
		return nil, err
	}
	key, err := t.key(module, name, opt)
	if err != nil {
		return nil, err
	}
	built := filepath.Join(t.home, "built", key+".wasm")
	if program, err := os.ReadFile(built); err == nil {
		return program, nil
	}
	program, err := t.compileAnew(module, name, opt)
	if err != nil {
		return nil, err
	}
	return program, keep(program, built)
}

func (t *Toolchain) compileAnew(module, name string, opt []byte) ([]byte, error) {
	dir, err := os.MkdirTemp(t.home, "build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	goroot, root, err := roots(dir, filepath.Join(t.home, rootName))
	if err != nil {
		return nil, err
	}
	made, optFile := filepath.Join(dir, "made.wasm"), filepath.Join(dir, "wasm-opt")
	if err := os.WriteFile(optFile, opt, 0o755); err != nil {
		return nil, err
	}
	command := exec.Command(filepath.Join(t.home, binName), append(append([]string{"build", "-target", filepath.Join(t.home, targetName), "-o", made}, flags...), name)...)
	command.Dir = module
	command.Env = append(os.Environ(), "GOROOT="+goroot, "TINYGOROOT="+root, "GOOS=", "GOARCH=", "GOFLAGS=",
		"WASMOPT="+optFile, "XDG_CACHE_HOME="+dir)
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling with TinyGo: %w\n%s", err, said)
	}
	return os.ReadFile(made)
}

// keep puts a program in the place of those made before. Several builds may do so
// at once.
func keep(program []byte, built string) error {
	folder := filepath.Dir(built)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	before, err := filepath.Glob(filepath.Join(folder, "*"+filepath.Ext(built)))
	if err != nil {
		return err
	}
	half, err := os.CreateTemp(folder, "half-*")
	if err != nil {
		return err
	}
	defer os.Remove(half.Name()) // where it has not got its name
	_, err = half.Write(program)
	if err = errors.Join(err, half.Close()); err != nil {
		return err
	}
	if err := os.Rename(half.Name(), built); err != nil {
		return err
	}
	for _, old := range before {
		if old != built {
			os.Remove(old) // left where it cannot be: it costs room and no more
		}
	}
	return nil
}

// key stands for everything a program is made of.
func (t *Toolchain) key(module, name string, opt []byte) (string, error) {
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
	fmt.Fprintf(sum, "%s %s %s", version, flags, opt)
	for _, file := range append(strings.FieldsFunc(list, func(r rune) bool { return r == '\n' }), filepath.Join(t.home, targetName)) {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", filepath.Base(file), len(content), content)
	}
	fmt.Fprintln(sum, standins.Files(), changes)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// roots makes a GOROOT and a TINYGOROOT in dir with the stand-ins in their
// places, and TinyGo's own sources changed. The stand-ins are in both, since it depends on whether TinyGo has its own of a package
// where it looks.
func roots(dir, tinyGo string) (goroot, root string, err error) {
	real, err := output("", "go", "env", "GOROOT")
	if err != nil {
		return "", "", err
	}
	goroot, root = filepath.Join(dir, "go"), filepath.Join(dir, "root")
	replaced := map[string]bool{}
	for _, f := range standins.Files() {
		replaced[f.Package] = replaced[f.Package] || !f.Part
		replaced[path.Join(f.Package, f.Name)] = true
	}
	if err := errors.Join(linkRoot(real, goroot, replaced), linkRoot(tinyGo, root, replaced)); err != nil {
		return "", "", err
	}
	for _, f := range standins.Files() {
		if err := errors.Join(place(f, goroot), place(f, root)); err != nil {
			return "", "", err
		}
	}
	return goroot, root, apply(changes, filepath.Join(root, "src"))
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
	sources, err := filepath.EvalSymlinks(filepath.Join(from, "src")) // Debian's Go has a link there
	if err != nil {
		return err
	}
	if err := linkSources(sources, filepath.Join(to, "src"), replaced); err != nil {
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
		case replaced[filepath.Dir(name)] || replaced[name] || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		return os.Symlink(file, filepath.Join(to, name))
	})
}

func place(f standins.File, root string) error {
	dir := filepath.Join(root, "src", filepath.FromSlash(f.Package))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o644)
}
