package e2e

import "testing"

// site is a page whose site calls the widget before its script is there.
func (w *world) calls(attributes, calls string) *visitor {
	w.t.Helper()
	w.more["/calls.js"] = `window.ChatbotWidget = [];
		const told = window.told = [];
		for (const event of ["sent", "message"]) ChatbotWidget.push(["on", event, () => told.push(event)]);
		ChatbotWidget.push(` + calls + `);`
	w.setPage(`<script src="/calls.js"></script>` + w.tag(attributes))
	v := newVisitor(w.t)
	v.open(w.site.URL)
	return v
}

// What the site sends for a visitor arrives though they have never opened the chat.
func TestSentUnopened(t *testing.T) {
	w := newWorld(t)
	v := w.calls("", `["send", "Hello from the page"]`)
	v.until(`told.includes('sent') && told.includes('message')`)
	if eval[bool](v, `ChatbotWidget.state.open`) {
		t.Error("it opened by itself")
	}
	p := v.openChat()
	p.untilAnswers(1)
	if got := p.mine(); got != "Hello from the page" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// What was written before the program ran is forgotten by a reset, and what was
// written after that is not.
func TestWrittenAfterReset(t *testing.T) {
	w := newWorld(t)
	release := w.gate.hold(".wasm")
	defer release()
	v := w.calls("", `["send", "Before"], ["open"], ["reset"]`)
	p := v.panel()
	p.until(logBox + `.childElementCount === 0`)
	p.say("After")
	release()
	p.untilAnswers(1)
	if got := p.mine(); got != "After" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}
