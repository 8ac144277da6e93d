package e2e

import (
	"fmt"
	"testing"
)

// message is the row of the message with a text.
func message(text string) string {
	return fmt.Sprintf(`[...%s.querySelectorAll('.row')].find(r => r.querySelector('.text') && r.querySelector('.text').textContent.includes(%s))`, logBox, quote(text))
}

// act opens a message's menu by its button and presses what has a name.
func (p *panel) act(text, name string) {
	p.v.t.Helper()
	row := message(text)
	p.until(row + ` && ` + row + `.querySelector('.more')`)
	evalIn[bool](p.v, p.target, `(`+row+`.querySelector('.more').click(), true)`)
	button := fmt.Sprintf(`[...%s.querySelectorAll('.menu button')].find(b => b.textContent === %s)`, row, quote(name))
	p.until(button)
	p.v.shot("light-menu")
	evalIn[bool](p.v, p.target, `(`+button+`.click(), true)`)
	p.until(`!` + row + ` || !` + row + `.querySelector('.menu')`)
}

// Two people react, answer, correct and delete, and see each other's doings, by
// socket and by polling.
func TestActions(t *testing.T) {
	for _, way := range []string{"reverb", "polling"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.gate.block(way == "polling")
			ann, a := w.chatting()
			ann.live(way)
			ben := newVisitor(t)
			b := ben.accept(a.invite(), "Ben")
			b.untilSaid("Hello")
			ben.live(way)

			b.act("Hello", "👍")
			count := message("Hello") + `.querySelector('.reactions .emoji').textContent`
			a.until(count + ` === '👍 1' && ` + message("Hello") + `.querySelector('.reactions .emoji').title === 'Ben'`)
			evalIn[bool](ann, a.target, `(`+message("Hello")+`.querySelector('.reactions .emoji').click(), true)`)
			b.until(count + ` === '👍 2'`)
			evalIn[bool](ann, a.target, `(`+message("Hello")+`.querySelector('.reactions .emoji').click(), true)`)
			b.until(count + ` === '👍 1'`)

			b.act("Hello", "Reply")
			b.until(`document.querySelector('.mode').textContent.includes('Hello')`)
			ben.shot("light-replying")
			b.say("An answer to that")
			a.until(message("An answer to that") + ` && ` + message("An answer to that") + `.querySelector('.quote').textContent.includes('Hello')`)

			b.act("An answer to that", "Edit")
			b.until(`document.querySelector('textarea').value === 'An answer to that'`)
			evalIn[bool](ben, b.target, `(document.querySelector('textarea').select(), true)`)
			b.say("A better answer")
			a.until(message("A better answer") + ` && ` + message("A better answer") + `.querySelector('.edited')`)
			ann.shot("light-edited-" + way)

			b.act("A better answer", "Delete")
			a.until(message("This message was deleted"))
			b.until(message("This message was deleted"))
			if evalIn[bool](ann, a.target, message("Hi there!")+`.querySelector('.menu') !== null`) {
				t.Error("a menu is open")
			}
			for _, v := range []*visitor{ann, ben} {
				if problems := v.console.errors(); way == "reverb" && len(problems) > 0 {
					t.Errorf("errors on the console: %q", problems)
				}
			}
		})
	}
}
