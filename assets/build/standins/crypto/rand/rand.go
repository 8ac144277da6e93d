//go:build js && wasm && !tinygo

// Package rand stands in for the standard library's in the browser. It reads
// the same source, the browser's crypto.getRandomValues, without the FIPS 140
// generator that the real one puts behind it. Lost: Int, Prime, Text, Read.
package rand

import (
	"io"
	"syscall/js"
)

// Reader gives random bytes fit for secrets. It may be used by several
// goroutines.
var Reader io.Reader = reader{}

// maxValues is how many bytes getRandomValues gives at once.
const maxValues = 65536

type reader struct{}

// Read fills b; it never fails.
func (reader) Read(b []byte) (int, error) {
	crypto, array := js.Global().Get("crypto"), js.Global().Get("Uint8Array")
	for rest := b; len(rest) > 0; {
		n := min(len(rest), maxValues)
		values := crypto.Call("getRandomValues", array.New(n))
		js.CopyBytesToGo(rest[:n], values)
		rest = rest[n:]
	}
	return len(b), nil
}
