package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
)

// page is some messages that follow each other. One whose list is the same is not
// drawn again, and costs nothing.
type page struct {
	app.Compo

	Lines []*line
	Logo  string
	Words *i18n.Words
	Chat  Chat
	Root  *Root
}

// Render draws the rows.
func (p *page) Render() app.UI {
	rows := make([]app.UI, len(p.Lines))
	for i, l := range p.Lines {
		rows[i] = &row{Line: l, Logo: p.Logo, Words: p.Words, Chat: p.Chat, Root: p.Root}
	}
	return box("div", "page", rows...)
}
