package ui

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// row is one message. It is drawn again only when its line has changed, which
// go-app sees at once where it is the same one.
type row struct {
	app.Compo

	Line   *line
	Common *common
}

// common is what all rows are given alike. It is one for all, so that there is
// one thing to compare where it has not changed.
type common struct {
	Logo  string
	Words *i18n.Words
	Chat  Chat
	Root  *Root
}

// Render draws the row.
func (r *row) Render() app.UI {
	if r.Line.Role == wire.RoleSystem {
		return app.Elem("div").Class("row", "system").DataSet("role", r.Line.Role).Body(with(say("p", "", r.Line.Body), "dir", "auto"))
	}
	drawn := app.Elem("div").Class(r.classes()...).DataSet("role", r.Line.Role).DataSet("seq", r.Line.Seq)
	if r.Line.Heard {
		drawn = drawn.Aria("live", "off").Aria("busy", strconv.FormatBool(r.Line.Writing))
	}
	return drawn.Body(
		r.divider(),
		r.face(),
		box("div", "stack",
			r.author(),
			r.bubble(),
			r.tools(),
			r.menu(),
			r.reactions(),
			with(say("time", "", r.Line.Clock), "datetime", r.Line.Stamp),
			r.fate(),
		),
	)
}

// classes always stand in the same order: a change of it would be one of the
// document.
func (r *row) classes() []string {
	l := r.Line
	classes := []string{"row", "theirs"}
	if l.Mine {
		classes[1] = "mine"
	}
	for _, c := range []struct {
		name  string
		holds bool
	}{
		{"first", l.First},
		{"last", l.Last},
		{"fresh", l.Fresh},
		{"gone", l.Deleted},
		{"writing", l.Writing},
		{"unread", l.Unread},
		{"day", l.Day != "" && !l.Unread},
		{"pending", l.State == session.Queued || l.State == session.Sending},
		{"failed", l.State == session.Failed},
	} {
		if c.holds {
			classes = append(classes, c.name)
		}
	}
	return classes
}

// divider stands above what was not read when the panel was opened, and where a
// day begins.
func (r *row) divider() app.UI {
	text := r.Line.Day
	if r.Line.Unread {
		text = r.Common.Words.New
	}
	if text == "" {
		return nil
	}
	return say("p", "divider", text)
}

// face stands beside the last message of a group: the bot's is the owner's.
func (r *row) face() app.UI {
	switch {
	case r.Line.Mine:
		return nil
	case !r.Line.Last:
		return box("span", "face none")
	case r.Line.Role == wire.RoleBot:
		return face(r.Common.Logo)
	}
	return with(say("span", "face letter", initial(r.Line.Name)), "aria-hidden", "true")
}

// author stands above the first of a group; of one's own it is only heard.
func (r *row) author() app.UI {
	switch {
	case !r.Line.First:
		return nil
	case r.Line.Mine:
		return say("p", "heard", r.Common.Words.You)
	}
	return with(say("p", "name", r.Line.Name), "dir", "auto")
}

func (r *row) bubble() app.UI {
	var parts []app.UI
	if r.Line.QuoteText != "" {
		parts = append(parts, with(box("div", "quote", say("b", "", r.Line.QuoteName), say("p", "", r.Line.QuoteText)), "dir", "auto"))
	}
	parts = append(parts, r.text())
	if r.Line.Edited {
		parts = append(parts, say("p", "edited", r.Common.Words.Edited))
	}
	if r.Line.SourceTitle != "" {
		parts = append(parts, r.source())
	}
	return with(box("div", "bubble", parts...), "tabindex", "-1")
}

// text is what was said: formatted, or as it was written with its links.
func (r *row) text() app.UI {
	if len(r.Line.Content) > 0 {
		return with(box("div", "text rich", r.content(r.Line.Content, 0)...), "dir", "auto")
	}
	spans := linkify(r.Line.Body)
	text := make([]app.UI, len(spans))
	for i, s := range spans {
		if s.URL == "" {
			text[i] = app.Text(s.Text)
			continue
		}
		text[i] = outside(s.URL).Text(s.Text)
	}
	return with(box("p", "text", text...), "dir", "auto")
}

// source names the page that an answer was taken from.
func (r *row) source() app.UI {
	label := with(say("span", "", r.Line.SourceTitle), "dir", "auto")
	if r.Line.SourceURL == "" {
		return with(box("p", "source", icon(iconPage), label), "title", r.Common.Words.Source)
	}
	return box("p", "source", outside(r.Line.SourceURL).Title(r.Common.Words.Source).Body(icon(iconPage), label))
}

// outside is a link that leaves the chat: into a window of its own, which
// learns nothing of this one.
func outside(url string) app.HTMLElem {
	return with(box("a", ""), "href", url, "target", "_blank", "rel", "noopener noreferrer")
}

// fate is what became of a message that the server has not confirmed, or whose
// text is not whole.
func (r *row) fate() app.UI {
	switch {
	case r.Line.CanStop:
		return button("plain", "stop").OnClick(r.stop).Body(icon(iconStop), say("span", "", r.Common.Words.Stop))
	case r.Line.Cut != "":
		return say("p", "receipt", r.Line.Cut)
	}
	switch r.Line.State {
	case session.Queued, session.Sending:
		return say("p", "heard", r.Common.Words.Sending)
	case session.Failed:
		return with(box("div", "fate",
			say("span", "bad", r.Common.Words.NotSent),
			button("plain").OnClick(r.retry).Text(r.Common.Words.Retry),
			button("plain").OnClick(r.delete).Text(r.Common.Words.Delete),
			say("p", "", r.Line.Reason),
		), "role", "alert")
	}
	if r.Line.Receipt != "" {
		return say("p", "receipt", r.Line.Receipt)
	}
	return nil
}

func (r *row) stop(app.Context, app.Event) {
	r.Common.Chat.Do(session.Stop{MessageID: r.Line.ID})
}

func (r *row) retry(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	r.Common.Chat.Do(session.Retry{ClientID: r.Line.ClientID})
}

func (r *row) delete(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	r.Common.Chat.Do(session.Delete{ClientID: r.Line.ClientID})
}
