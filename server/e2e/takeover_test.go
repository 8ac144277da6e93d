package e2e

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// filmFrames notes, after each frame that the chat's document paints, what stands
// in it: the message comes right after the painting.
const filmFrames = `
	window.film = [];
	{
		const { port1, port2 } = new MessageChannel();
		let first;
		const place = e => { const r = e && e.getBoundingClientRect(); return r ? [r.x, r.y, r.width, r.height].map(n => Math.round(n * 10) / 10).join() : "gone"; };
		const part = selector => { const e = document.querySelector(selector); return place(e) + " " + (e ? e.innerText : ""); };
		port1.onmessage = () => {
			const head = document.querySelector("#app .head");
			const message = document.querySelector("#message");
			if (head && head.innerText.includes("Shop help")) first ??= head;
			if (first) film.push({
				parts: ["#app .head", "#app .welcome", "#app .welcome .greeting", "#app .welcome .chips", "#composer", "#send"].map(part),
				field: place(message), text: message.value, caret: message.selectionStart,
				focused: document.activeElement === message && document.hasFocus(), taken: head !== first,
			});
			requestAnimationFrame(shoot);
		};
		const shoot = () => port2.postMessage(0);
		requestAnimationFrame(shoot);
	}
`

// picture is what filmFrames notes of one frame. Parts are places and texts.
type picture struct {
	Parts          []string
	Field, Text    string
	Caret          int
	Focused, Taken bool
}

// Nobody sees the program take over from what was painted: in no frame is
// anything gone, moved or worded otherwise, and the person who writes meanwhile
// goes on where the caret was.
func TestTakeOver(t *testing.T) {
	w := newWorld(t)
	w.gate.runBefore(filmFrames)
	release := w.gate.hold(".wasm")
	w.setPage(w.tag(`data-title="Shop help" data-subtitle="Mostly at once" data-greeting="What can we do for you?" data-suggestions="Where is my order?|Do you ship abroad?"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.until(`film.length > 5`)
	v.write(p.target, "Hello you")
	evalIn[bool](v, p.target, `(document.querySelector('#message').setSelectionRange(5, 5), film.length = 0, true)`)

	typed := "abcdefghijklm" // one line with the rest, so that the composer does not grow
	for i, letter := range strings.Split(typed, "") {
		v.write(p.target, letter)
		if i == len(typed)/2 {
			p.until(`film.length > 5`)
			release()
		}
		if i == len(typed)-5 {
			p.until(`film.at(-1).taken`)
		}
	}
	seen := evalIn[int](v, p.target, `film.length`)
	p.until(fmt.Sprintf(`film.length > %d`, seen+5))
	checkFilm(t, evalIn[string](v, p.target, `JSON.stringify(film)`), typed)
}

func checkFilm(t *testing.T, film, typed string) {
	t.Helper()
	var pictures []picture
	if err := json.Unmarshal([]byte(film), &pictures); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(pictures[0].Parts, "\n"), "What can we do for you?") || pictures[0].Taken {
		t.Fatalf("the film begins with %+v", pictures[0])
	}
	letters, before := 0, 0
	for i, got := range pictures {
		if !got.Taken {
			before++
		}
		want := pictures[0]
		// The letters come one after another, and each stays.
		for letters < len(typed) && got.Text != "Hello"+typed[:letters]+" you" {
			letters++
		}
		want.Text, want.Caret, want.Focused, want.Taken = "Hello"+typed[:letters]+" you", len("Hello")+letters, true, got.Taken
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("frame %d of %d shows\n%+v and not\n%+v", i, len(pictures), got, want)
		}
	}
	if letters != len(typed) {
		t.Errorf("%d of %d letters were kept", letters, len(typed))
	}
	if after := len(pictures) - before; before < 5 || after < 5 {
		t.Errorf("%d frames before the program took over, and %d after", before, after)
	}
}

// Whoever has come to a suggestion by the keyboard is there still when the program
// has taken over, and sees it.
func TestTakeOverKeepsTheSuggestion(t *testing.T) {
	w := newWorld(t)
	release := w.gate.hold(".wasm")
	w.setPage(w.tag(`data-suggestions="Where is my order?|Do you ship abroad?"`))
	v := newVisitor(t)
	v.open(w.site.URL)
	p := v.openChat()
	p.reach(shiftTab, "li:first-child .chip")
	evalIn[bool](v, p.target, `(window.painted = document.activeElement, true)`)
	release()
	p.until(`!painted.isConnected`)
	v.until(`ChatbotWidget.state.realtimeConnected`)
	p.rests("li:first-child .chip")
	v.press(p.target, enter)
	p.untilSaid("Where is my order?")
}
