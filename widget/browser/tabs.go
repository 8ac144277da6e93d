//go:build js && wasm

package browser

import "syscall/js"

// Tabs joins the visitor's tabs by a Web Lock and a BroadcastChannel.
type Tabs struct{ value js.Value }

// Tabs is nil where the browser has no locks, which it offers in secure
// contexts only, or no storage to share.
func (h Host) Tabs() *Tabs {
	value := h.value.Get("tabs")
	if value.Type() != js.TypeObject {
		return nil
	}
	return &Tabs{value}
}

// Lead asks for the lead. Changed is called from now on whenever this tab has
// got it or lost it.
func (t *Tabs) Lead(take bool, changed func(leads bool)) {
	t.value.Call("lead", take, js.FuncOf(func(_ js.Value, args []js.Value) any {
		changed(args[0].Truthy())
		return nil
	}))
}

// Post sends a message to all other tabs.
func (t *Tabs) Post(message []byte) { t.value.Call("post", string(message)) }

// Listen takes the messages of other tabs from now on.
func (t *Tabs) Listen(receive func(message []byte)) {
	t.value.Call("listen", js.FuncOf(func(_ js.Value, args []js.Value) any {
		receive([]byte(args[0].String()))
		return nil
	}))
}
