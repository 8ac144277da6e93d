package e2e

import "testing"

// keepGo makes the program's support object findable, whose class comes after the
// frame's script.
const keepGo = `{
	let made;
	Object.defineProperty(window, "Go", { get: () => made, set: Go => { made = class extends Go { constructor() { super(); window.theGo = this } } } });
}`

// A program that holds on to too many values is made anew while nobody looks:
// the conversation and what was being written are there afterwards, and it may
// happen as often as it must.
func TestRenewed(t *testing.T) {
	w := newWorld(t)
	w.gate.runBefore(keepGo)
	v, p := w.chatting()
	v.write(p.target, "Not sent yet")
	for range 3 {
		evalIn[bool](v, p.target, `(theGo._values.push(...Array(60000)), true)`)
		eval[bool](v, `(ChatbotWidget.close(), true)`)
		p = &panel{v: v, target: v.otherFrame(p)}
		p.until(`window.theGo && theGo._values`)
		eval[bool](v, `(ChatbotWidget.open(), true)`)
		p.until(`document.activeElement.value === 'Not sent yet'`)
		p.untilSaid("Hello")
	}
	p.v.press(p.target, enter)
	p.untilAnswers(2)
	if got := p.mine(); got != "Hello,Not sent yet" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// While somebody writes, nothing is made anew.
func TestNotRenewedWhileWriting(t *testing.T) {
	w := newWorld(t)
	w.gate.runBefore(keepGo + `{ const every = setInterval; window.setInterval = (fn, ms) => every(fn, ms / 50) }`)
	v, p := w.chatting()
	evalIn[bool](v, p.target, `(theGo._values.push(...Array(60000)), true)`)
	p.say("Thank you")
	p.untilAnswers(2)
	p.say("And then?")
	p.untilAnswers(3)
}

// countTimers counts the timers that have been set and have neither come nor been
// dropped.
const countTimers = `{
	const { setTimeout: set, clearTimeout: clear } = window;
	window.timers = new Set();
	window.setTimeout = (fn, ms, ...rest) => {
		const id = set(() => { timers.delete(id); fn(...rest) }, ms);
		timers.add(id);
		return id;
	};
	window.clearTimeout = id => { timers.delete(id); clear(id) };
}`

// A program that rests leaves one timer behind, not one for every time that it has
// rested: each would wake it, for it to rest and leave another.
func TestFewTimers(t *testing.T) {
	w := newWorld(t)
	w.gate.runBefore(countTimers)
	ann, p := w.chatting()
	ann.live("reverb")
	w.fill(p, 50)
	if n := evalIn[int](ann, p.target, `timers.size`); n > 10 {
		t.Errorf("%d timers are waiting after 50 messages", n)
	}
}
