package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// face is the owner's logo, or our own picture where there is none.
func face(logo string) app.UI {
	f := app.Elem("span").Class("face").Aria("hidden", true)
	if logo != "" {
		return f.Body(app.Elem("img").Attr("src", logo).Attr("alt", ""))
	}
	return f.Body(icon(iconChat))
}
