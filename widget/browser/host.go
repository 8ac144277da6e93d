//go:build js && wasm

package browser

import (
	"encoding/json"
	"errors"
	"syscall/js"
	"time"

	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// Host is the boot script's side of the frame.
type Host struct{ value js.Value }

// Message is what the page, or the composer, has sent. Which fields count goes
// by Type: "open", "close", "send" and "composed" (Text, and At in Unix
// milliseconds: by the page and by the visitor), "typed" (Text), "reset",
// "config", "invite" (Code), "page" (Attentive), "network" (Cut).
type Message struct {
	Type string    `json:"type"`
	Text string    `json:"text"`
	At   wire.Time `json:"-"`
	Code string    `json:"code"`
	// Attentive says that the page itself has the focus: only it knows.
	Attentive bool `json:"attentive"`
	Cut       bool `json:"cut"`
}

// Open finds the boot script.
func Open() (Host, error) {
	value := js.Global().Get("chatbotHost")
	if value.Type() != js.TypeObject {
		return Host{}, errors.New("chatbotHost is missing: the program runs in the chat's frame document only")
	}
	return Host{value}, nil
}

// Config decodes the site's settings, which the boot script has checked.
func (h Host) Config(v any) error { return json.Unmarshal([]byte(stringify(h.value.Get("config"))), v) }

// Server is the server's base URL, empty for the document's own origin.
func (h Host) Server() string { return h.value.Get("server").String() }

// Ticket is the site ticket of the document, or empty.
func (h Host) Ticket() string { return h.value.Get("ticket").String() }

// ServerConfig is what the server has said of itself in the document, nil where it has
// not.
func (h Host) ServerConfig() *wire.Config {
	var c wire.Config
	if json.Unmarshal([]byte(h.value.Get("known").String()), &c) != nil {
		return nil
	}
	return &c
}

// Notify tells the page something.
func (h Host) Notify(n session.Notify) {
	var detail any
	switch n.Kind {
	case session.NotifyState:
		detail = n.Public
	case session.NotifyMessage:
		detail = map[string]any{"message": n.Message}
	case session.NotifyLatency:
		detail = n.Latency
	case session.NotifyError:
		detail = map[string]any{"code": n.Code, "text": n.Text}
	case session.NotifyLog:
		detail = map[string]any{"level": n.Level, "text": n.Text}
	}
	encoded, err := json.Marshal(detail)
	if err != nil {
		return // none of these can fail to encode
	}
	h.value.Call("post", string(n.Kind), string(encoded))
}

// Listen takes all messages from now on, and first those that have waited for
// the program, among them what the visitor has sent already.
func (h Host) Listen(receive func(Message)) {
	h.value.Call("listen", js.FuncOf(func(_ js.Value, args []js.Value) any {
		var m Message
		if len(args) == 1 && json.Unmarshal([]byte(stringify(args[0])), &m) == nil {
			if at := args[0].Get("at"); at.Type() == js.TypeNumber {
				m.At = wire.Time(at.Float())
			}
			receive(m)
		}
		return nil
	}))
}

// Live tells that the program has drawn itself.
func (h Host) Live() { h.value.Call("live") }

// Style sets a custom property of the document, for example "--accent".
func (h Host) Style(name, value string) { h.value.Call("style", name, value) }

// stringify is a value as JSON. The boot script lets nothing pass that cannot
// be written so.
func stringify(v js.Value) string { return js.Global().Get("JSON").Call("stringify", v).String() }

// Now is the visitor's clock.
func Now() wire.Time { return wire.TimeOf(time.Now()) }

// Zone is the visitor's time zone by its IANA name.
func Zone() string {
	return js.Global().Get("Intl").Call("DateTimeFormat").Call("resolvedOptions").Get("timeZone").String()
}

// Offset is the visitor's distance from UTC in minutes, east positive.
func Offset() int { return -js.Global().Get("Date").New().Call("getTimezoneOffset").Int() }
