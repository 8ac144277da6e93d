//go:build !js

// Command widget runs in a browser only. `make build` compiles it to WebAssembly
// and puts it into the server's binary.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "The widget runs in a browser: build it, and the server that carries it, with `make build`.")
	os.Exit(1)
}
