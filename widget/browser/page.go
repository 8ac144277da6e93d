//go:build js && wasm

package browser

import (
	"syscall/js"

	"chatbot/widget/session"
)

// Watch reports what the browser tells of network, visibility and the chat's own
// focus, beginning with how it is now.
func Watch(do func(session.Event)) {
	window, document := js.Global(), js.Global().Get("document")
	visibility := func() {
		if document.Get("visibilityState").String() == "hidden" {
			do(session.Hidden{})
			return
		}
		do(session.Shown{})
	}
	on(window, "online", func() { do(session.Online{}) })
	on(window, "offline", func() { do(session.Offline{}) })
	on(window, "pageshow", visibility) // back from the browser's page cache
	on(document, "visibilitychange", visibility)
	on(window, "focus", func() { do(session.Focus{In: true}) })
	on(window, "blur", func() { do(session.Focus{}) })
	if online := window.Get("navigator").Get("onLine"); online.Type() == js.TypeBoolean && !online.Bool() {
		do(session.Offline{})
	}
	if document.Get("visibilityState").String() == "hidden" {
		do(session.Hidden{})
	}
	do(session.Focus{In: document.Call("hasFocus").Bool()})
}

// on listens for as long as the program runs.
func on(target js.Value, event string, handle func()) {
	target.Call("addEventListener", event, js.FuncOf(func(js.Value, []js.Value) any {
		handle()
		return nil
	}))
}
