package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// Elements are made by app.Elem throughout: each of go-app's types for one tag
// would cost every visitor another kilobyte.

// button is a button that sends no form.
func button(classes ...string) app.HTMLElem {
	return app.Elem("button").Attr("type", "button").Class(classes...)
}

// box is an element with others in it.
func box(tag, class string, inside ...app.UI) app.HTMLElem {
	e := app.Elem(tag).Body(inside...)
	if class != "" {
		e = e.Class(class)
	}
	return e
}

// say is an element with a text.
func say(tag, class, text string) app.HTMLElem { return box(tag, class).Text(text) }

// with is an element with attributes, given as names and values in turn. Every
// call in a chain of them costs more than the two strings.
func with(e app.HTMLElem, attributes ...string) app.HTMLElem {
	for i := 0; i+1 < len(attributes); i += 2 {
		e = e.Attr(attributes[i], attributes[i+1])
	}
	return e
}
