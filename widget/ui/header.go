package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
)

// header says whose chat it is and how the link to the server is. Its close
// button is the boot script's: it works before the program runs and after it
// has died.
type header struct {
	app.Compo

	Title, Subtitle, Logo string
	// Status is what has to be said of the link; it takes the subtitle's place.
	Status string
	// Present names the people who are here; it takes the subtitle's place.
	Present string
	Online  bool
	// Inviting offers to invite somebody.
	Inviting bool
	// Saving offers the conversation as a file.
	Saving bool
	Words  *i18n.Words
	Chat   Chat
	Root   *Root
}

// Render draws the header.
func (h *header) Render() app.UI {
	classes := []string{"head"}
	if h.Online {
		classes = append(classes, "online")
	}
	if h.Status != "" {
		classes = append(classes, "troubled")
	}
	return app.Elem("header").Class(classes...).Body(
		face(h.Logo),
		app.Elem("div").Class("names").Body(
			app.Elem("h1").Class("title").DataSet("slot", "title").Text(h.Title),
			app.Elem("p").Class("subtitle").DataSet("slot", "subtitle").Text(h.subtitle()),
			app.Elem("p").Class("status").Role("status").Text(h.Status),
		),
		app.If(h.Inviting, func() app.UI {
			return button("tool").Aria("label", h.Words.Invite).Title(h.Words.Invite).OnClick(h.invite).Body(icon(iconAdd))
		}),
		app.If(h.Saving, func() app.UI {
			return button("tool", "save").Aria("label", h.Words.Save).Title(h.Words.Save).OnClick(h.save).Body(icon(iconSave))
		}),
		button("tool", "close").Aria("label", h.Words.Frame.Close).DataSet("label", "close").Body(icon(iconClose)),
	)
}

func (h *header) subtitle() string {
	if h.Present != "" {
		return h.Present
	}
	return h.Subtitle
}

func (h *header) save(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	h.Root.options.Save(h.Root.site.Lang)
}

func (h *header) invite(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	h.Chat.Do(session.Invite{})
}
