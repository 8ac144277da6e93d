package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
)

// mode is what the composer is for: a new message, or with the id of one an
// answer to it, or another text for it.
type mode struct{ Reply, Edit string }

// openMenu shows what can be done with a message, and hides it for an empty id.
func (r *Root) openMenu(id string) {
	r.menu = id
	r.redraw()
}

// begin changes what the composer is for. What is in it stays, unless it was or
// comes to be the text of a message that is edited.
func (r *Root) begin(m mode, text string) {
	r.mu.Lock()
	stay := m.Edit == "" && r.mode.Edit == ""
	r.mode = m
	r.mu.Unlock()
	r.openMenu("")
	r.options.View.Compose(text, stay)
}

// Said is what the visitor means by sending a text: a new message, an answer or
// a correction. It may be called from any goroutine.
func (r *Root) Said(send session.Send) session.Event {
	r.mu.Lock()
	m := r.mode
	r.mode = mode{}
	if m.Edit != "" {
		r.sent = session.Revise{MessageID: m.Edit, Body: send.Text} // should it come back
	}
	correction, mounted, ctx := r.sent, r.mounted, r.ctx
	r.mu.Unlock()
	if m != (mode{}) && mounted {
		ctx.Dispatch(func(app.Context) {}) // the bar goes
	}
	if m.Edit != "" {
		return correction
	}
	send.ReplyTo = m.Reply
	return send
}

// giveBack puts a correction that came to nothing into the composer again, once
// there is room, and where it was written: all tabs know of it.
func (r *Root) giveBack() {
	back := r.state.Unrevised
	r.mu.Lock()
	due := back.Body != "" && back == r.sent && r.mode == (mode{}) && r.options.View.Blank()
	if due {
		r.sent = session.Revise{}
	}
	r.mu.Unlock()
	if due {
		r.begin(mode{Edit: back.MessageID}, back.Body)
	}
}

// current is what the composer is for now.
func (r *Root) current() mode {
	r.mu.Lock()
	m := r.mode
	r.mu.Unlock()
	return m
}

// bar is what the bar above the composer says.
func (r *Root) bar() *modeBar {
	m := r.current()
	bar := &modeBar{Words: r.words, Root: r}
	switch {
	case m.Edit != "":
		bar.Title = r.words.Editing
		_, bar.Text = r.scene().quote(m.Edit)
	case m.Reply != "":
		var name string
		name, bar.Text = r.scene().quote(m.Reply)
		bar.Title = i18n.With(r.words.ReplyingTo, "name", name)
	}
	return bar
}

// modeBar tells what the composer is for, where that is no new message.
type modeBar struct {
	app.Compo

	Title, Text string
	Words       *i18n.Words
	Root        *Root
}

// Render draws the bar; without a title it is empty and not seen.
func (b *modeBar) Render() app.UI {
	bar := with(box("div", "mode"), "role", "status")
	if b.Title == "" {
		return bar
	}
	return bar.Body(
		with(box("div", "", say("b", "", b.Title), say("p", "", b.Text)), "dir", "auto"),
		button("tool").Aria("label", b.Words.Cancel).OnClick(b.cancel).Body(icon(iconClose)),
	)
}

func (b *modeBar) cancel(ctx app.Context, _ app.Event) { b.Root.begin(mode{}, "") }
