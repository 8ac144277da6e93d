package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// face is the owner's logo, or our own picture where there is none.
func face(logo string) app.UI {
	f := with(box("span", "face"), "aria-hidden", "true")
	if logo != "" {
		return f.Body(with(box("img", ""), "src", logo, "alt", ""))
	}
	return f.Body(icon(iconChat))
}
