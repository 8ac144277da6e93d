package ui

import "github.com/maxence-charriere/go-app/v10/pkg/app"

const svgNS = "http://www.w3.org/2000/svg"

// The icons: paths on a grid of 24, drawn with a stroke of 1.75.
const (
	iconChat  = "M12 4c-4.7 0-8.5 3.2-8.5 7.2 0 2.2 1.2 4.2 3 5.5L6 20.5l4.2-2.2c.6.1 1.2.1 1.8.1 4.7 0 8.5-3.2 8.5-7.2S16.7 4 12 4z"
	iconClose = "M6 6l12 12M18 6L6 18"
	iconStop  = "M7 7h10v10H7z"
	iconAdd   = "M10 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5zM3 20c.4-3.6 3.3-5.5 7-5.5 1.3 0 2.5.2 3.5.7M18 14v6M15 17h6"
	iconDown  = "M12 5v14M6 13l6 6 6-6"
	iconSave  = "M12 4v11M7 10.5l5 5 5-5M5 20h14"
	iconPage  = "M7 3.5h7l4 4v13H7zM14 3.5v4h4M10 12h5M10 16h5"
)

// icon is a picture that says nothing to those who cannot see it.
func icon(path string) app.UI {
	return app.Elem("svg").XMLNS(svgNS).
		Class("icon").
		Attr("viewBox", "0 0 24 24").
		Aria("hidden", true).
		Body(app.Elem("path").XMLNS(svgNS).Attr("d", path))
}
