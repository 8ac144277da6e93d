package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	right    = key{name: "ArrowRight", code: 39}
	left     = key{name: "ArrowLeft", code: 37}
	up       = key{name: "ArrowUp", code: 38}
	down     = key{name: "ArrowDown", code: 40}
	home     = key{name: "Home", code: 36}
	end      = key{name: "End", code: 35}
	shiftTab = key{name: "Tab", code: 9, modifiers: 8}
)

const (
	composer  = `document.querySelector('textarea')`
	emojiList = `document.querySelector('#emojis')`
	codeList  = `document.querySelector('#codes')`
	focused   = `document.activeElement`
)

// wrote waits until the composer holds a text.
func (p *panel) wrote(text string) {
	p.v.t.Helper()
	p.until(composer + `.value === ` + quote(text))
}

// keys writes a text as a keyboard does, key by key.
func (p *panel) keys(text string) {
	p.v.t.Helper()
	for _, r := range text {
		p.v.press(p.target, key{name: string(r), text: string(r)})
	}
}

// openPicker opens the picker from the composer by the keyboard.
func (p *panel) openPicker() {
	p.v.t.Helper()
	evalIn[bool](p.v, p.target, `(document.querySelector('#emoji').focus(), true)`)
	p.v.press(p.target, enter)
	p.until(emojiList + ` && ` + focused + `.getAttribute('role') === 'option'`)
}

// The picker is loaded when it is first wanted, and is all the keyboard's.
func TestEmojiPicker(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	for _, file := range w.gate.delivered() {
		if strings.Contains(file.path, "chatbot-emoji") {
			t.Error("the emoji were loaded before anybody wanted them")
		}
	}
	v.write(p.target, "ab")
	v.press(p.target, left)
	p.openPicker()
	p.until(`document.querySelector('#emoji').getAttribute('aria-expanded') === 'true'`)
	p.until(focused + `.textContent === '😀' && ` + focused + `.getAttribute('aria-label') === 'grinning face'`)
	p.until(`getComputedStyle(` + focused + `).outlineStyle !== 'none'`)
	v.shot("light-emoji")

	columns := evalIn[int](v, p.target, `getComputedStyle(`+emojiList+`.querySelector('[role=group]')).gridTemplateColumns.split(' ').length`)
	at := func(i int) string {
		return fmt.Sprintf(`%s === %s.querySelectorAll('[role=option]')[%d] && %s.querySelectorAll("[tabindex='0']").length === 1 && %s.tabIndex === 0`, focused, emojiList, i, emojiList, focused)
	}
	for _, step := range []struct {
		key key
		at  int
	}{{right, 1}, {down, columns + 1}, {left, columns}, {up, 0}, {up, 0}, {left, 0}} {
		v.press(p.target, step.key)
		p.until(at(step.at))
	}
	v.press(p.target, end)
	p.until(focused + `.textContent === '🇪🇺'`)
	v.press(p.target, home)
	p.until(at(0))
	p.keys("pizza")
	p.until(focused + `.textContent === '🍕'`)

	v.press(p.target, escape)
	p.until(`!` + emojiList + ` && ` + focused + `.id === 'emoji' && ` + focused + `.getAttribute('aria-expanded') === 'false'`)
	if !eval[bool](v, `ChatbotWidget.state.open`) {
		t.Fatal("Escape in the picker closed the chat")
	}

	v.press(p.target, space)
	p.until(emojiList)
	v.press(p.target, right, enter)
	p.wrote("a😃b")
	p.until(`!` + emojiList + ` && ` + focused + ` === ` + composer)
	v.press(p.target, enter)
	p.untilSaid("a😃b")

	p.openPicker()
	v.press(p.target, tab)
	p.until(`!` + emojiList)
	p.openPicker()
	box := evalIn[[]float64](v, p.target, `(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector('.head .title').getBoundingClientRect())`)
	p.v.clickIn(p, box[0], box[1])
	p.until(`!` + emojiList)
	if problems := v.console.errors(); len(problems) > 0 {
		t.Errorf("errors on the console: %q", problems)
	}
}

// clickIn clicks with the mouse at a place of the frame.
func (v *visitor) clickIn(p *panel, x, y float64) {
	v.t.Helper()
	at := eval[[]float64](v, `(r => [r.x, r.y])(`+root+`.querySelector('iframe').getBoundingClientRect())`)
	v.do(chromedp.MouseClickXY(at[0]+x, at[1]+y))
}

// Any emoji of the picker can be a reaction.
func TestEmojiReaction(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	row := message("Hello")
	evalIn[bool](v, p.target, `(`+row+`.querySelector('.more').focus(), true)`)
	v.press(p.target, enter)
	p.until(row + `.querySelector('.menu .pick')`)
	evalIn[bool](v, p.target, `(`+row+`.querySelector('.pick').focus(), true)`)
	v.press(p.target, enter)
	p.until(focused + `.textContent === '😀'`)
	v.press(p.target, escape)
	p.until(`!` + emojiList + ` && ` + focused + `.classList.contains('pick')`)
	v.press(p.target, enter)
	p.until(focused + `.textContent === '😀'`)
	p.keys("rocket")
	v.press(p.target, enter)
	p.until(row + `.querySelector('.reactions .emoji').textContent === '🚀 1'`)
	p.until(`!` + row + `.querySelector('.menu') && ` + focused + `.classList.contains('bubble')`)
	if got := evalIn[string](v, p.target, composer+`.value`); got != "" {
		t.Errorf("the composer holds %q", got)
	}
}

// Shortcodes are offered as they are typed, and become what they stand for.
func TestShortcodes(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	p.keys("Well :smi")
	p.until(codeList + ` && ` + codeList + `.childElementCount === 5`)
	p.until(composer + `.getAttribute('aria-autocomplete') === 'list' && ` + composer + `.getAttribute('aria-controls') === 'codes'`)
	active := `document.getElementById(` + composer + `.getAttribute('aria-activedescendant'))`
	p.until(active + `.textContent === '😄 :smile:' && ` + active + `.getAttribute('aria-selected') === 'true'`)
	v.shot("light-shortcodes")
	v.press(p.target, down)
	p.until(active + `.textContent === '😏 :smirk:'`)
	v.press(p.target, up, up, down, tab)
	p.wrote("Well 😄 ")
	p.until(`!` + codeList + ` && !` + composer + `.hasAttribute('aria-activedescendant') && ` + focused + ` === ` + composer)

	p.keys(":roc")
	p.until(active + `.textContent === '🚀 :rocket:'`)
	v.press(p.target, enter)
	p.wrote("Well 😄 🚀 ")

	p.keys(":tada")
	p.until(codeList)
	v.press(p.target, escape)
	p.until(`!` + codeList)
	if !eval[bool](v, `ChatbotWidget.state.open`) {
		t.Fatal("Escape in the list closed the chat")
	}
	p.keys(":")
	p.wrote("Well 😄 🚀 🎉")
	evalIn[bool](v, p.target, `document.execCommand('undo')`)
	p.wrote("Well 😄 🚀 :tada:")

	// What only looks like one is left alone.
	evalIn[bool](v, p.target, `(`+composer+`.select(), true)`)
	p.keys("at 10:30:15 see http://x:80:smile: or :nosuch: ok")
	p.wrote("at 10:30:15 see http://x:80:smile: or :nosuch: ok")
	v.press(p.target, enter)
	p.untilSaid(":nosuch: ok")
}

// An offer that is clicked is taken, and one whose word was left goes.
func TestShortcodeByMouse(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	p.keys(":pizz")
	p.until(codeList)
	v.press(p.target, left)
	p.until(`!` + codeList)
	v.press(p.target, right)
	p.keys("a")
	p.until(codeList)
	box := evalIn[[]float64](v, p.target, `(r => [r.x + 20, r.y + r.height / 2])(`+codeList+`.firstElementChild.getBoundingClientRect())`)
	v.clickIn(p, box[0], box[1])
	p.wrote("🍕 ")
	p.until(focused + ` === ` + composer)
}

// The emoji cannot be loaded: nothing else suffers, and later they can.
func TestEmojiNotLoaded(t *testing.T) {
	w := newWorld(t)
	file := hashed(t, "chatbot-emoji.js")
	w.gate.deny(file)
	v, p := w.chatting()
	p.say("A :smile: that stays one")
	p.untilSaid("A :smile: that stays one")
	evalIn[bool](v, p.target, `(document.querySelector('#emoji').click(), true)`)
	w.gate.deny("")
	// As a person who presses again after a second without an answer.
	p.until(emojiList + ` || performance.now() - (window.pressed || 0) > 1000 && (window.pressed = performance.now(), document.querySelector('#emoji').click(), false)`)
}

// In German, from right to left, and on a narrow phone.
func TestEmojiLooks(t *testing.T) {
	for _, c := range []struct {
		name, html, label string
		width, height     int64
		dark              bool
		forward           key
	}{
		{"german-dark", `<html lang="de">`, "grinsendes Gesicht", 1280, 800, true, right},
		{"rtl", `<html lang="ar" dir="rtl">`, "grinning face", 1280, 800, false, left},
		{"narrow", `<html lang="en">`, "grinning face", 320, 568, false, right},
		{"phone", `<html lang="en">`, "grinning face", 390, 844, false, right},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			theme := ""
			if c.dark {
				theme = `data-theme="dark"`
			}
			w.setDocument(`<!doctype html>` + c.html + `<head><meta name="viewport" content="width=device-width"><title>A site</title><link rel="icon" href="data:,"></head><body>` + w.tag(theme) + `</body></html>`)
			v := newVisitor(t)
			v.do(chromedp.EmulateViewport(c.width, c.height))
			v.open(w.site.URL)
			p := v.openChat()
			p.openPicker()
			p.until(focused + `.getAttribute('aria-label') === ` + quote(c.label))
			v.press(p.target, c.forward)
			p.until(focused + `.textContent === '😃'`)
			v.shot(c.name + "-emoji")
			fits := `(r => r.left >= 0 && r.top >= 0 && r.right <= innerWidth)(` + emojiList + `.getBoundingClientRect()) && document.documentElement.scrollWidth <= innerWidth && ` + emojiList + `.scrollWidth <= ` + emojiList + `.clientWidth`
			if !evalIn[bool](v, p.target, fits) {
				t.Error("the picker does not fit")
			}
			v.press(p.target, enter)
			p.wrote("😃")
			p.keys(" :hea")
			p.until(codeList)
			v.shot(c.name + "-shortcodes")
		})
	}
}
