package session

import "chatbot/widget/wire"

// Ahead is what is known of a message that is being written beyond its Body:
// words that were announced and are not stored yet. They stand from Offset on, in
// bytes, which is where the Body ended when they came.
type Ahead struct {
	MessageID string
	Offset    int
	Text      string
}

// Ahead is the text that follows the Body of a message, empty for most.
func (s *State) Ahead(m *wire.Message) string {
	for i := range s.Streams {
		a := &s.Streams[i]
		known := len(m.Body) - a.Offset
		if a.MessageID == m.ID && m.Status == wire.StatusStreaming && known >= 0 && known < len(a.Text) {
			return a.Text[known:]
		}
	}
	return ""
}

// streamed takes the next words of a message. Of those that are known already
// only the rest counts; where some are missing between, they are asked for.
func (m *machine) streamed(e Streamed) {
	if e.ConversationID != m.ConversationID || m.Ended || m.work.history.wanted {
		return
	}
	message := m.byID(e.Delta.MessageID)
	if message == nil {
		m.do(Fetch{})
		return
	}
	if message.Status != wire.StatusStreaming {
		return
	}
	ahead := m.Ahead(message)
	known := len(message.Body) + len(ahead) - e.Delta.Offset
	switch {
	case known < 0:
		m.do(Fetch{})
	case known < len(e.Delta.Text):
		m.setAhead(message, ahead+e.Delta.Text[known:])
	}
}

// byID is a known message. It is one of the last when it matters how long that
// takes.
func (m *machine) byID(id string) *wire.Message {
	for i := len(m.Messages) - 1; i >= 0; i-- {
		if m.Messages[i].ID == id {
			return &m.Messages[i]
		}
	}
	return nil
}

// setAhead keeps what follows a message's Body, or forgets it where nothing does.
func (m *machine) setAhead(message *wire.Message, text string) {
	streams := make([]Ahead, 0, len(m.Streams)+1)
	for _, a := range m.Streams {
		if a.MessageID != message.ID {
			streams = append(streams, a)
		}
	}
	if text != "" {
		streams = append(streams, Ahead{message.ID, len(message.Body), text})
	}
	m.Streams = streams
}

// outgrow takes from what was ahead of a message what its next form contains.
// One that says something else, or that has ended, has nothing ahead.
func (m *machine) outgrow(before, after *wire.Message) {
	ahead := m.Ahead(before)
	if ahead == "" {
		return
	}
	text := before.Body + ahead
	if after.Status != wire.StatusStreaming || len(text) <= len(after.Body) || text[:len(after.Body)] != after.Body {
		m.setAhead(after, "")
		return
	}
	m.setAhead(after, text[len(after.Body):])
}

// written are the Seqs of the messages that are being written.
func (s *State) written() (seqs []int64) {
	for i := range s.Messages {
		if s.Messages[i].Status == wire.StatusStreaming {
			seqs = append(seqs, s.Messages[i].Seq)
		}
	}
	return seqs
}

// newer reports whether a form of a message says more than the one known: it was
// changed later, or it is being written and has come further since it was stored.
func newer(known, message *wire.Message) bool {
	return message.Rev > known.Rev ||
		message.Rev == known.Rev && known.Status == wire.StatusStreaming && len(message.Body) > len(known.Body)
}
