package tinygo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Version is the release of TinyGo that the widget is built and tested with.
const Version = "0.41.1"

const (
	module = "github.com/tinygo-org/tinygo@v" + Version
	// moduleSum is what go.sum would have for it.
	moduleSum = "h1:Hp1Frc4zQALL88t49XraSZEwkIYEjMOmmurlmsTigzE="
)

// What TinyGo's module does not bring along and Debian's packages of LLVM 19
// and wasi-libc do: a C library, and the functions that LLVM expects to find.
var debianLibraries = []string{
	"/usr/lib/wasm32-wasi/libc.a",
	"/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a",
}

// Names in the cache folder.
const (
	rootName   = "root"        // TINYGOROOT
	binName    = "tinygo"      // the compiler
	targetName = "target.json" // what it compiles for
)

// ErrMissing is what Find gives where Make has not been.
var ErrMissing = errors.New("there is no TinyGo; `make tinygo` makes one")

// Find gives the TinyGo that Make has left in the cache folder.
func Find() (*Toolchain, error) {
	home, err := folder()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(home, targetName)); err != nil {
		return nil, ErrMissing
	}
	return &Toolchain{home: home}, nil
}

// Make puts a TinyGo into the cache folder: that on the path where it has the
// right version, else one made of its Go module.
func Make(out io.Writer) error {
	home, err := folder()
	if err != nil {
		return err
	}
	if _, err := Find(); err == nil {
		_, err = fmt.Fprintln(out, "TinyGo", Version, "is in", home)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(home), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp) // fails once it is in place
	if err := fill(temp, out); err != nil {
		return err
	}
	os.RemoveAll(home) // half of one, if anything
	if err := os.Rename(temp, home); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "TinyGo", Version, "is now in", home)
	return err
}

// folder is where this version is kept: in the user's cache, outside the project.
func folder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return filepath.Join(cache, "chatbot-tinygo", Version), nil
}

func fill(home string, out io.Writer) error {
	found, err := link(home)
	if err != nil {
		return err
	}
	if !found {
		fmt.Fprintln(out, "Making TinyGo", Version, "of its Go module, which takes a minute…")
		if err := compile(home); err != nil {
			return err
		}
	}
	if _, err := findOpt(home); err != nil {
		return err
	}
	return writeTarget(home)
}

// link takes the TinyGo on the path.
func link(home string) (found bool, err error) {
	onPath, err := exec.LookPath("tinygo")
	if err != nil {
		return false, nil
	}
	version, err := output("", "tinygo", "version")
	if err != nil || !strings.Contains(version, "version "+Version+" ") {
		return false, nil // another, or one that does not run
	}
	root, err := output("", "tinygo", "env", "TINYGOROOT")
	if err != nil {
		return false, err
	}
	return true, errors.Join(os.Symlink(onPath, filepath.Join(home, binName)), os.Symlink(root, filepath.Join(home, rootName)))
}

// compile makes TinyGo of its module. The copy is the TINYGOROOT as well.
func compile(home string) error {
	text, err := output("", "go", "mod", "download", "-json", module)
	if err != nil {
		return err
	}
	var downloaded struct{ Dir, Sum string }
	if err := json.Unmarshal([]byte(text), &downloaded); err != nil {
		return err
	}
	if downloaded.Sum != moduleSum {
		return fmt.Errorf("%s has the sum %s, which is not that of the release", module, downloaded.Sum)
	}
	root := filepath.Join(home, rootName)
	if err := os.CopyFS(root, os.DirFS(downloaded.Dir)); err != nil {
		return err
	}
	_, err = output(root, "env", "CGO_ENABLED=1", "CC=clang-19", "CXX=clang++-19", "GOFLAGS=-mod=mod", "GOWORK=off", "GOOS=", "GOARCH=",
		"go", "build", "-tags", "llvm19", "-o", filepath.Join(home, binName), ".")
	return err
}

// writeTarget writes TinyGo's own description of a browser, changed where parts
// of a full TinyGo are missing so that Debian's take their place.
func writeTarget(home string) error {
	root := filepath.Join(home, rootName)
	content, err := os.ReadFile(filepath.Join(root, "targets", "wasm.json"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "lib", "wasi-libc")); err != nil {
		if content, err = debianTarget(content); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(home, targetName), content, 0o644)
}

func debianTarget(content []byte) ([]byte, error) {
	var target map[string]any
	if err := json.Unmarshal(content, &target); err != nil {
		return nil, err
	}
	delete(target, "libc")
	delete(target, "rtlib")
	features, _ := target["features"].(string)
	target["features"] = strings.ReplaceAll(features, "+bulk-memory-opt,+call-indirect-overlong,", "") // LLVM 20 knows them
	flags, _ := target["ldflags"].([]any)
	for _, library := range debianLibraries {
		if _, err := os.Stat(library); err != nil {
			return nil, fmt.Errorf("%w: .ci/tinygo names the packages", err)
		}
		flags = append(flags, library)
	}
	target["ldflags"] = flags
	files, _ := target["extra-files"].([]any)
	target["extra-files"] = slices.DeleteFunc(files, func(f any) bool { return f == "src/runtime/gc_boehm.c" })
	return json.MarshalIndent(target, "", "\t")
}

// output runs a command, and gives what it prints.
func output(dir, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir = dir
	said, err := command.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, failed.Stderr)
	}
	return strings.TrimSpace(string(said)), err
}
