package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// visibleFocus is whether whoever looks at a document sees where its focus is:
// by an outline, of the composer by the ring of its field.
const visibleFocus = `(e => {
	const box = e.getBoundingClientRect(), field = e.closest('.field');
	const seen = box.width > 0 && box.bottom > 0 && box.top < innerHeight && getComputedStyle(e).opacity > 0;
	const outlined = getComputedStyle(e).outlineStyle !== 'none' && parseFloat(getComputedStyle(e).outlineWidth) > 0;
	return e !== document.body && seen && (outlined || e.tagName === 'TEXTAREA' && getComputedStyle(field).boxShadow !== 'none');
})(document.activeElement)`

// maxTabs is how far something may be away for those who have a keyboard only.
const maxTabs = 60

// reach presses a key until what has the focus fits a selector. The focus is
// seen at every step.
func (p *panel) reach(k key, selector string) {
	p.v.t.Helper()
	fits := fmt.Sprintf(`document.activeElement.matches(%s)`, quote(selector))
	for range maxTabs {
		if evalIn[bool](p.v, p.target, fits) {
			p.until(visibleFocus)
			return
		}
		p.v.press(p.target, k)
		p.until(visibleFocus)
	}
	p.v.fail(fmt.Sprintf("%s is not reached; the focus is at %s", selector, evalIn[string](p.v, p.target, `document.activeElement.outerHTML`)))
}

// rests waits until the focus is seen at what fits a selector.
func (p *panel) rests(selector string) {
	p.v.t.Helper()
	p.until(fmt.Sprintf(`document.activeElement.matches(%s) && %s`, quote(selector), visibleFocus))
}

// menu opens the menu of a message and goes to what has a name in it.
func (p *panel) menu(text, name string) {
	p.v.t.Helper()
	p.reach(shiftTab, ".head .close")
	p.until(message(text) + `.querySelector('.more')`)
	seq := evalIn[string](p.v, p.target, message(text)+`.dataset.seq`)
	more := fmt.Sprintf(`[data-seq="%s"] .more`, seq)
	p.reach(tab, more)
	p.v.press(p.target, enter)
	p.until(fmt.Sprintf(`document.querySelector(%s).getAttribute('aria-expanded') === 'true'`, quote(more)))
	for range maxTabs {
		p.v.press(p.target, tab)
		p.until(visibleFocus)
		if evalIn[bool](p.v, p.target, fmt.Sprintf(`document.activeElement.closest('.menu') && [document.activeElement.textContent, document.activeElement.getAttribute('aria-label')].includes(%s)`, quote(name))) {
			return
		}
	}
	p.v.fail("the menu of " + text + " has no " + name)
}

// launcherFocused is whether the launcher has the focus and shows it.
const launcherFocused = root + `.activeElement === ` + root + `.querySelector('.launcher') && getComputedStyle(` + root + `.activeElement).outlineStyle !== 'none'`

// Everything can be done by the keyboard alone, and at each step it is seen where
// one is.
func TestKeyboardWalk(t *testing.T) {
	w := newWorld(t)
	w.setPage(w.tag(`data-suggestions="What can you do?|Is this free?"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	v.until(root + `.querySelector('.launcher')`)
	v.tabTo(v.page, launcherFocused)
	v.press(v.page, enter)
	p := v.panel()
	p.rests("textarea")

	p.until(`document.querySelector('.chip')`)
	p.reach(shiftTab, "li:first-child .chip")
	v.press(p.target, enter)
	p.untilSaid("What can you do?")
	p.untilAnswers(1)
	p.rests("textarea")
	p.keys("Hello there")
	v.press(p.target, enter)
	p.untilAnswers(2)

	// React, by the menu, by the picker, and take one back.
	p.menu("Hello there", "React with 👍")
	v.press(p.target, enter)
	hello := message("Hello there")
	p.until(hello + `.querySelectorAll('.reactions .emoji').length === 1 && !` + hello + `.querySelector('.menu')`)
	p.rests(".bubble")
	p.menu("Hello there", "Choose an emoji")
	v.press(p.target, enter)
	p.rests("#emojis [role=option]")
	v.press(p.target, right, down, space)
	p.until(hello + `.querySelectorAll('.reactions .emoji').length === 2`)
	p.rests(".bubble")
	p.reach(tab, ".reactions .emoji")
	v.press(p.target, space)
	p.until(hello + `.querySelectorAll('.reactions .emoji').length === 1`)
	p.rests(".bubble")
	p.menu("Hello there", "Reply")
	v.press(p.target, escape)
	p.until(`!document.querySelector('.menu')`)
	p.rests(".more")
	if !eval[bool](v, `ChatbotWidget.state.open`) {
		t.Fatal("Escape in a menu closed the chat")
	}

	// Reply, correct it, delete it.
	p.menu("Hello there", "Reply")
	v.press(p.target, enter)
	p.until(`document.querySelector('.mode').textContent.includes('Hello there')`)
	p.rests("textarea")
	p.keys("An answer")
	v.press(p.target, enter)
	p.until(message("An answer") + `.querySelector('.quote')`)
	p.menu("An answer", "Edit")
	v.press(p.target, enter)
	p.wrote("An answer")
	p.rests("textarea")
	p.keys("!")
	v.press(p.target, enter)
	p.until(message("An answer!") + `.querySelector('.edited')`)
	p.menu("An answer!", "Delete")
	v.press(p.target, enter)
	p.until(`!` + message("An answer!") + ` && ` + message("This message was deleted"))
	p.rests(".bubble")

	// The composer's emoji.
	p.reach(tab, "textarea")
	p.reach(tab, "#emoji")
	v.press(p.target, enter)
	p.rests("#emojis [role=option]")
	v.press(p.target, right, enter)
	p.wrote("😃")
	p.rests("textarea")
	p.keys(" :tad")
	p.until(codeList)
	v.press(p.target, tab)
	p.wrote("😃 🎉 ")
	p.rests("textarea")
	v.press(p.target, enter)
	p.untilSaid("😃 🎉")
	p.until(`[...document.querySelectorAll('[role=log] .row')].at(-1).matches('.theirs')`) // the answer is there

	// What the header offers.
	folder := v.downloads()
	p.reach(shiftTab, ".head .save")
	v.press(p.target, enter)
	if _, text := v.saved(folder); !strings.Contains(text, "Hello there") {
		t.Errorf("saved\n%s", text)
	}
	p.rests(".head .save")
	p.reach(shiftTab, ".head .tool:not(.close, .save)")
	v.press(p.target, enter)
	p.until(`document.querySelector('.card input')`)
	link := evalIn[string](v, p.target, `document.querySelector('.card input').value`)
	p.reach(tab, ".card .copy")
	v.press(p.target, enter)
	p.until(`document.querySelector('.card .copy').textContent === 'Copied'`)
	p.reach(tab, ".card .copy ~ .plain")
	v.press(p.target, enter)
	p.until(`!document.querySelector('.card').childElementCount`)
	p.rests("textarea")

	guest := newVisitor(t)
	guest.open(link)
	guest.until(`ChatbotWidget.state.open && !location.hash`)
	q := guest.panel()
	q.until(`document.querySelector('.card form')`)
	q.reach(shiftTab, ".card input")
	q.keys("Ben")
	q.reach(tab, ".card .main")
	guest.press(q.target, enter)
	q.untilSaid("Hello there")
	q.rests("textarea")

	v.press(p.target, escape)
	v.until(`!ChatbotWidget.state.open && ` + launcherFocused)
	if problems := v.console.errors(); len(problems) > 0 {
		t.Errorf("errors on the console: %q", problems)
	}
}

// tabTo presses Tab until an expression of the document is true.
func (v *visitor) tabTo(in context.Context, js string) {
	v.t.Helper()
	for range maxTabs {
		v.press(in, tab)
		if evalIn[bool](v, in, js) {
			return
		}
	}
	v.fail("Tab does not lead to " + js)
}

// What the keyboard has come to stays in view while messages come beneath it; by the
// mouse the end is followed.
func TestChosenStaysInView(t *testing.T) {
	const inView = `((e, log) => e.top >= log.top && e.bottom <= log.bottom)(document.querySelector('[data-seq="10"]').getBoundingClientRect(), document.querySelector('#log').getBoundingClientRect())`
	w := newWorld(t)
	v, p := w.chatting()
	w.flood(p, 4)
	p.until(`document.querySelector('[data-seq="10"]') && ` + inView)
	p.reach(shiftTab, `[data-seq="10"] .more`)
	w.fill(p, 10)
	if !evalIn[bool](v, p.target, inView) {
		t.Error("what has the focus is out of view")
	}
	p.rests(`[data-seq="10"] .more`)

	p.reach(tab, "textarea")
	w.fill(p, 10)
	p.until(`!` + inView)
	p.until(`document.querySelector('#log').scrollTop === 0`)
}

// What goes while it has the focus leaves it to the composer.
func TestFocusIsNotLost(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	w.gate.closeAPI(true)
	p.until(saveButton)
	p.reach(shiftTab, ".head .save")
	v.press(p.target, enter)
	p.until(`document.querySelector('.notice .tool')`)
	p.reach(tab, ".notice .tool")
	v.press(p.target, enter)
	p.until(`!document.querySelector('.notice .tool')`)
	p.rests("textarea")
}

// withoutFieldSizing makes the frame's browser one that has none.
const withoutFieldSizing = `
	document.querySelector("#message").style.fieldSizing = "fixed";
	{
		const style = Object.getOwnPropertyDescriptor(HTMLElement.prototype, "style").get;
		const has = (style, name) => name !== "fieldSizing" && name in style;
		const set = (style, name, value) => { style[name] = value; return true; };
		Object.defineProperty(HTMLTextAreaElement.prototype, "style", { get() { return new Proxy(style.call(this), { has, set }); } });
	}
`

// The composer is as high as its text, up to a point, in each browser.
func TestComposerGrows(t *testing.T) {
	for name, before := range map[string]string{"field-sizing": "", "none": withoutFieldSizing} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gate.runBefore(before)
			v := newVisitor(t)
			v.open(w.site.URL)
			p := v.openChat()
			const height = `document.querySelector('#message').offsetHeight`
			p.until(height + ` === 44`)
			for _, want := range []string{`=== 44`, `=== 68`, `=== 92`, `=== 116`, `=== 140`, `=== 140`} {
				v.write(p.target, "a line")
				p.until(height + want)
				v.press(p.target, shiftEnter)
			}
			evalIn[bool](v, p.target, `(chatbotHost.compose(''), true)`)
			p.until(height + ` === 44`)
		})
	}
}
