package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"chatbot/assets/build/standins"
	"chatbot/assets/build/tinygo"
)

const (
	wasmName     = "chatbot-widget.wasm"
	wasmExecName = "wasm_exec.js"
	widgetName   = "./widget"
)

// compiler turns the widget into a program, and has the script that goes with
// what it makes. The program still has its functions' names.
type compiler interface {
	name() string
	compile() ([]byte, error)
	exec() ([]byte, error)
}

// What -compiler may say.
const (
	auto       = "auto"
	standard   = "go"
	tinyGoName = "tinygo"
)

// choose gives the compiler of a name.
func choose(name string, out io.Writer, root string, overlay bool) (compiler, error) {
	plain := goCompiler{root, overlay}
	if name == standard || name == auto && !overlay {
		return plain, nil
	}
	if name != auto && name != tinyGoName {
		return nil, fmt.Errorf("-compiler %s: it is %s, %s or %s", name, auto, standard, tinyGoName)
	}
	found, err := tinygo.Find()
	if errors.Is(err, tinygo.ErrMissing) && name == auto {
		_, err := fmt.Fprintln(out, "note: Go's own compiler makes the program three times as large as TinyGo does; `make tinygo` gets that")
		return plain, err
	}
	return tinyGoCompiler{found, root}, err
}

// goCompiler is that of the Go release that runs this.
type goCompiler struct {
	root    string
	overlay bool // stand-ins take the place of packages
}

func (goCompiler) name() string { return standard }

// exec reads the support script of the Go release, which the program must match.
func (goCompiler) exec() ([]byte, error) {
	goroot, err := goEnv("GOROOT")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(goroot, "lib", "wasm", wasmExecName))
}

// compile has inlining off because that costs 8 % after compression, and no
// version-control stamp, so that the same code gives the same bytes.
func (c goCompiler) compile() ([]byte, error) {
	temp, err := os.MkdirTemp("", "chatbot-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	output := filepath.Join(temp, wasmName)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-w", "-gcflags=all=-l", "-o", output}
	if c.overlay {
		file, err := writeOverlay(temp)
		if err != nil {
			return nil, err
		}
		args = append(args, "-overlay", file)
	}
	command := exec.Command("go", append(args, widgetName)...)
	command.Dir = c.root
	if command.Env, err = browserEnv(); err != nil {
		return nil, err
	}
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the widget: %w\n%s", err, said)
	}
	return os.ReadFile(output)
}

// browserEnv is the environment for compiling. The older garbage collector does
// as well for a program of a few megabytes and is 8 KB smaller; Go 1.26 is the
// release that lets one choose.
func browserEnv() ([]string, error) {
	environment := append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	version, err := goEnv("GOVERSION")
	if strings.HasPrefix(version, "go1.26") {
		environment = append(environment, "GOEXPERIMENT=nogreenteagc")
	}
	return environment, err
}

// tinyGoCompiler always takes stand-ins: its own libraries lack some packages.
type tinyGoCompiler struct {
	*tinygo.Toolchain
	root string
}

func (tinyGoCompiler) name() string { return tinyGoName }

func (c tinyGoCompiler) exec() ([]byte, error) { return c.Exec() }

func (c tinyGoCompiler) compile() ([]byte, error) {
	return c.Compile(c.root, widgetName)
}

// writeOverlay writes the stand-ins into dir together with the file that tells
// `go build -overlay` to take them for the packages of the same import path.
func writeOverlay(dir string) (file string, err error) {
	goroot, err := goEnv("GOROOT")
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for _, f := range standins.Files() {
		real := filepath.Join(goroot, "src", filepath.FromSlash(f.Package))
		name := f.Name
		if !f.Part {
			if err := hide(replace, real); err != nil {
				return "", err
			}
			name = "standin_" + name
		} else if _, err := os.Stat(filepath.Join(real, name)); err != nil {
			return "", fmt.Errorf("a stand-in for a file that this Go release has not: %w", err)
		}
		copied := filepath.Join(dir, strings.ReplaceAll(f.Package, "/", "_")+"_"+f.Name)
		if err := os.WriteFile(copied, f.Content, 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(real, name)] = copied
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, content, 0o644)
}

// hide makes the compiler see none of a standard package's own sources.
func hide(replace map[string]string, dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("a stand-in for %s: this Go release has no such package", dir)
	}
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext == ".go" || ext == ".s" {
			replace[filepath.Join(dir, entry.Name())] = ""
		}
	}
	return err
}
