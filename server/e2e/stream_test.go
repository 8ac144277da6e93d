package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chatbot/widget/wire"
)

// writer is the site's backend that writes an answer word by word.
type writer struct {
	w       *world
	message wire.Message
	length  int
}

func (w *world) writes(conversation, first string) *writer {
	w.t.Helper()
	var answer wire.SendAnswer
	w.asSite("POST", strings.Replace(wire.PathMessages, "{id}", conversation, 1), wire.SendRequest{
		ClientID: fmt.Sprintf("stream-%d", time.Now().UnixNano()), Body: first, Status: wire.StatusStreaming, Author: &wire.Author{Role: wire.RoleAgent, Name: "Zoë"},
	}, &answer)
	return &writer{w, answer.Message, len(first)}
}

func (x *writer) path() string {
	return strings.NewReplacer("{id}", x.message.ConversationID, "{message}", x.message.ID).Replace(wire.PathMessage)
}

func (x *writer) goOn(words string) {
	x.w.t.Helper()
	x.w.asSite("PATCH", x.path(), wire.EditRequest{Append: words, Offset: x.length}, nil)
	x.length += len(words)
}

func (x *writer) end(status wire.Status) {
	x.w.t.Helper()
	x.w.asSite("PATCH", x.path(), wire.EditRequest{Status: status}, nil)
}

// shown is the text of the answer that is being written, as it is drawn.
const shown = `(e => e ? e.querySelector('.text').textContent.replaceAll('▍', '').trim() : '')([...document.querySelectorAll('.row[aria-live=off]')].pop())`

// An answer appears word by word, on every way, also for somebody who comes
// midway. Whoever hears the chat hears it once, when it is whole.
func TestStreamedAnswer(t *testing.T) {
	for _, way := range []string{"reverb", "polling"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.gate.block(way == "polling")
			ann, a := w.chatting()
			ann.live(way)
			conversation, _ := a.token()
			evalIn[bool](ann, a.target, `(window.heard = [], new MutationObserver(() => {
				const said = document.querySelector('.paper > .heard').textContent;
				if (said) heard.push(said);
			}).observe(document.querySelector('.paper > .heard'), { childList: true, characterData: true, subtree: true }), true)`)

			x := w.writes(conversation, "Grüße: ")
			a.until(shown + ` === 'Grüße:' && document.querySelector('.writing').getAttribute('aria-busy') === 'true'`)
			x.goOn("**one**")
			a.until(shown + `.replaceAll('*', '') === 'Grüße: one'`)
			ben := newVisitor(t)
			b := ben.accept(a.invite(), "Ben")
			b.until(shown + `.replaceAll('*', '') === 'Grüße: one'`)
			ben.live(way)
			x.goOn(" and two")
			for _, p := range []*panel{a, b} {
				p.until(shown + `.replaceAll('*', '') === 'Grüße: one and two' && [...document.querySelectorAll('.writing .stop')].length === 1`)
			}
			ann.shot("light-streaming-" + way)
			if n := evalIn[int](ann, a.target, `heard.length`); n != 0 {
				t.Errorf("%d texts were read out while the answer was written", n)
			}
			x.end(wire.StatusComplete)
			for _, p := range []*panel{a, b} {
				p.until(`!document.querySelector('.writing') && ` + shown + ` === 'Grüße: one and two' && document.querySelector('[aria-live=off] strong').textContent === 'one'`)
			}
			a.until(`heard.length > 0`)
			if got := evalIn[string](ann, a.target, `JSON.stringify(heard)`); got != `["Zoë: Grüße: one and two"]` {
				t.Errorf("read out was %s", got)
			}
			if problems := ann.console.errors(); way == "reverb" && len(problems) > 0 {
				t.Errorf("errors on the console: %q", problems)
			}
		})
	}
}

// Anybody in the conversation can stop an answer. What was said stays.
func TestStoppedAnswer(t *testing.T) {
	w := newWorld(t)
	ann, a := w.chatting()
	ann.live("reverb")
	conversation, _ := a.token()
	x := w.writes(conversation, "A long story")
	a.until(`document.querySelector('.writing .stop')`)
	evalIn[bool](ann, a.target, `(document.querySelector('.writing .stop').click(), true)`)
	a.until(`!document.querySelector('.writing') && ` + message("A long story") + `.querySelector('.receipt').textContent === 'Stopped'`)
	ann.shot("light-stopped")
	var page wire.Page
	w.asSite("GET", strings.Replace(wire.PathMessages, "{id}", conversation, 1), nil, &page)
	if last := page.Messages[len(page.Messages)-1]; last.ID != x.message.ID || last.Status != wire.StatusStopped || last.Body != "A long story" {
		t.Errorf("stored is %+v", last)
	}
}

// An answer whose writer is gone ends, and says so.
func TestBrokenAnswer(t *testing.T) {
	w := newWorld(t)
	ann, a := w.chatting()
	ann.live("reverb")
	conversation, _ := a.token()
	x := w.writes(conversation, "Half of")
	x.goOn(" it")
	a.until(shown + ` === 'Half of it'`)
	w.stop()
	w.start()
	a.until(`!document.querySelector('.writing') && ` + message("Half of it") + `.querySelector('.receipt').textContent === 'The answer was cut short.'`)
}

// A reader of what stands above is left in peace while an answer is written.
func TestStreamMovesNobody(t *testing.T) {
	w := newWorld(t)
	ann, a := w.chatting()
	ann.live("reverb")
	conversation, _ := a.token()
	for i := range 40 {
		w.asAgent(conversation, fmt.Sprintf("Message %d.", i+1))
	}
	a.untilSaid("Message 40.")
	x := w.writes(conversation, "Word")
	a.until(shown + ` === 'Word'`)
	place := `Math.round([...document.querySelectorAll('.row')].find(r => r.textContent.includes('Message 20.')).getBoundingClientRect().top)`
	a.until(`([...document.querySelectorAll('.row')].find(r => r.textContent.includes('Message 20.')).scrollIntoView(), document.querySelector('.pill button'))`)
	before := evalIn[int](ann, a.target, place)
	for range 5 {
		x.goOn(strings.Repeat(" and another word", 20))
	}
	x.end(wire.StatusComplete)
	a.until(`!document.querySelector('.writing') && ` + shown + `.length > 1500`)
	if after := evalIn[int](ann, a.target, place); after != before {
		t.Errorf("the message that was read stood at %d and stands at %d", before, after)
	}
}
