package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// another opens a further tab of the same browser: what one stores the other
// finds.
func (v *visitor) another() *visitor {
	v.t.Helper()
	w := &visitor{t: v.t, console: &lines{}}
	ctx, cancel := chromedp.NewContext(v.page, chromedp.WithListener(w.console.listen))
	v.t.Cleanup(cancel)
	w.page = ctx
	if err := chromedp.Do(ctx); err != nil {
		v.t.Fatal(err)
	}
	w.do(chromedp.EmulateViewport(1280, 800))
	return w
}

// Two tabs of a visitor show one conversation over one connection, and the
// second goes on when the first is closed.
func TestTwoTabs(t *testing.T) {
	w := newWorld(t)
	one := newVisitor(t)
	one.open(w.site.URL)
	p := one.openChat()
	p.say("From the first tab")
	p.untilAnswers(1)
	one.live("reverb")
	two := one.another()
	two.open(w.site.URL)
	q := two.openChat()
	q.untilSaid("From the first tab")
	two.live("reverb")
	if n := w.gate.open(); n != 1 {
		t.Errorf("%d sockets for two tabs", n)
	}
	q.say("From the second tab")
	q.untilAnswers(2)
	p.untilSaid("From the second tab")
	p.untilAnswers(2)
	one.open("about:blank")
	q.say("Alone now")
	q.untilAnswers(3)
	two.live("reverb")
	if n := evalIn[int](two, q.target, logBox+`.querySelectorAll('.mine').length`); n != 3 {
		t.Errorf("%d messages of the visitor's own, 3 were sent", n)
	}
}

// Offline, three messages, online: all are there once, in their order.
func TestOffline(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	w.gate.shut(true)
	for _, text := range []string{"one", "two", "three"} {
		p.say(text)
	}
	p.until(`document.querySelector('.status').textContent.startsWith('Reconnecting')`)
	evalIn[bool](v, p.target, `(window.dispatchEvent(new Event('offline')), true)`)
	p.until(`document.querySelector('.status').textContent.startsWith('Offline')`)
	v.shot("light-offline")
	// What waits outlives the page.
	v.open(w.site.URL)
	w.gate.shut(false)
	v.open(w.site.URL)
	p = v.openChat()
	p.untilAnswers(4)
	if got := evalIn[string](v, p.target, `[...`+logBox+`.querySelectorAll('.mine .text')].map(e => e.textContent).join()`); got != "Hello,one,two,three" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// What comes while the panel is closed is counted on the launcher and in the
// page's title, and marked when it is opened again.
func TestUnread(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	v.live("reverb")
	_, b := p.join("Ben")
	p.v.press(p.target, escape)
	v.until(`!ChatbotWidget.state.open`)
	b.say("Are you there?")
	v.until(`ChatbotWidget.state.unread >= 1`)
	b.untilAnswers(2)
	v.until(`ChatbotWidget.state.unread === 2 && document.title === '(2) A site' && ` + root + `.querySelector('.badge').textContent === '2'`)
	v.shot("light-unread")
	v.launch()
	p.until(`document.querySelector('.divider')`)
	v.shot("light-first-unread")
	v.until(`ChatbotWidget.state.unread === 0 && document.title === 'A site'`)
}

// Others see that somebody writes, by name, and how far their own words were
// read; by socket and by polling.
func TestTypingAndReceipts(t *testing.T) {
	for _, way := range []string{"reverb", "polling"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.gate.block(way == "polling")
			ann, a := w.chatting()
			ann.live(way)
			ben, b := a.join("Ben")
			ben.live(way)
			a.until(`document.querySelector('.subtitle').textContent.startsWith('Ben · ')`)
			ben.write(b.target, "Let me think")
			a.until(`document.querySelector('.typing').textContent.includes('Ben is writing')`)
			ann.shot("light-typing-" + way)
			ben.press(b.target, enter)
			a.untilSaid("Let me think")
			a.until(`!document.querySelector('.typing .row') || !document.querySelector('.typing').textContent.includes('Ben')`)
			a.say("Take your time")
			b.untilSaid("Take your time")
			eval[bool](ben, `(window.focus(), true)`)
			a.until(logBox + `.querySelector('.receipt').textContent === 'Read by Ben'`)
			ann.shot("light-read-" + way)
			ben.press(b.target, escape)
			a.until(`document.querySelector('.subtitle').textContent === 'Ben · away'`)
			a.say("Are you there?")
			a.until(logBox + `.querySelector('.receipt').textContent === 'Delivered'`)
		})
	}
}
