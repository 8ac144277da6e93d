package e2e

import (
	"fmt"
	"testing"

	"chatbot/server/config"
)

// noticeText is what the visitor is told.
const noticeText = `document.querySelector('.notice').textContent`

// waitTold is whether a text names the seconds after which to try again.
const waitTold = `/^That was a lot at once. Please try again in \d+ seconds.$/.test(text)`

// exhaust uses up what small calls a visitor has in a minute, and does one more
// thing at once: the next call is allowed half a second later.
func (p *panel) exhaust(then string) {
	p.v.t.Helper()
	conversation, token := p.token()
	status := evalIn[int](p.v, p.target, fmt.Sprintf(`(() => {
		for (let i = 0; i < 1000; i++) {
			const call = new XMLHttpRequest();
			call.open('POST', '/api/chatbot/conversations/%s/typing', false);
			call.setRequestHeader('Authorization', 'Bearer %s');
			call.setRequestHeader('Content-Type', 'application/json');
			call.send('{"on":false}');
			if (call.status === 204) continue;
			%s;
			return call.status;
		}
		return 0;
	})()`, conversation, token, then))
	if status != 429 {
		p.v.fail(fmt.Sprintf("the limit is met with status %d", status))
	}
}

// Too much at once is told in plain words, with the wait, whatever it was: a
// reaction, or a sign of typing.
func TestLimitsAreTold(t *testing.T) {
	for _, way := range []string{"reverb", "polling"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.gate.block(way == "polling")
			v, p := w.chatting()
			v.live(way)
			evalIn[bool](v, p.target, `(`+message("Hello")+`.querySelector('.more').click(), true)`)
			p.until(message("Hello") + `.querySelector('.menu .emoji')`)
			evalIn[bool](v, p.target, `(window.told = [], new MutationObserver(() => told.push(`+noticeText+`)).observe(document.querySelector('.notice'), { childList: true, subtree: true, characterData: true }), true)`)
			p.exhaust(message("Hello") + `.querySelector('.menu .emoji').click()`)
			p.until(`told.some(text => ` + waitTold + `)`)
			p.until(noticeText + ` === ''`) // by itself, when the wait is over
			if evalIn[bool](v, p.target, message("Hello")+`.querySelector('.reactions') !== null`) {
				t.Error("what was refused is shown")
			}

			evalIn[bool](v, p.target, `(told.length = 0, true)`)
			p.exhaust(composer + `.focus(), document.execCommand('insertText', false, 'a')`)
			p.until(`told.some(text => ` + waitTold + `)`)
		})
	}
}

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
	p.until(`(text => ` + waitTold + `)(` + noticeText + `)`)
	p.until(message("Hello, you")) // nothing is half done
	v.shot("light-edit-limited")
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
