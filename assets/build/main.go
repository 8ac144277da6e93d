// Command build makes assets/dist from assets/src and widget: it compiles the
// Go program for the browser, paints the frame document, minifies, hashes and
// compresses everything, and writes the manifest that the server reads.
//
//	go run ./assets/build              build; what is unchanged is not compressed again
//	go run ./assets/build -quality 5   build quickly, with larger brotli files
//	go run ./assets/build -compiler go build with Go's own compiler, also where there is TinyGo
//	go run ./assets/build -size        print every file's size against budgets.json
//	go run ./assets/build -report      print which packages the program's bytes come from
//	go run ./assets/build -make-tinygo put a TinyGo into the user's cache folder
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

	"chatbot/assets/build/tinygo"
	"chatbot/assets/build/wasm"
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
	compiler := flags.String("compiler", auto, "what compiles the widget: go, tinygo, or auto: TinyGo where `make tinygo` has been")
	size := flags.Bool("size", false, "print the sizes of what was built; fail over budget")
	report := flags.Bool("report", false, "print which packages the program's bytes come from")
	makeTinyGo := flags.Bool("make-tinygo", false, "put a TinyGo into the user's cache folder, if there is none yet")
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
	switch {
	case *size:
		return printSizes(out, filepath.Join(root, "assets", "dist"))
	case *makeTinyGo:
		return tinygo.Make(out)
	case *report:
		return printReports(out, *compiler, root, *overlay)
	}
	c, err := choose(*compiler, out, root, *overlay)
	if err != nil {
		return err
	}
	return build(out, root, c, *quality)
}

// build makes assets/dist anew.
func build(out io.Writer, root string, c compiler, quality int) error {
	start := time.Now()
	inputs, err := gather(root, c)
	if err != nil {
		return err
	}
	files, err := lay(inputs)
	if err != nil {
		return err
	}
	dist := filepath.Join(root, "assets", "dist")
	m, err := store(dist, files, c.name(), quality)
	if err != nil {
		return err
	}
	program := m["chatbot-widget.wasm"].Brotli
	_, err = fmt.Fprintf(out, "assets/dist: %d names, the program is %d bytes in brotli, by %s (%s)\n", len(m), program.Size, c.name(), time.Since(start).Round(time.Millisecond))
	return err
}

// gather reads or makes every input, by its name in assets/src.
func gather(root string, c compiler) (map[string][]byte, error) {
	inputs := map[string][]byte{}
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
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
	if inputs[wasmExecName], err = c.exec(); err != nil {
		return nil, err
	}
	program, err := c.compile()
	if err != nil {
		return nil, err
	}
	inputs[wasmName], err = wasm.Strip(program)
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
