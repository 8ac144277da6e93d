package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
)

// invitation is the card about a conversation of several: the link that was
// made for somebody else, or the question whether to follow one.
type invitation struct {
	app.Compo

	// Link is the one that was made, empty where there is none.
	Link string
	// Offer is the code of an invitation to be answered, Leaving that a conversation would be left.
	Offer   string
	Leaving bool
	Words   *i18n.Words
	Chat    Chat
}

// The field's id; its text is read when the form is sent.
const nameField = "guest-name"

// Render draws the card; with neither it is empty and not seen.
func (i *invitation) Render() app.UI {
	card := with(box("div", "card"), "role", "status")
	switch {
	case i.Offer != "":
		return card.Body(i.question())
	case i.Link != "":
		return card.Body(
			say("p", "", i.Words.InviteHint),
			box("div", "line",
				with(box("input", ""), "type", "text", "readonly", "true", "dir", "ltr", "aria-label", i.Words.InviteLink, "value", i.Link),
				button("plain", "copy").DataSet("done", i.Words.Copied).Text(i.Words.Copy),
				button("plain").OnClick(i.putAway).Text(i.Words.Done),
			),
		)
	}
	return card
}

func (i *invitation) question() app.UI {
	text := i.Words.Invited
	if i.Leaving {
		text = i.Words.InvitedLeave
	}
	return with(box("form", "",
		say("p", "", text),
		with(box("input", ""), "type", "text", "id", nameField, "maxlength", "80", "dir", "auto", "placeholder", i.Words.Name, "aria-label", i.Words.Name),
		box("div", "line",
			with(say("button", "main", i.Words.Join), "type", "submit"),
			button("plain").OnClick(i.decline).Text(i.Words.NotNow),
		),
	), "autocomplete", "off").OnSubmit(i.join)
}

func (i *invitation) join(ctx app.Context, e app.Event) {
	e.PreventDefault()
	ctx.PreventUpdate()
	name := app.Window().GetElementByID(nameField).Get("value").String()
	i.Chat.Do(session.Join{Code: i.Offer, Name: readable(name)})
}

func (i *invitation) decline(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	i.Chat.Do(session.Decline{})
}

func (i *invitation) putAway(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	i.Chat.Do(session.PutAway{})
}

// invitationFor is the card for a state on a page.
func invitationFor(s session.State, page string) invitation {
	card := invitation{Offer: s.Offer, Leaving: s.ConversationID != ""}
	if s.Invitation != nil && page != "" {
		card.Link = page + "#chatbot-invite=" + s.Invitation.Code
	}
	return card
}
