package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// Elements are made by app.Elem throughout: each of go-app's types for one tag
// would cost every visitor another kilobyte.

// button is a button that sends no form.
func button(classes ...string) app.HTMLElem {
	return app.Elem("button").Attr("type", "button").Class(classes...)
}
