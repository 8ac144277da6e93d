package ui

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"chatbot/widget/session"
)

// The emoji that are one touch away.
var quickEmoji = []string{"👍", "❤️", "😂", "😮", "😢", "🙏"}

// maxEmoji is how long an emoji may be that is typed, in UTF-16 units: families
// and flags are made of many.
const maxEmoji = 16

// tools is the button that opens what can be done with a message.
func (r *row) tools() app.UI {
	l := r.Line
	if l.ID == "" || l.Deleted || !l.CanReact && !l.CanReply && !l.CanRevise {
		return nil
	}
	return with(box("button", "more"), "aria-label", r.Common.Words.More, "aria-expanded", strconv.FormatBool(l.Menu)).OnClick(r.toggle)
}

// menu stands below the message while it is open.
func (r *row) menu() app.UI {
	if !r.Line.Menu {
		return nil
	}
	var parts []app.UI
	if r.Line.CanReact {
		for _, emoji := range quickEmoji {
			parts = append(parts, &emojiButton{Emoji: emoji, Row: r})
		}
		parts = append(parts, app.Elem("input").Attr("type", "text").Class("emoji").Attr("maxlength", maxEmoji).Attr("placeholder", "…").Aria("label", r.Common.Words.AnyEmoji).OnChange(r.typed),
			button("emoji", "pick").Aria("label", r.Common.Words.Frame.Emoji).Aria("haspopup", "listbox").Text("+"))
	}
	offer := func(can bool, text string, do app.EventHandler) {
		if can {
			parts = append(parts, button("plain").OnClick(do).Text(text))
		}
	}
	offer(r.Line.CanReply, r.Common.Words.Reply, r.reply)
	offer(r.Line.CanRevise, r.Common.Words.Edit, r.edit)
	offer(r.Line.CanRevise, r.Common.Words.Delete, r.remove)
	return with(box("div", "menu", parts...), "role", "group", "aria-label", r.Common.Words.More).OnKeyDown(r.key)
}

// reactions are those that were given, each a button that adds one's own.
func (r *row) reactions() app.UI {
	if len(r.Line.Reactions) == 0 {
		return nil
	}
	chips := make([]app.UI, len(r.Line.Reactions))
	for i, given := range r.Line.Reactions {
		chips[i] = &emojiButton{Emoji: given.Emoji, Count: given.Count, Names: given.Names, Mine: given.Mine, Row: r}
	}
	return box("div", "reactions", chips...)
}

// emojiButton gives a reaction or takes it back.
type emojiButton struct {
	app.Compo

	Emoji string
	Count int // 0 for one of the menu
	Names string
	Mine  bool
	Row   *row
}

// Render draws the button; who reacted is told on hover and to those who hear.
func (b *emojiButton) Render() app.UI {
	given := button("emoji").OnClick(b.react)
	if b.Count == 0 {
		return given.Aria("label", b.Row.Common.Words.React+" "+b.Emoji).Text(b.Emoji)
	}
	text := b.Emoji + " " + strconv.Itoa(b.Count)
	return given.Title(b.Names).Aria("pressed", strconv.FormatBool(b.Mine)).Aria("label", text+" "+b.Names).Text(text)
}

func (b *emojiButton) react(ctx app.Context, _ app.Event) {
	b.Row.Common.Root.openMenu("")
	b.Row.Common.Chat.Do(session.React{MessageID: b.Row.Line.ID, Emoji: b.Emoji, On: !b.Mine})
}

func (r *row) typed(ctx app.Context, _ app.Event) {
	emoji := ctx.JSSrc().Get("value").String()
	if emoji == "" {
		return
	}
	r.Common.Root.openMenu("")
	r.Common.Chat.Do(session.React{MessageID: r.Line.ID, Emoji: emoji, On: true})
}

func (r *row) toggle(ctx app.Context, _ app.Event) {
	id := r.Line.ID
	if r.Line.Menu {
		id = ""
	}
	r.Common.Root.openMenu(id)
}

// key closes the menu by Escape, which would else close the chat.
func (r *row) key(ctx app.Context, e app.Event) {
	if r.Line.Menu && e.Get("key").String() == "Escape" {
		e.StopImmediatePropagation()
		r.Common.Root.openMenu("")
		return
	}
	ctx.PreventUpdate()
}

func (r *row) reply(ctx app.Context, _ app.Event) { r.Common.Root.begin(mode{Reply: r.Line.ID}, "") }
func (r *row) edit(ctx app.Context, _ app.Event) {
	r.Common.Root.begin(mode{Edit: r.Line.ID}, r.Line.Body)
}

func (r *row) remove(ctx app.Context, _ app.Event) {
	r.Common.Root.openMenu("")
	r.Common.Chat.Do(session.Remove{MessageID: r.Line.ID})
}
