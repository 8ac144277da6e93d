package e2e

import (
	"testing"

	"chatbot/server/config"
)

// noticeText is what the visitor is told.
const noticeText = `document.querySelector('.notice').textContent`

// Too much at once is told in plain words, with the wait, whatever it was: a
// reaction, a sign of typing, an invitation.
func TestLimitsAreTold(t *testing.T) {
	for _, way := range []string{"reverb", "polling"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.gate.block(way == "polling")
			v, p := w.chatting()
			v.live(way)
			for _, c := range []struct {
				name, path string
				do         func()
			}{
				{"reaction", "/reactions/", func() { p.act("Hello", "👍") }},
				{"typing", "/typing", func() { v.write(p.target, "a") }},
				{"invitation", "/invitations", func() { p.click(`document.querySelector('.head .tool:not(.close, .save)')`) }},
			} {
				w.gate.limit(c.path)
				c.do()
				p.until(noticeText + ` === 'That was a lot at once. Please try again in 2 seconds.'`)
				v.shot("light-limited-" + c.name)
				p.until(noticeText + ` === ''`) // by itself, when the wait is over
			}
			if evalIn[bool](v, p.target, message("Hello")+`.querySelector('.reactions') !== null`) {
				t.Error("what was refused is shown")
			}
		})
	}
}

// An edit counts as a message, and is told of when there were too many.
func TestEditLimitIsTold(t *testing.T) {
	w := newWorld(t, func(c *config.Serve) { c.RateMessages = 2 })
	v, p := w.chatting()
	edit := func(text string) {
		t.Helper()
		p.act("Hello", "Edit")
		p.wrote("Hello")
		evalIn[bool](v, p.target, `(`+composer+`.select(), true)`)
		p.say(text)
	}
	edit("Hello, you")
	p.until(message("Hello, you"))
	p.act("Hello, you", "Delete")
	p.until(`/^That was a lot at once. Please try again in \d+ seconds.$/.test(` + noticeText + `)`)
	p.until(message("Hello, you")) // nothing is half done
	v.shot("light-edit-limited")
}

// A correction that does not get through is there to be sent again.
func TestCorrectionComesBack(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	p.act("Hello", "Edit")
	p.wrote("Hello")
	evalIn[bool](v, p.target, `(`+composer+`.select(), true)`)
	w.gate.limit("/messages/")
	p.say("Hello, you")
	p.until(composer + `.value === 'Hello, you' && document.querySelector('.mode').textContent.includes('Edit message')`)
	p.until(noticeText + `.startsWith('That was a lot at once.')`)
	v.shot("light-correction-back")
	w.gate.limit("")
	v.press(p.target, enter)
	p.until(message("Hello, you"))
	if got := p.mine(); got != "Hello, you" {
		t.Errorf("the visitor's own messages are %q", got)
	}
}

// What is no emoji is refused in plain words.
func TestNoEmojiIsTold(t *testing.T) {
	w := newWorld(t)
	v, p := w.chatting()
	evalIn[bool](v, p.target, `(`+message("Hello")+`.querySelector('.more').click(), true)`)
	field := message("Hello") + `.querySelector('.menu input')`
	p.until(field)
	evalIn[bool](v, p.target, `(`+field+`.focus(), true)`)
	p.keys("x")
	v.press(p.target, enter)
	p.until(noticeText + `.includes('emoji')`)
	if evalIn[bool](v, p.target, message("Hello")+`.querySelector('.reactions') !== null`) {
		t.Error("a letter became a reaction")
	}
}
