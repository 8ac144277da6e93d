// Command build makes assets/dist from assets/src and widget: it compiles the
// Go program for the browser, paints the frame document, minifies, hashes and
// compresses everything, and writes the manifest that the server reads.
//
//	go run ./assets/build              build; what is unchanged is not compressed again
//	go run ./assets/build -quality 5   build quickly, with larger brotli files
//	go run ./assets/build -size        print every file's size against budgets.json
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/andybalholm/brotli"
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	quality := flags.Int("quality", brotli.BestCompression, "how hard brotli tries, `0 to 11`")
	overlay := flags.Bool("overlay", true, "replace packages that a browser never calls by stand-ins")
	size := flags.Bool("size", false, "print the sizes of what was built; fail over budget")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quality < brotli.BestSpeed || *quality > brotli.BestCompression {
		return fmt.Errorf("-quality %d: it goes from %d to %d", *quality, brotli.BestSpeed, brotli.BestCompression)
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if *size {
		return printSizes(out, filepath.Join(root, "assets", "dist"))
	}
	return build(out, root, *overlay, *quality)
}

// build makes assets/dist anew.
func build(out io.Writer, root string, overlay bool, quality int) error {
	start := time.Now()
	inputs, err := gather(root, overlay)
	if err != nil {
		return err
	}
	files, err := lay(inputs)
	if err != nil {
		return err
	}
	dist := filepath.Join(root, "assets", "dist")
	m, err := store(dist, files, quality)
	if err != nil {
		return err
	}
	wasm := m["chatbot-widget.wasm"].Brotli
	_, err = fmt.Fprintf(out, "assets/dist: %d names, the program is %d bytes in brotli (%s)\n", len(m), wasm.Size, time.Since(start).Round(time.Millisecond))
	return err
}

// gather reads or makes every input, by its name in assets/src.
func gather(root string, overlay bool) (map[string][]byte, error) {
	inputs := map[string][]byte{}
	names := []string{loaderSheet}
	for _, s := range sources {
		if s.from != wasmName && s.from != wasmExecName {
			names = append(names, s.from)
		}
	}
	var err error
	for _, name := range names {
		if inputs[name], err = os.ReadFile(filepath.Join(root, "assets", "src", name)); err != nil {
			return nil, err
		}
	}
	if inputs[wasmExecName], err = readWasmExec(); err != nil {
		return nil, err
	}
	inputs[wasmName], err = compileWidget(root, overlay)
	return inputs, err
}

// moduleRoot is the folder of go.mod.
func moduleRoot() (string, error) {
	file, err := goEnv("GOMOD")
	if err != nil {
		return "", err
	}
	if file == "" || file == os.DevNull {
		return "", errors.New("run this inside the project")
	}
	return filepath.Dir(file), nil
}

// goEnv asks the go command for one of its variables.
func goEnv(name string) (string, error) {
	value, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return "", fmt.Errorf("go env %s: %w", name, err)
	}
	return string(bytes.TrimSpace(value)), nil
}
