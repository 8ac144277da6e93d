package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// face is the owner's logo, or our own picture where there is none.
func face(logo string) app.UI {
	f := app.Span().Class("face").Aria("hidden", true)
	if logo != "" {
		return f.Body(app.Img().Src(logo).Alt(""))
	}
	return f.Body(icon(iconChat))
}
