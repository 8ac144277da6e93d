package main

import (
	"encoding/json"
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

const (
	wasmName     = "chatbot-widget.wasm"
	wasmExecName = "wasm_exec.js"
)

// readWasmExec reads the support script of the Go release that compiles the
// program; the two must match.
func readWasmExec() ([]byte, error) {
	goroot, err := goEnv("GOROOT")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(goroot, "lib", "wasm", wasmExecName))
}

// compileWidget compiles widget for the browser. Inlining is off because it
// costs 8 % after compression, and there is no version-control stamp, so that
// the same code gives the same bytes.
func compileWidget(root string, overlay bool) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(root, "widget", "main.go")); errors.Is(err, fs.ErrNotExist) {
		return []byte("\x00asm\x01\x00\x00\x00"), nil // an empty program
	}
	temp, err := os.MkdirTemp("", "chatbot-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	output := filepath.Join(temp, wasmName)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-gcflags=all=-l", "-o", output}
	if overlay {
		file, err := writeOverlay(temp)
		if err != nil {
			return nil, err
		}
		args = append(args, "-overlay", file)
	}
	command := exec.Command("go", append(args, "./widget")...)
	command.Dir = root
	environment, err := browserEnv()
	if err != nil {
		return nil, err
	}
	command.Env = environment
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

// writeOverlay writes the stand-ins into dir together with the file that tells
// `go build -overlay` to take them for the packages of the same import path.
func writeOverlay(dir string) (file string, err error) {
	goroot, err := goEnv("GOROOT")
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for _, name := range standinFiles() {
		real := filepath.Join(goroot, "src", filepath.FromSlash(path.Dir(name)))
		if err := hide(replace, real); err != nil {
			return "", err
		}
		content, err := standins.Files.ReadFile(name)
		if err != nil {
			return "", err
		}
		copied := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(copied, content, 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(real, "standin_"+path.Base(name))] = copied
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, content, 0o644)
}

// standinFiles are the stand-ins' sources, one a package.
func standinFiles() []string {
	var names []string
	err := fs.WalkDir(standins.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		panic(err) // an embedded folder can be walked
	}
	return names
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
