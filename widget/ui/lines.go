package ui

import (
	"slices"
	"strings"
	"unicode/utf8"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

// groupGap is the silence after which the same author begins a new group, in
// milliseconds.
const groupGap wire.Time = 5 * 60_000

// freshTime is how long a message counts as just come: longer than it takes to
// appear, so that nothing cuts that short. In milliseconds.
const freshTime wire.Time = 1000

// line is one message as it is drawn: all of it that can be seen. It is plain
// data, so that a row is drawn again only when something in it has changed.
type line struct {
	ID      string // empty for one that is not confirmed
	Seq     int64  // 0 for such a one
	Role    wire.Role
	Mine    bool
	Name    string // of somebody else
	Body    string
	Content []wire.Node // Body as formatted text, where it is that
	Deleted bool
	Stamp   string // the time for machines
	Clock   string // and for people

	First, Last bool   // of its group
	Unread      bool   // the first that was not read when the panel was opened
	Day         string // where a new one begins
	Receipt     string // of the last message of one's own
	Fresh       bool   // has just come

	State    session.EntryState // of one that is not confirmed, else empty
	ClientID string
	Reason   string // why it failed

	SourceTitle, SourceURL string

	Edited                bool
	QuoteName, QuoteText  string     // of the message that this one answers
	Reactions             []reaction // in the order of their first use
	CanReact, CanReply    bool
	CanRevise, Menu, Busy bool // Menu: what can be done with it is shown
}

// reaction is an emoji and who chose it.
type reaction struct {
	Emoji string
	Count int
	Names string
	Mine  bool
}

// scene is what lines are made from.
type scene struct {
	words  *i18n.Words
	state  session.State
	now    wire.Time
	offset int    // of the time zone, in minutes
	title  string // names the bot if it has no name
	server string
	window int    // how many of the last lines are drawn
	menu   string // the id of the message whose menu is open
	// seen is when each item was first drawn, by its key, and 0 for those that
	// were there from the beginning.
	seen map[string]wire.Time
}

// lines are the last of the timeline.
func (s scene) lines() []line {
	items := s.state.Timeline()
	items = items[max(0, len(items)-s.window):]
	lines := make([]line, len(items))
	for i, item := range items {
		lines[i] = s.line(item)
		lines[i].Day = s.day(items, i)
		lines[i].First = i == 0 || lines[i].Unread || lines[i].Day != "" || !sameGroup(items[i-1], item, s.state)
		if i > 0 {
			lines[i-1].Last = lines[i].First
		}
	}
	if n := len(lines); n > 0 {
		lines[n-1].Last = true
	}
	s.receipt(lines)
	return lines
}

// day names the day that begins with an item.
func (s scene) day(items []session.Item, i int) string {
	_, at := author(items[i], s.state)
	if i > 0 {
		if _, before := author(items[i-1], s.state); i18n.SameDay(before, at, s.offset) {
			return ""
		}
	} else if i18n.SameDay(at, s.now, s.offset) {
		return "" // a talk of today needs no heading
	}
	return s.words.Day(at, s.now, s.offset)
}

// receipt tells how far the last message of the visitor's own has come.
func (s scene) receipt(lines []line) {
	for i := len(lines) - 1; i >= 0; i-- {
		l := &lines[i]
		if !l.Mine || l.Seq == 0 {
			continue
		}
		var names []string
		for _, p := range s.state.ReadBy(l.Seq) {
			if name := readable(p.Name); name != "" {
				names = append(names, name)
			}
		}
		switch {
		case l.Deleted:
		case len(names) > 0:
			l.Receipt = i18n.With(s.words.ReadBy, "name", strings.Join(names, ", "))
		case len(s.state.ReadBy(l.Seq)) > 0:
			l.Receipt = s.words.Read
		default:
			l.Receipt = s.words.Sent
		}
		return
	}
}

func (s scene) line(item session.Item) line {
	fresh := s.now-s.seen[item.Key()] < freshTime
	if e := item.Entry; e != nil {
		name, text := s.quote(e.ReplyTo)
		l := line{QuoteName: name, QuoteText: text, Role: wire.RoleVisitor, Mine: true, Body: readable(e.Body), Fresh: fresh, State: e.State, ClientID: e.ClientID}
		l.at(e.At, s)
		if e.State == session.Failed {
			l.Reason = s.reason(*e)
		}
		return l
	}
	m := item.Message
	l := line{ID: m.ID, Seq: m.Seq, Role: m.Author.Role, Mine: s.state.Own(*m), Body: readable(m.Body), Deleted: m.DeletedAt != nil, Fresh: fresh}
	l.at(m.CreatedAt, s)
	if !l.Mine {
		l.Name = s.name(m.Author)
	}
	l.Unread = m.Seq == s.state.FirstUnread
	if m.Source != nil && !l.Deleted {
		l.SourceTitle, l.SourceURL = readable(m.Source.Title), webAddress(m.Source.URL, s.server)
	}
	if l.Deleted {
		l.Body = s.words.Deleted
		return l
	}
	l.Content, l.Edited = m.Content, m.EditedAt != nil
	l.QuoteName, l.QuoteText = s.quote(m.ReplyTo)
	l.Reactions = s.reactions(m.Reactions)
	s.offer(&l, m)
	return l
}

// offer says what can be done with a message.
func (s scene) offer(l *line, m *wire.Message) {
	limits, features := s.state.Config.Limits, s.state.Config.Features
	young := s.now-m.CreatedAt < wire.Time(limits.EditSeconds)*1000
	l.CanReact = slices.Contains(features, wire.FeatureReactions)
	l.CanReply = slices.Contains(features, wire.FeatureReply)
	l.CanRevise = l.Mine && young && slices.Contains(features, wire.FeatureEdit)
	l.Menu = s.menu == m.ID
}

// maxQuote is how much of a message is quoted above an answer to it, in bytes.
const maxQuote = 120

// quote is who wrote a message and how it begins; empty for one that is not
// known.
func (s scene) quote(id string) (name, text string) {
	if id == "" {
		return "", ""
	}
	for i := range s.state.Messages {
		m := &s.state.Messages[i]
		if m.ID != id {
			continue
		}
		name, text = s.words.You, readable(m.Body)
		if !s.state.Own(*m) {
			name = s.name(m.Author)
		}
		if m.DeletedAt != nil {
			text = s.words.Deleted
		}
		return name, shorten(text)
	}
	return "", ""
}

func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= maxQuote {
		return text
	}
	end := maxQuote
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

func (s scene) reactions(all []wire.Reaction) []reaction {
	var shown []reaction
	for _, r := range all {
		shown = append(shown, reaction{
			Emoji: readable(r.Emoji), Count: len(r.By), Names: s.namesOf(r.By), Mine: slices.Contains(r.By, s.state.Self),
		})
	}
	return shown
}

// namesOf are the names of participants by their ids.
func (s scene) namesOf(ids []string) string {
	var names []string
	for _, id := range ids {
		i := slices.IndexFunc(s.state.Participants, func(p wire.Participant) bool { return p.ID == id })
		switch {
		case id == s.state.Self:
			names = append(names, s.words.You)
		case i >= 0:
			p := s.state.Participants[i]
			names = append(names, s.name(wire.Author{ID: p.ID, Role: p.Role, Name: p.Name}))
		default:
			names = append(names, s.words.Guest)
		}
	}
	return strings.Join(names, ", ")
}

func (l *line) at(t wire.Time, s scene) {
	l.Stamp, l.Clock = t.String(), s.words.Clock(t, s.offset)
}

// name is what an author is called.
func (s scene) name(a wire.Author) string {
	switch {
	case a.Name != "":
		return readable(a.Name)
	case a.Role == wire.RoleVisitor:
		return s.words.Guest
	}
	return s.title
}

// reason says why an entry was refused: in the server's own words where the
// visitor reads English.
func (s scene) reason(e session.Entry) string {
	return problem(s.words, e.Code, e.Reason, s.state.Config.Limits.MessageChars, 0)
}

func problem(w *i18n.Words, code wire.Code, text string, limit, wait int) string {
	if w == i18n.For("en") && text != "" {
		return text
	}
	if limit <= 0 {
		limit = wire.MaxMessageChars
	}
	return w.Problem(code, limit, wait)
}

// sameGroup reports whether b follows a as one group: the same author, without
// a long silence, and nothing failed between them.
func sameGroup(a, b session.Item, s session.State) bool {
	if a.Entry != nil && a.Entry.State == session.Failed {
		return false
	}
	authorA, atA := author(a, s)
	authorB, atB := author(b, s)
	return authorA == authorB && atB-atA <= groupGap
}

func author(i session.Item, s session.State) (id string, at wire.Time) {
	if i.Entry != nil {
		return s.Self, i.Entry.At
	}
	return i.Message.Author.ID, i.Message.CreatedAt
}

// initial is the letter that stands for somebody without a picture.
func initial(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	if size == 0 {
		return ""
	}
	return string(r)
}

// arrived counts the messages of others that are in b and came after all in a.
func arrived(a, b session.State) int {
	if len(a.Messages) == 0 || a.ConversationID != b.ConversationID {
		return 0
	}
	last := a.Messages[len(a.Messages)-1].Seq
	n := 0
	for _, m := range b.Messages {
		if m.Seq > last && !b.Own(m) {
			n++
		}
	}
	return n
}

// wrote reports whether the visitor has written something that is in b and not
// in a.
func wrote(a, b session.State) bool {
	if len(b.Outbox) == 0 {
		return false
	}
	last := b.Outbox[len(b.Outbox)-1].ClientID
	for _, e := range a.Outbox {
		if e.ClientID == last {
			return false
		}
	}
	return true
}
