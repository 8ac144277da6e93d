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
	return app.Elem("div").Class("begin").Body(
		app.Elem("div").Class("welcome").Body(
			face(w.Logo),
			app.Elem("p").Class("greeting").Dir("auto").DataSet("slot", "greeting").Text(w.Greeting),
			app.Elem("ul").Class("chips").DataSet("slot", "suggestions").Body(chips...),
		),
		app.Elem("div").Class("row", "theirs", "first", "last", "greeted").Body(
			face(w.Logo),
			app.Elem("div").Class("stack").Body(
				app.Elem("p").Class("bubble").Dir("auto").DataSet("slot", "greeting").Text(w.Greeting),
			),
		),
	)
}
