package e2e

import (
	"strings"
	"testing"
)

// calls opens a page whose site calls the widget before its script is there.
func (w *world) calls(attributes, calls string) *visitor {
	w.t.Helper()
	w.more["/calls.js"] = `window.ChatbotWidget = [];
		const told = window.told = [];
		for (const event of ["sent", "message", "unread"]) ChatbotWidget.push(["on", event, () => told.push(event)]);
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

// Who was forgotten stays so: nothing that they were writing is left, and a frame
// that is made anew does not sign them in again.
func TestForgottenUser(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.userTag(t, "ann", "Ann", w.site.URL))
	v, p := w.chatting()
	v.write(p.target, "Half a secret")
	eval[bool](v, `(ChatbotWidget.reset(), true)`)
	p.until(logBox + `.childElementCount === 0 && ` + composer + `.value === ''`)
	evalIn[bool](v, p.target, `(chatbotHost.post('dead', '{"renew":true}'), true)`)
	p = &panel{v: v, target: v.otherFrame(p)}
	p.until(`document.activeElement.tagName === 'TEXTAREA'`)
	p.say("Somebody else")
	p.untilAnswers(1)
	if got := p.mine(); got != "Somebody else" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// ageTalk has the talk that is kept be one of long ago.
const ageTalk = `{
	const key = "chatbot:conversation", kept = localStorage.getItem(key);
	if (kept) localStorage.setItem(key, kept.replace(/"at":\d+/, '"at":1'));
}`

// Where the site says from the beginning that nobody is signed in, nothing is left
// of who was, though the chat is not opened.
func TestSignedOut(t *testing.T) {
	w := newWorld(t)
	w.gate.runBefore(ageTalk)
	w.setPage(w.userTag(t, "ann", "Ann", w.site.URL))
	v, p := w.chatting()
	conversation, _ := p.token()
	w.gate.deny(conversation) // how much is unread
	w.more["/out.js"] = `window.ChatbotWidget = [["identify", {}]]`
	w.setPage(`<script src="/out.js"></script>` + w.tag(""))
	v.open(w.site.URL)
	p = &panel{v: v, target: v.frame()}
	p.until(`chatbotHost.storage.get('conversation') === null`)
	p = v.openChat()
	p.say("Somebody else")
	p.untilAnswers(1)
	if got := p.mine(); got != "Somebody else" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// However often the site says who the visitor is, what it says besides is heard:
// here that the chat is open, in which nothing is unread then.
func TestNamedAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	release := w.gate.hold(".wasm")
	defer release()
	v := w.calls("", `...Array(200).fill(["identify", {}]), ["open"]`)
	p := v.panel()
	release()
	for n := range 2 {
		p.say("Hello")
		p.untilAnswers(n + 1)
	}
	if told := eval[string](v, `told.join()`); strings.Contains(told, "unread") {
		t.Errorf("the page was told %s", told)
	}
}

// What the site sends is a message of its own, whatever the visitor is about to
// correct, and leaves them at it.
func TestSentWhileEditing(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	p.act("Hello", "Edit")
	p.wrote("Hello")
	eval[bool](v, `(ChatbotWidget.send("From the page"), true)`)
	p.untilAnswers(2)
	if got := p.mine(); got != "Hello,From the page" {
		t.Errorf("the visitor's own messages are %q", got)
	}
	evalIn[bool](v, p.target, `(`+composer+`.select(), true)`)
	p.say("Hello, you")
	p.until(message("Hello, you"))
	if got := p.mine(); got != "Hello, you,From the page" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}
