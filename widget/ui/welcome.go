package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

// welcome is what stands in the log before anything was said: the greeting and
// what one might ask. Once the talk has begun, the greeting is its first line.
type welcome struct {
	app.Compo

	Greeting, Logo string
	Suggestions    []string
	Chat           Chat
}

// Render draws both forms; the style sheet shows the one that fits.
func (w *welcome) Render() app.UI {
	chips := make([]app.UI, len(w.Suggestions))
	for i, text := range w.Suggestions {
		chips[i] = &chip{Text: text, Chat: w.Chat}
	}
	return box("div", "begin",
		box("div", "welcome",
			face(w.Logo),
			with(say("p", "greeting", w.Greeting), "dir", "auto", "data-slot", "greeting"),
			with(box("ul", "chips", chips...), "data-slot", "suggestions"),
		),
		box("div", "row theirs first last greeted",
			face(w.Logo),
			box("div", "stack",
				with(say("p", "bubble", w.Greeting), "dir", "auto", "data-slot", "greeting"),
			),
		),
	)
}
