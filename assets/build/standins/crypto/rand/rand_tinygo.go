//go:build js && wasm && tinygo

// Package rand stands in for the standard library's in the browser. It reads
// the same source, the browser's crypto.getRandomValues, without the generator
// of the C library that TinyGo's puts behind it, and without a JavaScript value,
// of which TinyGo never lets go. Lost: Int, Prime, Text, Read.
package rand

import "io"

// Reader gives random bytes fit for secrets. It may be used by several
// goroutines.
var Reader io.Reader = reader{}

// maxValues is how many bytes getRandomValues gives at once.
const maxValues = 65536

type reader struct{}

// Read fills b; it never fails.
func (reader) Read(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), maxValues)
		randomGet(&rest[0], uint32(n))
		rest = rest[n:]
	}
	return len(b), nil
}

// randomGet calls getRandomValues; TinyGo's support script has it.
//
//go:wasmimport wasi_snapshot_preview1 random_get
func randomGet(first *byte, n uint32) (errno uint32)
