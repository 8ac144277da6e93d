//go:build js && wasm

package browser

import "syscall/js"

// Distances in CSS pixels.
const (
	// atEnd is how far from its end the log still counts as being there.
	atEnd = 40
	// nearStart is how far from its beginning earlier messages are asked for.
	nearStart = 200
)

// Log is the scrolling of the element with the id "log". The style sheet makes
// it a reversed box: scrollTop is 0 at the end and negative above it.
type Log struct{}

func element() js.Value { return js.Global().Get("document").Call("getElementById", "log") }

// AtEnd reports whether the end is in view, or nearly.
func (Log) AtEnd() bool {
	log := element()
	return !log.Truthy() || -log.Get("scrollTop").Float() <= atEnd
}

// ToEnd scrolls to the end.
func (Log) ToEnd() {
	if log := element(); log.Truthy() {
		log.Set("scrollTop", 0)
	}
}

// Keep remembers the place, and gives a function that goes back to it: to the
// same distance from the end, or from the beginning.
func (Log) Keep(fromEnd bool) func() {
	log := element()
	if !log.Truthy() {
		return func() {}
	}
	top, height := log.Get("scrollTop").Float(), log.Get("scrollHeight").Float()
	return func() {
		grown := log.Get("scrollHeight").Float() - height
		if fromEnd {
			grown = 0
		}
		log.Set("scrollTop", top-grown)
	}
}

// Watch reports whether the end is in view and whether the beginning is near,
// whenever either changes. It may be called before the log is there.
func (l Log) Watch(scrolled func(end, start bool)) {
	var end, start bool
	known := false
	listener := js.FuncOf(func(_ js.Value, args []js.Value) any {
		log := args[0].Get("target")
		if log.Get("id").Type() != js.TypeString || log.Get("id").String() != "log" {
			return nil
		}
		top := -log.Get("scrollTop").Float()
		e := top <= atEnd
		s := log.Get("scrollHeight").Float()-log.Get("clientHeight").Float()-top <= nearStart
		if !known || e != end || s != start {
			known, end, start = true, e, s
			scrolled(e, s)
		}
		return nil
	})
	js.Global().Get("document").Call("addEventListener", "scroll", listener, map[string]any{"capture": true, "passive": true})
}
