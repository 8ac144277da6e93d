//go:build js && wasm

package browser

import (
	"strconv"
	"syscall/js"
)

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

// ToEnd scrolls to the end, or as far as what is chosen by the keyboard stays in
// view.
func (Log) ToEnd() {
	log := element()
	if !log.Truthy() {
		return
	}
	log.Set("scrollTop", 0)
	if chosen := log.Call("querySelector", ":focus-visible"); chosen.Truthy() {
		chosen.Call("scrollIntoView", map[string]any{"block": "nearest"})
	}
}

// To scrolls so far up that the message with a Seq stands at the top.
func (Log) To(seq int64) {
	row := js.Global().Get("document").Call("querySelector", "#log [data-seq=\""+strconv.FormatInt(seq, 10)+"\"]")
	if row.Truthy() {
		row.Call("scrollIntoView")
	}
}

// Compose gives the composer the focus, and another text unless that is to stay.
func (Log) Compose(text string, stay bool) {
	value := js.ValueOf(text)
	if stay {
		value = js.Null()
	}
	js.Global().Get("chatbotHost").Call("compose", value)
}

// Blank reports whether the composer is empty.
func (Log) Blank() bool {
	return js.Global().Get("chatbotHost").Get("composer").Get("textarea").Get("value").String() == ""
}

// Keep remembers the first row in view, and gives a function that scrolls so that
// it stands where it stood.
func (Log) Keep() func() {
	log := element()
	if !log.Truthy() || log.Get("scrollTop").Float() == 0 {
		return func() {}
	}
	edge := top(log)
	rows := log.Call("querySelectorAll", ".row")
	for i := range rows.Length() {
		row := rows.Index(i)
		if row.Call("getBoundingClientRect").Get("bottom").Float() <= edge {
			continue
		}
		before := top(row)
		return func() {
			if row.Get("isConnected").Bool() {
				log.Set("scrollTop", log.Get("scrollTop").Float()+top(row)-before)
			}
		}
	}
	return func() {}
}

func top(e js.Value) float64 { return e.Call("getBoundingClientRect").Get("top").Float() }

// Seen is the Seq of the last message that stands on the screen, 0 for none. A
// row carries its Seq as data-seq; one that is only partly in view does not
// count unless it is higher than the view.
func (Log) Seen() int64 {
	log := element()
	if !log.Truthy() {
		return 0
	}
	view := log.Call("getBoundingClientRect")
	top, bottom := view.Get("top").Float(), view.Get("bottom").Float()
	// The visitor is at the end most of the time, and to look for all rows takes long.
	if seq := lastSeen(lastPage(log).Get("children"), top, bottom); seq > 0 {
		return seq
	}
	return lastSeen(log.Call("querySelectorAll", "[data-seq]"), top, bottom)
}

// lastPage is the last page of messages, or the log itself where there is none.
func lastPage(log js.Value) js.Value {
	place := log.Call("querySelector", ".rows")
	for range 2 { // a shelf, and a page on it
		if place.Truthy() {
			place = place.Get("lastElementChild")
		}
	}
	if !place.Truthy() {
		return log
	}
	return place
}

func lastSeen(rows js.Value, top, bottom float64) int64 {
	for i := rows.Length() - 1; i >= 0; i-- {
		row := rows.Index(i)
		box := row.Call("getBoundingClientRect")
		if end := box.Get("bottom").Float(); end <= bottom+1 && end > top || box.Get("top").Float() < top && end > bottom {
			seq, err := strconv.ParseInt(row.Get("dataset").Get("seq").String(), 10, 64)
			if err == nil && seq > 0 { // else one that is on its way
				return seq
			}
		}
	}
	return 0
}

// Watch reports whenever the log was scrolled: whether the end is in view and
// the beginning is near, and whether either has changed. It may be called before
// the log is there.
func (l Log) Watch(scrolled func(end, start, changed bool)) {
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
		changed := !known || e != end || s != start
		known, end, start = true, e, s
		scrolled(e, s, changed)
		return nil
	})
	js.Global().Get("document").Call("addEventListener", "scroll", listener, map[string]any{"capture": true, "passive": true})
}
