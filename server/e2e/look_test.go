package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"chatbot/server/config"
)

// emulate changes what the browser tells a document of its user's wishes. The
// frame is a target of its own and has to be told too.
func (v *visitor) emulate(in context.Context, features map[string]string) {
	v.t.Helper()
	var media []*emulation.MediaFeature
	for name, value := range features {
		media = append(media, &emulation.MediaFeature{Name: name, Value: value})
	}
	if _, err := chromedp.Call(in, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media}); err != nil {
		v.fail(err)
	}
}

const configured = `data-title="Acme" data-subtitle="Usually answers at once" data-greeting="Good day!" data-suggestions="One?|Two?|Three?" data-color="#8b5cf6" data-privacy-url="https://acme.example/privacy"`

// Every attribute does what it says.
func TestAttributes(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.tag(configured + ` data-position="bottom-left" data-offset="30,40" data-z-index="7" data-theme="dark" data-open="true" data-logo="` + w.url("/logo.svg") + `"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(`ChatbotWidget.state.open`)
	p := &panel{v: v, target: v.frame()}
	for what, js := range map[string]string{
		"title":       `document.querySelector('.title').textContent === 'Acme'`,
		"subtitle":    `document.querySelector('.subtitle').textContent === 'Usually answers at once'`,
		"greeting":    `document.querySelector('.greeting').textContent === 'Good day!'`,
		"suggestions": `[...document.querySelectorAll('.chip')].map(c => c.textContent).join() === 'One?,Two?,Three?'`,
		"color":       `getComputedStyle(document.querySelector('.head')).backgroundColor === 'rgb(139, 92, 246)'`,
		"privacy-url": `document.querySelector('#privacy a').href === 'https://acme.example/privacy'`,
		"theme":       `getComputedStyle(document.body).backgroundColor === 'rgb(21, 23, 28)'`,
		"logo":        `document.querySelector('.head img').src.endsWith('/logo.svg')`,
	} {
		t.Log(what)
		p.until(js)
	}
	if box := eval[[]float64](v, `(r => [r.x, innerHeight - r.bottom])(`+root+`.querySelector('.launcher').getBoundingClientRect())`); box[0] != 30 || box[1] != 40 {
		t.Errorf("position and offset: %v", box)
	}
	if z := eval[string](v, `getComputedStyle(`+root+`.querySelector('.launcher')).zIndex`); z != "7" {
		t.Errorf("z-index %s", z)
	}
	if eval[string](v, `document.activeElement.tagName`) != "BODY" {
		t.Error("data-open took the focus from the page")
	}
}

// Wrong values are named, one line each, and the default is used.
func TestWrongAttributes(t *testing.T) {
	wrong := map[string]string{
		"title": "", "subtitle": strings.Repeat("x", 121), "logo": "http://insecure.example/x.png", "greeting": "", "suggestions": "a|b|c|d",
		"color": "rgba(0,0,0,.5)", "position": "middle", "offset": "5", "z-index": "-1", "theme": "blue", "server": "chat.example",
		"open": "yes", "privacy-url": "javascript:alert(1)", "debug": "1",
	}
	w := newWorld(t)
	var attributes strings.Builder
	for name, value := range wrong {
		fmt.Fprintf(&attributes, ` data-%s="%s"`, name, value)
	}
	w.setPage(w.tag(attributes.String()))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	for name := range wrong {
		if !v.console.has("[chatbot] data-" + name + "=") {
			t.Errorf("the console does not name data-%s", name)
		}
	}
	p := v.openChat()
	p.say("Hello")
	p.untilAnswers(1)
}

// In the dark, on a phone, from right to left, without motion.
func TestLooks(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		features      map[string]string
		page          string
	}{
		{"dark", 1280, 800, map[string]string{"prefers-color-scheme": "dark"}, `<html lang="en">`},
		{"phone", 390, 844, nil, `<html lang="en">`},
		{"narrow", 320, 568, nil, `<html lang="en">`},
		{"rtl", 1280, 800, nil, `<html lang="ar" dir="rtl">`},
		{"german-still", 1280, 800, map[string]string{"prefers-reduced-motion": "reduce"}, `<html lang="de-AT">`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.setDocument(`<!doctype html>` + c.page + `<head><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>A site</title><link rel="icon" href="data:,"></head><body><h1>A site</h1><div style="height:3000px"></div>` + w.tag(configured) + `</body></html>`)
			v := newVisitor(t)
			v.do(chromedp.EmulateViewport(int64(c.width), int64(c.height)))
			v.emulate(v.page, c.features)
			v.open(w.site.URL)
			p := v.openChat()
			v.emulate(p.target, c.features)
			p.until(`document.querySelectorAll('.chip').length === 3`)
			v.shot(c.name + "-empty")
			p.say("Hello")
			p.untilAnswers(1)
			p.until(`!document.getAnimations().some(a => a.playState === 'running' && a.effect.getComputedTiming().iterations === 1)`)
			v.shot(c.name)
			if c.width <= 640 {
				if box := eval[[]float64](v, `(r => [r.x, r.y, r.width, r.height])(`+root+`.querySelector('.panel').getBoundingClientRect())`); box[0] != 0 || box[1] != 0 || box[2] != float64(c.width) || box[3] != float64(c.height) {
					t.Errorf("the panel is at %v", box)
				}
				if eval[string](v, `getComputedStyle(document.body).overflow`) != "hidden" {
					t.Error("the page behind the chat scrolls")
				}
			}
			if n := evalIn[int](v, p.target, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); n > 0 {
				t.Errorf("the chat is %d pixels too wide", n)
			}
			if c.features["prefers-reduced-motion"] != "" && evalIn[int](v, p.target, `document.getAnimations().length`) > 0 {
				t.Error("something moves")
			}
			if c.name == "german-still" {
				p.until(`document.querySelector('textarea').placeholder === 'Nachricht schreiben…'`)
			}
		})
	}
}

// A flood is told of in plain words, and nothing of it is lost.
func TestFlood(t *testing.T) {
	w := newWorld(t, func(c *config.Serve) { c.RateMessages = 3 })
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	for i := range 5 {
		p.say(fmt.Sprintf("Message %d", i+1))
	}
	p.until(`document.querySelector('.notice').textContent.includes('That was a lot at once')`)
	v.shot("light-flood")
	p.until(logBox + `.querySelectorAll('.mine').length === 5`)
}

// What the server refuses for good says why, and keeps the text.
func TestRefusedMessage(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.tag(""))
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.until(`document.querySelector('#app .head .close')`)
	eval[bool](v, `(ChatbotWidget.send('x'.repeat(4001)), true)`)
	p.until(logBox + `.querySelector('.failed .fate')`)
	p.until(logBox + `.querySelector('.failed').textContent.includes('4000')`)
	v.shot("light-failed")
	evalIn[bool](v, p.target, `([...`+logBox+`.querySelectorAll('.fate button')].pop().click(), true)`)
	p.until(logBox + `.childElementCount === 0`)
}

// What people write is text, whatever it looks like; links go out safely.
func TestTextIsText(t *testing.T) {
	w := newWorld(t)
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.say(`<img src=x onerror="document.title='hacked'"> <b>bold</b> javascript:alert(1) https://example.com/a?b=1#c.`)
	p.untilAnswers(1)
	const bubble = `[...document.querySelectorAll('.mine .text')].pop()`
	if n := evalIn[int](v, p.target, bubble+`.querySelectorAll('img, b').length`); n != 0 {
		t.Errorf("%d elements were made of text", n)
	}
	p.until(bubble + `.querySelectorAll('a').length === 1 && ` + bubble + `.querySelector('a').href === 'https://example.com/a?b=1#c' && ` + bubble + `.querySelector('a').rel.includes('noopener') && ` + bubble + `.querySelector('a').target === '_blank'`)
}
