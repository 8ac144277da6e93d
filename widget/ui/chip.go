package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/session"
)

// chip is something the visitor may say with one touch.
type chip struct {
	app.Compo

	Text string
	Chat Chat
}

// Render draws the chip as an item of a list.
func (c *chip) Render() app.UI {
	return box("li", "",
		button("chip").Dir("auto").OnClick(c.say).Text(c.Text),
	)
}

func (c *chip) say(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	c.Chat.Do(session.Send{Text: c.Text})
}
