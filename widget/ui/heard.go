package ui

import (
	"strings"

	"chatbot/widget/wire"
)

// listen takes down which of the drawn messages are being written, and has one
// read out when it is whole. Whoever hears the chat hears it once, and not each
// word as it comes.
func (r *Root) listen() {
	heard := make(map[string]bool)
	for i := r.scene().index(r.window.from); i < len(r.state.Messages); i++ {
		m := &r.state.Messages[i]
		whole, known := r.heard[m.ID]
		writing := m.Status == wire.StatusStreaming
		switch {
		case writing:
			r.said = ""
		case !known:
			continue
		case !whole && m.DeletedAt == nil:
			r.said = r.scene().name(m.Author) + ": " + spoken(m)
		}
		heard[m.ID] = !writing
	}
	r.heard = heard
}

// spoken is what a message says, without marks.
func spoken(m *wire.Message) string {
	if len(m.Content) > 0 {
		return readable(strings.TrimSpace(plain(m.Content)))
	}
	return readable(m.Body)
}

// plain is what a tree says, without its marks.
func plain(nodes []wire.Node) string {
	var text strings.Builder
	for i := range nodes {
		n := &nodes[i]
		text.WriteString(n.Text)
		text.WriteString(plain(n.Children))
		switch n.Kind {
		case "p", "h", "li", "code", "tr", "br", "td", "th":
			text.WriteByte(' ')
		}
	}
	return text.String()
}
