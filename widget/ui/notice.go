package ui

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// notice is the bar that tells what the visitor should know, with the one thing
// that can be done about it.
type notice struct {
	app.Compo

	Text string
	// Ended offers a new conversation. Fixed cannot be dismissed.
	Ended, Fixed bool
	Words        *i18n.Words
	Chat         Chat
}

// Render draws the bar; without a text it is empty and not seen.
func (n *notice) Render() app.UI {
	bar := with(box("div", "notice"), "role", "status")
	if n.Text == "" {
		return bar
	}
	parts := []app.UI{say("p", "", n.Text)}
	switch {
	case n.Ended:
		parts = append(parts, button("plain").OnClick(n.act).Text(n.Words.StartOver))
	case !n.Fixed:
		parts = append(parts, button("tool").Aria("label", n.Words.Dismiss).OnClick(n.act).Body(icon(iconClose)))
	}
	return bar.Body(parts...)
}

func (n *notice) act(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	if n.Ended {
		n.Chat.Do(session.StartOver{})
		return
	}
	n.Chat.Do(session.Dismiss{})
}

// noticeFor is what the bar says of a state.
func noticeFor(s session.State, w *i18n.Words) notice {
	switch {
	case s.Ended:
		return notice{Text: w.Ended, Ended: true}
	case s.Notice.Again && s.Notice.Code == wire.CodeRateLimited:
		if s.Notice.RetryAfter <= 1 {
			return notice{Text: w.Failed}
		}
		return notice{Text: i18n.With(w.Again, "n", strconv.Itoa(s.Notice.RetryAfter))}
	case s.Notice.Again && (s.Notice.Code == wire.CodeTooLate || s.Notice.Code == wire.CodeMessageDeleted || s.Notice.Code == wire.CodeNotFound):
		return notice{Text: w.TooLate}
	case s.Notice.Code != "":
		return notice{Text: problem(w, s.Notice.Code, s.Notice.Text, s.Config.Limits.MessageChars, s.Notice.RetryAfter)}
	case s.Unsaved && len(s.Outbox)+len(s.Messages) > 0:
		return notice{Text: w.Unsaved, Fixed: true}
	}
	return notice{}
}
