package e2e

import (
	"net/http"
	"strings"
	"testing"

	"chatbot/assets"
)

// A visitor who comes back loads nothing again: what has a hash in its name is
// not asked for, and of the rest the server says that it is unchanged. Only the
// frame's document comes each time, because it holds a ticket that runs out.
func TestReturningVisitor(t *testing.T) {
	w := newWorld(t)
	v, _ := w.chatting()
	first := 0
	for _, f := range w.gate.delivered() {
		first += f.bytes
		if f.status != http.StatusOK {
			t.Errorf("first %s: status %d", f.path, f.status)
		}
	}
	if program := assets.Manifest()["chatbot-widget.wasm"].Brotli.Size; first < program {
		t.Errorf("the first visit takes %d bytes of files, less than the program", first)
	}
	v.open(w.site.URL)
	v.openChat().untilSaid("Hello")
	for _, f := range w.gate.delivered() {
		switch {
		case assets.Manifest()[strings.TrimPrefix(f.path, "/")].Immutable:
			t.Errorf("%s is asked for again", f.path)
		case f.path == "/chatbot-frame.html" && f.bytes < 3000: // with a ticket of its own
		case f.status != http.StatusNotModified || f.bytes > 0:
			t.Errorf("%s: status %d with %d bytes", f.path, f.status, f.bytes)
		}
	}
}
