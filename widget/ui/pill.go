package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
)

// pill counts what came below while the visitor was reading above.
type pill struct {
	app.Compo

	Visible bool
	New     int
	Words   *i18n.Words
	Root    *Root
}

// Render draws the pill over the end of the log.
func (p *pill) Render() app.UI {
	place := with(box("div", "pill"), "role", "status")
	if !p.Visible {
		return place
	}
	return place.Body(
		button().OnClick(p.follow).Body(icon(iconDown), say("span", "", p.Words.Count(p.New))),
	)
}

func (p *pill) follow(ctx app.Context, _ app.Event) {
	p.Root.follow(ctx)
}
