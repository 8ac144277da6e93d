package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// panel is the opened chat.
type panel struct {
	v      *visitor
	target context.Context
}

const (
	// root is the widget's shadow root in the page.
	root = `document.querySelector('#chatbot-widget').shadowRoot`
	// logBox is the conversation in the frame.
	logBox = `document.querySelector('[role=log]')`
	// answers are the bot's messages in it.
	answers = `document.querySelectorAll('[role=log] [data-role=bot]')`
)

// launch waits for the launcher and clicks it with the mouse.
func (v *visitor) launch() {
	v.t.Helper()
	v.until(root + `.querySelector('.launcher').getBoundingClientRect().width > 0`)
	box := eval[[]float64](v, `(r => [r.x + r.width / 2, r.y + r.height / 2])(`+root+`.querySelector('.launcher').getBoundingClientRect())`)
	v.do(chromedp.MouseClickXY(box[0], box[1]))
}

// openChat opens the chat as a person does.
func (v *visitor) openChat() *panel {
	v.t.Helper()
	v.launch()
	return v.panel()
}

// panel is the chat that is open already.
func (v *visitor) panel() *panel {
	v.t.Helper()
	p := &panel{v: v, target: v.frame()}
	p.until(`document.activeElement.tagName === 'TEXTAREA'`)
	return p
}

// chatting is a visitor of the site who has said Hello and was answered.
func (w *world) chatting() (*visitor, *panel) {
	w.t.Helper()
	v := newVisitor(w.t)
	v.open(w.site.URL)
	p := v.openChat()
	p.say("Hello")
	p.untilAnswers(1)
	return v, p
}

func (p *panel) until(js string) { p.v.t.Helper(); p.v.untilIn(p.target, js) }

// say writes into the composer and presses Enter.
func (p *panel) say(text string) {
	p.v.t.Helper()
	p.v.write(p.target, text)
	p.v.press(p.target, enter)
}

func (p *panel) untilSaid(text string) {
	p.v.t.Helper()
	p.until(fmt.Sprintf(`%s.innerText.includes(%s)`, logBox, quote(text)))
}

func (p *panel) untilAnswers(n int) {
	p.v.t.Helper()
	p.until(fmt.Sprintf(`%s.length === %d`, answers, n))
}

// live waits until messages come by the given way.
func (v *visitor) live(provider string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`ChatbotWidget.state.realtimeProvider === %s && ChatbotWidget.state.realtimeConnected === %v`, quote(provider), provider != "polling"))
}

// A visitor opens the chat on a page of another origin, asks, and is answered
// over the socket.
func TestOpenSendAnswer(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.tag(`data-title="Help" data-debug="true" data-suggestions="How do I install the widget?|Does the chat set cookies?|What if WebSockets are blocked?"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.until(`document.querySelector('.chip')`)
	v.shot("light-empty")
	p.say("Hello!")
	p.untilSaid("Hello!")
	p.untilAnswers(1)
	v.live("reverb")
	p.say("How do I install the widget?")
	p.untilAnswers(2)
	p.untilSaid("one script tag")
	v.until(`ChatbotWidget.state.channelSubscription.channel.startsWith('private-chat.conversation.') && ChatbotWidget.state.channelSubscription.provider === 'reverb'`)
	v.shot("light-chatting")
	for _, line := range []string{"✓ Reverb real-time connected on localhost:", "✓ Subscribed to real-time channel: chat.conversation.", "✓ New message received via reverb"} {
		if !v.console.has(line) {
			t.Errorf("the console does not tell %q:\n%s", line, v.console)
		}
	}
	if problems := v.console.errors(); len(problems) > 0 {
		t.Errorf("errors on the page's console: %q", problems)
	}
	for _, secret := range []string{"install the widget", "Bearer", "eyJ"} {
		if strings.Contains(w.logs.String(), secret) {
			t.Errorf("the server's log holds %q", secret)
		}
	}
	if cookies := eval[string](v, `document.cookie`); cookies != "" {
		t.Errorf("a cookie was set: %s", cookies)
	}
}

// Before anybody wants the chat there is a launcher and nothing else.
func TestNothingBeforeIntent(t *testing.T) {
	w := newWorld(t)
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	v.until(`document.readyState === 'complete'`)
	got := eval[string](v, `JSON.stringify([document.querySelectorAll('iframe').length, `+root+`.querySelectorAll('iframe').length, localStorage.length, sessionStorage.length, document.cookie, performance.getEntriesByType('resource').filter(e => e.name.startsWith(`+quote(w.gate.url)+`)).length])`)
	if got != `[0,0,0,0,"",1]` {
		t.Errorf("frames in page and widget, storage, cookies and requests before intent: %s", got)
	}
	if !eval[bool](v, `performance.getEntriesByType('layout-shift').length === 0`) {
		t.Error("the launcher moved the page")
	}
}

// With every socket refused from the start the chat works by polling.
func TestSocketBlocked(t *testing.T) {
	w := newWorld(t)
	w.gate.block(true)
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.say("Hello without a socket")
	p.untilAnswers(1)
	v.live("polling")
	if w.gate.attempts() == 0 {
		t.Error("no socket was tried, so nothing was tested")
	}
	v.shot("light-polling")
}

// The socket is cut while people talk: the chat goes on by polling, and is back
// on the socket when one can be had.
func TestSocketCutAndRestored(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	v.live("reverb")
	w.gate.block(true)
	v.live("polling")
	p.say("Thank you")
	p.untilAnswers(2)
	w.gate.block(false)
	v.live("reverb")
	p.say("Does the chat set cookies?")
	p.untilAnswers(3)
	if n := evalIn[int](v, p.target, logBox+`.querySelectorAll('.mine').length`); n != 3 {
		t.Errorf("%d messages of the visitor's own are shown, 3 were sent", n)
	}
}

// Two people in one conversation, the second by invitation, see each other's
// messages under the right names.
func TestTwoPeople(t *testing.T) {
	w := newWorld(t)
	ann, ben := newVisitor(t), newVisitor(t)
	ann.open(w.site.URL)
	a := ann.openChat()
	a.say("Hello")
	a.untilAnswers(1)
	ann.live("reverb")
	b := ben.accept(a.invite(), "Ben")
	b.untilSaid("Hello")
	ben.live("reverb")
	b.say("Hi, this is Ben")
	a.untilSaid("Hi, this is Ben")
	a.until(logBox + `.querySelector('.name') && [...` + logBox + `.querySelectorAll('.name')].some(n => n.textContent === 'Ben')`)
	a.say("Nice to meet you")
	b.untilSaid("Nice to meet you")
	if n := evalIn[int](ann, a.target, logBox+`.querySelectorAll('.mine').length`); n != 2 {
		t.Errorf("Ann sees %d messages as her own, she sent 2", n)
	}
}

// A host page with a strict policy: scripts and frames of the chat server and
// nothing else, with Trusted Types.
func TestStrictHost(t *testing.T) {
	w := newWorld(t)
	w.setCSP(fmt.Sprintf("default-src 'none'; script-src %[1]s; frame-src %[1]s; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'", w.gate.url))
	v, _ := w.chatting()
	if problems := v.console.errors(); len(problems) > 0 {
		t.Errorf("errors on the page's console: %q", problems)
	}
	box := eval[[]float64](v, `(e => [e.offsetWidth, e.offsetHeight])(`+root+`.querySelector('.launcher'))`)
	if box[0] != 56 || box[1] != 56 {
		t.Errorf("the launcher is %v, not 56 by 56: its style was blocked", box)
	}
}

// A page that is not listed sees who must do what, and the visitor is not left
// with a dead button.
func TestUnlistedHost(t *testing.T) {
	w := newWorld(t, withOrigins("https://shop.example"))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.launch()
	v.until(root + `.querySelector('.notice:not([hidden])')`)
	frame := v.frame()
	v.untilIn(frame, fmt.Sprintf(`document.body.innerText.includes(%s) && document.body.innerText.includes('--allowed-origins')`, quote(w.site.URL)))
	v.shot("light-refused")
}

// The keyboard alone is enough: Tab to the launcher, Enter, write, send, Escape.
func TestKeyboardOnly(t *testing.T) {
	w := newWorld(t)
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	eval[bool](v, `(document.querySelector('#before').focus(), true)`)
	v.press(v.page, tab)
	v.until(root + `.activeElement === ` + root + `.querySelector('.launcher')`)
	v.press(v.page, enter)
	p := v.panel()
	p.say("Hello")
	p.untilAnswers(1)
	v.write(p.target, "two")
	v.press(p.target, shiftEnter)
	v.write(p.target, "lines")
	if got := evalIn[string](v, p.target, `document.querySelector('textarea').value`); got != "two\nlines" {
		t.Errorf("Shift+Enter: the composer holds %q", got)
	}
	v.press(p.target, escape)
	v.until(`!ChatbotWidget.state.open && ` + root + `.activeElement === ` + root + `.querySelector('.launcher')`)
	v.until(root + `.querySelector('.launcher').getAttribute('aria-expanded') === 'false'`)
	v.press(v.page, space)
	v.until(`ChatbotWidget.state.open`)
}

// The server goes away while people talk: the visitor is told, nothing written
// meanwhile is lost, and it is sent when the server is back.
func TestServerAway(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	w.gate.shut(true)
	p.say("Are you there?")
	p.say("Thank you")
	p.until(`document.querySelector('.status').textContent === 'Reconnecting…'`)
	p.until(logBox + `.querySelectorAll('.pending').length === 2`)
	v.shot("light-reconnecting")
	w.gate.shut(false)
	p.untilAnswers(3)
	p.until(`document.querySelector('.status').textContent === '' && ` + logBox + `.querySelectorAll('.mine').length === 3`)
}

// The Enter that ends an input method's composition sends nothing.
func TestInputMethod(t *testing.T) {
	w := newWorld(t)
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	v.write(p.target, "漢字")
	evalIn[bool](v, p.target, `['isComposing', 'keyCode'].every(how => document.querySelector('textarea').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, isComposing: how === 'isComposing', keyCode: how === 'keyCode' ? 229 : 13})))`)
	if got := evalIn[string](v, p.target, `document.querySelector('textarea').value`); got != "漢字" {
		t.Errorf("the composer holds %q", got)
	}
}

// The script tag may stand in the head, before there is a body.
func TestTagInHead(t *testing.T) {
	w := newWorld(t)
	blocking := strings.Replace(w.tag(""), "async ", "", 1)
	w.setDocument(`<!doctype html><html><head><link rel="icon" href="data:,">` + blocking + `<title>x</title></head><body><p>Text</p></body></html>`)
	w.chatting()
}

// A tag manager injects the script, where currentScript says nothing.
func TestInjectedTag(t *testing.T) {
	w := newWorld(t)
	w.more["/manager.js"] = fmt.Sprintf(`setTimeout(() => { const s = document.createElement('script'); s.src = %s; s.dataset.title = 'Injected'; document.head.append(s); })`, quote(w.url("/chatbot-widget.js")))
	w.setPage(`<script src="/manager.js"></script>`)
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.until(`document.querySelector('.title').textContent === 'Injected'`)
	p.say("Hello")
	p.untilAnswers(1)
}

// Loaded twice it is there once.
func TestDoubleLoad(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.tag("") + w.tag(""))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	v.until(`document.readyState === 'complete'`)
	if n := eval[int](v, `document.querySelectorAll('#chatbot-widget').length`); n != 1 {
		t.Errorf("%d widgets", n)
	}
}

// What was said is there again after a reload.
func TestReload(t *testing.T) {
	w := newWorld(t)
	v, _ := w.chatting()
	v.open(w.site.URL)
	p := v.openChat()
	p.untilAnswers(1)
	p.untilSaid("Hello")
}

// invite makes an invitation as a person does, and gives its link.
func (p *panel) invite() string {
	p.v.t.Helper()
	p.until(`document.querySelector('.head .tool:not(.close, .save)')`)
	evalIn[bool](p.v, p.target, `(document.querySelector('.head .tool:not(.close, .save)').click(), true)`)
	p.until(`document.querySelector('.card input').value.includes('#chatbot-invite=')`)
	link := evalIn[string](p.v, p.target, `document.querySelector('.card input').value`)
	evalIn[bool](p.v, p.target, `([...document.querySelectorAll('.card button')].pop().click(), true)`)
	return link
}

// join brings somebody else into p's conversation, where "Hello" was said.
func (p *panel) join(name string) (*visitor, *panel) {
	p.v.t.Helper()
	v := newVisitor(p.v.t)
	joined := v.accept(p.invite(), name)
	joined.untilSaid("Hello")
	return v, joined
}

// accept opens an invitation's link and joins under a name.
func (v *visitor) accept(link, name string) *panel {
	v.t.Helper()
	v.open(link)
	v.until(`ChatbotWidget.state.open && !location.hash`)
	p := v.panel()
	p.until(`document.querySelector('.card form')`)
	v.shot("light-invited")
	evalIn[bool](v, p.target, fmt.Sprintf(`(document.querySelector('.card input').value = %s, document.querySelector('.card button').click(), true)`, quote(name)))
	p.until(`!document.querySelector('.card form')`)
	return p
}
