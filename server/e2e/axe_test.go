package e2e

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"chatbot/server/config"
	"chatbot/server/pusher/pushertest"
	"chatbot/widget/wire"
)

// axe is a visitor whose browser holds all that is seen against the rules of
// axe-core.
type axe struct {
	*visitor
	script string
}

func newAxe(t *testing.T) *axe {
	t.Helper()
	pushertest.Installed(t, "testdata")
	script, err := os.ReadFile("testdata/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return &axe{newVisitor(t), string(script)}
}

// holds runs every rule on a part of a document, once nothing in it moves into
// its place any more.
func (a *axe) holds(in context.Context, part, state string) {
	a.t.Helper()
	a.untilIn(in, `!document.getAnimations().some(x => x.playState === 'running' && x.effect.getComputedTiming().iterations === 1)`)
	evalIn[bool](a.visitor, in, `(window.axe || (() => {`+a.script+`})(), window.violations = null, axe.run(`+part+`).then(r => {
		if (!r.passes.length) throw Error('no rule was looked at');
		window.violations = r.violations.map(v => v.id + ': ' + v.help + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.any.concat(n.all, n.none).map(c => c.message).join(' ')).join('; ')).join('\n');
	}).catch(e => { window.violations = String(e) }), true)`)
	a.untilIn(in, `window.violations !== null`)
	if found := evalIn[string](a.visitor, in, `window.violations`); found != "" {
		a.shot("axe-" + strings.ReplaceAll(a.t.Name()+" "+state, "/", "-"))
		a.t.Errorf("%s: %s", state, found)
	}
}

const (
	widgetRoot = `document.querySelector('#chatbot-widget')`
	document   = `document`
)

// No rule of axe-core is broken in any state of the chat, in any of its looks.
func TestAxe(t *testing.T) {
	for _, look := range []struct {
		name, html, attributes string
		width, height          int64
	}{
		{"light", `<html lang="en">`, "", 1280, 800},
		{"dark", `<html lang="de">`, `data-theme="dark"`, 1280, 800},
		{"rtl", `<html lang="ar" dir="rtl">`, "", 1280, 800},
		{"narrow", `<html lang="en">`, "", 320, 568},
	} {
		t.Run(look.name, func(t *testing.T) {
			w := newWorld(t, func(c *config.Serve) { c.RateMessages = 4 })
			w.setDocument(`<!doctype html>` + look.html + `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A site</title><link rel="icon" href="data:,"></head><body><main><h1>A site</h1></main>` +
				w.tag(configured+look.attributes) + `</body></html>`)
			a := newAxe(t)
			a.do(chromedp.EmulateViewport(look.width, look.height))
			a.open(w.site.URL)
			a.until(root + `.querySelector('.launcher').getBoundingClientRect().width > 0`)
			a.holds(a.page, widgetRoot, "closed")
			a.everyState(w, look.name)
		})
	}
}

// everyState goes through all states of the open chat.
func (a *axe) everyState(w *world, look string) {
	a.t.Helper()
	p := a.openChat()
	frame := func(state string) { a.t.Helper(); a.holds(p.target, document, state) }
	a.holds(a.page, widgetRoot, "open, in the page")
	p.until(`document.querySelector('.chip')`)
	frame("empty")
	p.openPicker()
	frame("picker")
	a.press(p.target, escape)
	evalIn[bool](a.visitor, p.target, `(`+composer+`.focus(), true)`)
	p.keys(":smi")
	p.until(codeList)
	frame("shortcodes")
	a.press(p.target, escape)
	evalIn[bool](a.visitor, p.target, `(`+composer+`.select(), true)`)

	release := w.gate.hold("/messages")
	p.say("Hello")
	p.until(logBox + `.querySelector('.pending')`)
	frame("sending")
	release()
	p.untilAnswers(1)
	frame("messages")
	conversation, _ := p.token()

	p.act("Hello", "👍")
	p.until(message("Hello") + `.querySelector('.reactions')`)
	evalIn[bool](a.visitor, p.target, `(`+message("Hello")+`.querySelector('.more').click(), true)`)
	p.until(`document.querySelector('.menu')`)
	frame("menu")
	a.shot("axe-menu-" + look)
	evalIn[bool](a.visitor, p.target, `(`+message("Hello")+`.querySelector('.more').click(), true)`)
	p.until(`!document.querySelector('.menu')`)
	p.act("Hello", a.word("Reply", "Antworten"))
	p.until(`document.querySelector('.mode b')`)
	frame("replying")
	p.say("An answer")
	p.until(message("An answer"))

	w.asSite("POST", strings.Replace(wire.PathTyping, "{id}", conversation, 1), wire.TypingRequest{On: true, Author: &wire.Author{Role: wire.RoleAgent, Name: "Zoë"}}, nil)
	p.until(`document.querySelector('.typing .dots')`)
	frame("typing")
	x := w.writes(conversation, "# Title\n\nSome **words** with a [link](https://example.com/) and `code`")
	p.until(`document.querySelector('.writing .stop')`)
	frame("streaming")
	x.end(wire.StatusComplete)
	p.until(`!document.querySelector('.writing')`)
	w.asAgent(conversation, "1. One\n2. Two\n\n```js\nalert(1)\n```\n\n> Quoted\n\n| a | b |\n| - | - |\n| 1 | 2 |")
	p.until(`document.querySelector('.rich table')`)
	frame("formatted")

	p.click(`document.querySelector('.head .tool:not(.close, .save)')`)
	p.until(`document.querySelector('.card input')`)
	frame("invitation made")
	a.shot("axe-invitation-" + look)
	link := evalIn[string](a.visitor, p.target, `document.querySelector('.card input').value`)
	guest := newVisitor(a.t)
	guest.do(chromedp.EmulateViewport(390, 844))
	guest.open(link)
	guest.until(`ChatbotWidget.state.open && !location.hash`)
	q := guest.panel()
	q.until(`document.querySelector('.card form')`)
	(&axe{guest, a.script}).holds(q.target, document, "invitation offered")
	evalIn[bool](a.visitor, p.target, `([...document.querySelectorAll('.card button')].pop().click(), true)`)

	p.say("x" + strings.Repeat("y", 3900))
	p.until(logBox + `.innerText.includes('yyyy')`)
	a.write(p.target, strings.Repeat("z", 3900))
	p.until(`document.querySelector('#counter').textContent`)
	frame("counted")
	evalIn[bool](a.visitor, p.target, `(`+composer+`.select(), true)`)
	for _, text := range []string{"One", "Two", "Three"} {
		p.say(text)
	}
	p.until(`document.querySelector('.notice').textContent`)
	frame("notice")
	eval[bool](a.visitor, `(ChatbotWidget.send('x'.repeat(4001)), true)`)
	p.until(logBox + `.querySelector('.failed .fate')`)
	frame("failed")
	a.shot("axe-failed-" + look)
	w.gate.shut(true)
	p.until(`document.querySelector('.status').textContent`)
	frame("reconnecting")
}

// word is one of two, as the page's language is.
func (a *axe) word(english, german string) string {
	a.t.Helper()
	if eval[string](a.visitor, `document.documentElement.lang`) == "de" {
		return german
	}
	return english
}

// The refusal to be shown on a page is a page of its own.
func TestAxeRefused(t *testing.T) {
	w := newWorld(t, withOrigins("https://elsewhere.example"))
	a := newAxe(t)
	a.open(w.site.URL)
	a.launch()
	frame := a.frame()
	a.untilIn(frame, `document.body.innerText.includes('--allowed-origins')`)
	a.holds(frame, document, "refused")
	a.holds(a.page, widgetRoot, "refused, in the page")
}
