package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// row is one message. It is drawn again only when its line has changed.
type row struct {
	app.Compo

	Line  line
	Logo  string
	Words *i18n.Words
	Chat  Chat
	Root  *Root
}

// Render draws the row.
func (r *row) Render() app.UI {
	if r.Line.Role == wire.RoleSystem {
		return app.Elem("div").Class("row", "system").DataSet("role", r.Line.Role).Body(app.Elem("p").Dir("auto").Text(r.Line.Body))
	}
	return app.Elem("div").Class(r.classes()...).DataSet("role", r.Line.Role).DataSet("seq", r.Line.Seq).Body(
		r.divider(),
		r.face(),
		app.Elem("div").Class("stack").Body(
			r.author(),
			r.bubble(),
			r.tools(),
			r.menu(),
			r.reactions(),
			app.Elem("time").Attr("datetime", r.Line.Stamp).Text(r.Line.Clock),
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
		text = r.Words.New
	}
	if text == "" {
		return nil
	}
	return app.Elem("p").Class("divider").Text(text)
}

// face stands beside the last message of a group: the bot's is the owner's.
func (r *row) face() app.UI {
	switch {
	case r.Line.Mine:
		return nil
	case !r.Line.Last:
		return app.Elem("span").Class("face", "none")
	case r.Line.Role == wire.RoleBot:
		return face(r.Logo)
	}
	return app.Elem("span").Class("face", "letter").Aria("hidden", true).Text(initial(r.Line.Name))
}

// author stands above the first of a group; of one's own it is only heard.
func (r *row) author() app.UI {
	switch {
	case !r.Line.First:
		return nil
	case r.Line.Mine:
		return app.Elem("p").Class("heard").Text(r.Words.You)
	}
	return app.Elem("p").Class("name").Dir("auto").Text(r.Line.Name)
}

func (r *row) bubble() app.UI {
	var parts []app.UI
	if r.Line.QuoteText != "" {
		parts = append(parts, app.Elem("div").Class("quote").Dir("auto").Body(app.Elem("b").Text(r.Line.QuoteName), app.Elem("p").Text(r.Line.QuoteText)))
	}
	parts = append(parts, r.text())
	if r.Line.Edited {
		parts = append(parts, app.Elem("p").Class("edited").Text(r.Words.Edited))
	}
	if r.Line.SourceTitle != "" {
		parts = append(parts, r.source())
	}
	return app.Elem("div").Class("bubble").TabIndex(-1).Body(parts...)
}

// text is what was said: formatted, or as it was written with its links.
func (r *row) text() app.UI {
	if len(r.Line.Content) > 0 {
		return app.Elem("div").Class("text", "rich").Dir("auto").Body(r.content(r.Line.Content, 0)...)
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
	return app.Elem("p").Class("text").Dir("auto").Body(text...)
}

// source names the page that an answer was taken from.
func (r *row) source() app.UI {
	label := app.Elem("span").Dir("auto").Text(r.Line.SourceTitle)
	if r.Line.SourceURL == "" {
		return app.Elem("p").Class("source").Title(r.Words.Source).Body(icon(iconPage), label)
	}
	return app.Elem("p").Class("source").Body(outside(r.Line.SourceURL).Title(r.Words.Source).Body(icon(iconPage), label))
}

// outside is a link that leaves the chat: into a window of its own, which
// learns nothing of this one.
func outside(url string) app.HTMLElem {
	return app.Elem("a").Attr("href", url).Attr("target", "_blank").Attr("rel", "noopener noreferrer")
}

// fate is what became of a message that the server has not confirmed.
func (r *row) fate() app.UI {
	switch r.Line.State {
	case session.Queued, session.Sending:
		return app.Elem("p").Class("heard").Text(r.Words.Sending)
	case session.Failed:
		return app.Elem("div").Class("fate").Role("alert").Body(
			app.Elem("span").Class("bad").Text(r.Words.NotSent),
			button("plain").OnClick(r.retry).Text(r.Words.Retry),
			button("plain").OnClick(r.delete).Text(r.Words.Delete),
			app.Elem("p").Text(r.Line.Reason),
		)
	}
	if r.Line.Receipt != "" {
		return app.Elem("p").Class("receipt").Text(r.Line.Receipt)
	}
	return nil
}

func (r *row) retry(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	r.Chat.Do(session.Retry{ClientID: r.Line.ClientID})
}

func (r *row) delete(ctx app.Context, _ app.Event) {
	ctx.PreventUpdate()
	r.Chat.Do(session.Delete{ClientID: r.Line.ClientID})
}
