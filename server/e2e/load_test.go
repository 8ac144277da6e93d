package e2e

import (
	"html"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// frames counts the chat's frames in the page.
const frames = root + `.querySelectorAll('iframe').length`

// The chat is under way before the click: when the pointer comes over the
// button, and with data-load earlier.
func TestLoad(t *testing.T) {
	for load, begin := range map[string]string{
		"intent": root + `.querySelector('.launcher').dispatchEvent(new PointerEvent('pointerenter'))`,
		"idle":   "",
		"eager":  "",
	} {
		t.Run(load, func(t *testing.T) {
			w := newWorld(t)
			w.setPage(w.tag(`data-load="` + load + `"`))
			v := newVisitor(t)
			v.open(w.site.URL)
			v.until(root + `.querySelector('.launcher')`)
			if begin != "" {
				if n := eval[int](v, frames); n != 0 {
					t.Errorf("%d frames before intent", n)
				}
				eval[bool](v, begin)
			}
			v.until(frames + ` === 1`)
			p := &panel{v: v, target: v.frame()}
			p.until(`document.querySelector('#app .head .close')`)
			v.until(`ChatbotWidget.state.realtimeConnected`)
			if eval[bool](v, `ChatbotWidget.state.open`) {
				t.Error("it opened by itself")
			}
			if n := eval[int](v, `localStorage.length`); n != 0 {
				t.Errorf("%d keys on the page before anything was sent", n)
			}
		})
	}
}

// A visitor who saves data pays nothing before the click.
func TestSaveData(t *testing.T) {
	w := newWorld(t)
	w.more["/save.js"] = `Object.defineProperty(navigator, 'connection', { value: { saveData: true, effectiveType: '4g' } })`
	w.setPage(`<script src="/save.js"></script>` + w.tag(`data-load="eager"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	v.until(`document.readyState === 'complete'`)
	eval[bool](v, root+`.querySelector('.launcher').dispatchEvent(new PointerEvent('pointerenter'))`)
	if n := eval[int](v, frames); n != 0 {
		t.Errorf("%d frames before the click", n)
	}
	p := v.openChat()
	p.say("Hello")
	p.untilAnswers(1)
}

// Whatever a page gives the frame as its name, the frame is painted and says hello:
// what is not allowed counts as not given, and nothing of the visitor is taken.
func TestFrameName(t *testing.T) {
	for name, given := range map[string]string{
		"nothing":   ``,
		"no JSON":   `chat`,
		"no object": `7`,
		"wrong values": `{"title": {"a": 1}, "subtitle": "<b>bold</b>", "color": "red;position:fixed", "theme": "x", "logo": "javascript:alert(1)",
			"privacyUrl": "data:text/html,x", "suggestions": "one", "lang": "../en", "dir": "up", "user": {"id": "mallory", "hash": "h"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.more["/hello.js"] = `addEventListener('message', e => { window.said = e.data.type })`
			w.setPage(`<script src="/hello.js"></script><iframe name="` + html.EscapeString(given) + `" src="` + w.url("/chatbot-frame.html?site="+w.site.URL) + `"></iframe>`)
			v := newVisitor(t)
			v.open(w.site.URL)
			v.until(`window.said === 'hello'`)
			p := &panel{v: v, target: v.frame()}
			p.until(`!document.body.hidden && document.querySelector('#app .title').textContent === 'Chat' && document.documentElement.dataset.theme === 'auto'`)
			for _, wrong := range []string{`document.querySelector('#app b, #app img, [style*=fixed]')`, `!document.getElementById('privacy').hidden`, `chatbotHost.config.user.id`} {
				if evalIn[bool](v, p.target, `!!(`+wrong+`)`) {
					t.Errorf("%s holds", wrong)
				}
			}
		})
	}
}

// While the pointer is over the launcher the frame paints what the site has
// configured, where nobody sees it, presses it or comes to it by Tab. When the
// pointer has gone it has no place any more.
func TestPaintedBeforeTheClick(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.tag(`data-greeting="What can we do for you?"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	v.point(`.launcher`)
	p := &panel{v: v, target: v.frame()}
	p.until(`document.querySelector('#app .greeting').getBoundingClientRect().height > 0`)
	p.until(`document.querySelector('#app .greeting').textContent === 'What can we do for you?'`)
	evalIn[bool](v, p.target, `(window.painted = 0, (function count() { painted++; requestAnimationFrame(count); })(), true)`)
	p.until(`painted > 2`)
	if by := evalIn[string](v, p.target, `performance.getEntriesByType('resource').filter(e => e.name.endsWith(`+quote(hashed(t, "chatbot-frame.js"))+`)).map(e => e.initiatorType).join()`); by != "link" {
		t.Errorf("the script was asked for by %q, and not once by the header", by)
	}

	const placed = `(r => r.width > 0 && r.height > 0)(` + root + `.querySelector('.panel').getBoundingClientRect())`
	if !eval[bool](v, placed+` && getComputedStyle(`+root+`.querySelector('.panel')).opacity === '0'`) {
		t.Error("the panel is not there, or is seen")
	}
	if eval[bool](v, `(r => document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2))(`+root+`.querySelector('.panel').getBoundingClientRect()).id === 'chatbot-widget'`) {
		t.Error("the panel lies over the page")
	}
	v.tabTo(v.page, launcherFocused)
	for range 5 {
		v.press(v.page, shiftTab)
		if evalIn[bool](v, p.target, `document.hasFocus()`) || eval[bool](v, root+`.querySelector('.panel:focus-within') !== null`) {
			t.Fatal("the keyboard leads into a panel that is not open")
		}
	}
	v.point(`body`)
	v.until(`!` + placed)
}

// point brings the pointer to an element of the widget, or of the page.
func (v *visitor) point(selector string) {
	v.t.Helper()
	at := eval[[]float64](v, `(r => [r.x + r.width / 2, r.y + r.height / 2])((`+root+`.querySelector(`+quote(selector)+`) || document.querySelector(`+quote(selector)+`)).getBoundingClientRect())`)
	event := input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: at[0], Y: at[1]}
	if _, err := chromedp.Call(v.page, input.DispatchMouseEvent, event); err != nil {
		v.fail(err)
	}
}

// The script's load event is early enough to call what a site may, though the
// widget is put into the page only then: opened in it, the chat has the page's
// direction, and ended in it, nothing comes any more.
func TestCalledAtOnce(t *testing.T) {
	for name, c := range map[string]struct{ call, want string }{
		"opened": {`ChatbotWidget.open()`, root + `.querySelector('.panel[open]') !== null && ` + frames + ` === 1`},
		"ended":  {`ChatbotWidget.destroy()`, `!document.getElementById('chatbot-widget') && !window.ChatbotWidget`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.more["/load.js"] = `document.body.append(Object.assign(document.createElement('script'), {
				src: ` + quote(w.url("/chatbot-widget.js")) + `,
				onload() { ` + c.call + `; setTimeout(() => setTimeout(() => { window.later = true })) },
			}))`
			w.setDocument(`<!doctype html><html lang="en" dir="rtl"><head><meta charset="utf-8"><title>A site</title><link rel="icon" href="data:,"></head><body><script src="/load.js"></script></body></html>`)
			v := newVisitor(t)
			v.open(w.site.URL)
			v.until(`window.later`)
			if !eval[bool](v, c.want) {
				t.Errorf("%s does not hold", c.want)
			}
			if name == "opened" {
				p := v.panel()
				p.until(`document.querySelector('#app .head')`)
				if dir := evalIn[string](v, p.target, `getComputedStyle(document.querySelector('#app .head')).direction`); dir != "rtl" {
					t.Errorf("the chat is written %s", dir)
				}
			}
			if problems := v.console.errors(); len(problems) > 0 {
				t.Errorf("errors on the console: %q", problems)
			}
		})
	}
}
