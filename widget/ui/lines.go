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

// maxFresh is how many messages count as just come at once. In a flow of more the
// others stand there without a motion: many at a time are no sign to anybody, and
// each takes as long again as drawing the message.
const maxFresh = 3

// line is one message as it is drawn: all of it that can be seen. It is plain
// data, so that a row is drawn again only when something in it has changed.
type line struct {
	ID      string // empty for one that is not confirmed
	Seq     int64  // 0 for such a one
	rev     int64
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
	Writing     bool   // more of it comes
	Heard       bool   // is read out when it is whole
	CanStop     bool
	Cut         string // why there is no more of it, where that is no good end

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
	state  *session.State
	now    wire.Time
	offset int    // of the time zone, in minutes
	title  string // names the bot if it has no name
	server string
	menu   string // the id of the message whose menu is open
	// fresh is when the items that have just come were first there, by their keys.
	fresh map[string]wire.Time
	// heard has the ids of the messages that were seen to be written: they are
	// read out when they are whole, and not word by word.
	heard map[string]bool
	// receipt is the Seq of the message that says how far it has come, or 0.
	receipt int64
}

// drawn is a page as it is drawn.
type drawn struct {
	number int
	lines  []*line
	until  wire.Time // when it changes by itself, 0 for never
	live   bool      // it may change with every state
}

// pages are those of a window. Of the known ones, which were made from the same
// messages, those are kept in which nothing can have changed: in the last two
// something can, for they end with what comes next.
func (s *scene) pages(w window, known []drawn) []drawn {
	pages := make([]drawn, 0, max(0, w.to-w.from))
	for n := w.from; n < w.to; n++ {
		var before drawn
		if i := slices.IndexFunc(known, func(d drawn) bool { return d.number == n }); i >= 0 {
			before = known[i]
		}
		if before.lines != nil && n < s.end()-2 && !before.live && (before.until == 0 || before.until > s.now) {
			pages = append(pages, before)
			continue
		}
		pages = append(pages, s.page(n, before.lines))
	}
	return pages
}

// page draws one. Of its lines before, those that would be the same are kept:
// go-app looks no further at what is the same one.
func (s *scene) page(number int, before []*line) drawn {
	from, to := s.index(number), s.index(number+1)
	d := drawn{number: number, lines: make([]*line, to-from)}
	for i := from; i < to; i++ {
		item := s.state.Item(i)
		l := s.settled(before, i-from, item.Message)
		if l == nil {
			place := line{Day: s.day(i), First: s.begins(i), Last: i+1 == s.state.Len() || s.begins(i+1), Fresh: s.isFresh(item)}
			l = s.kept(before, i-from, item, &place)
			if l == nil {
				l = s.line(item)
				l.Day, l.First, l.Last, l.Fresh = place.Day, place.First, place.Last, place.Fresh
			}
			d.until = sooner(d.until, s.fresh[item.Key()]+freshTime, s.now)
		}
		d.lines[i-from] = l
		d.live = d.live || l.Writing || l.Receipt != ""
		if l.CanRevise {
			d.until = sooner(d.until, item.Message.CreatedAt+s.youth(), s.now)
		}
	}
	if slices.Equal(d.lines, before) {
		d.lines = before // the same list, so that nothing in it is looked at
	}
	return d
}

// settled is the line that was drawn for a message before, if another message
// followed it then and it had not just come: its place in its group is as it was.
// Otherwise it is nil.
func (s *scene) settled(before []*line, i int, m *wire.Message) *line {
	if i+1 >= len(before) || before[i+1].Seq == 0 || before[i].Fresh || !s.holds(before[i], m) {
		return nil
	}
	return before[i]
}

// kept is the line that was drawn for an item before, if it would be the same
// now, and otherwise nil.
func (s *scene) kept(before []*line, i int, item session.Item, place *line) *line {
	if i >= len(before) || !s.holds(before[i], item.Message) {
		return nil
	}
	l := before[i]
	if l.Day != place.Day || l.First != place.First || l.Last != place.Last || l.Fresh != place.Fresh {
		return nil
	}
	return l
}

// holds reports whether a line says what there is to be said of a message, but
// for its place.
func (s *scene) holds(l *line, m *wire.Message) bool {
	if m == nil || m.Status == wire.StatusStreaming || m.Seq == s.receipt {
		return false
	}
	revisable := l.CanRevise && s.now-m.CreatedAt >= s.youth()
	return l.Seq == m.Seq && l.rev == m.Rev && l.Receipt == "" && l.Menu == (s.menu == m.ID) && !revisable
}

func (s *scene) isFresh(item session.Item) bool {
	came, ok := s.fresh[item.Key()]
	return ok && s.now-came < freshTime
}

// index is the first item of a page, or of the next one that has any.
func (s *scene) index(page int) int {
	i, j := 0, s.state.Len()
	for i < j {
		if h := (i + j) / 2; s.pageAt(h) < page {
			i = h + 1
		} else {
			j = h
		}
	}
	return i
}

// pageAt is the page of an item.
func (s *scene) pageAt(i int) int {
	n := len(s.state.Messages)
	switch {
	case i < n:
		return pageOf(s.state.Messages[i].Seq)
	case n == 0:
		return pageOf(int64(i + 1))
	}
	return pageOf(s.state.Messages[n-1].Seq + int64(i-n+1))
}

// first is the first page that is known, and end the one behind the last.
func (s *scene) first() int {
	if s.state.Len() == 0 {
		return 0
	}
	return s.pageAt(0)
}

func (s *scene) end() int {
	if n := s.state.Len(); n > 0 {
		return s.pageAt(n-1) + 1
	}
	return 0
}

// begins reports whether an item begins a group. So does one that begins a day,
// or is the first that was not read.
func (s *scene) begins(i int) bool {
	item := s.state.Item(i)
	return i == 0 || item.Message != nil && item.Message.Seq == s.state.FirstUnread || !sameGroup(s.state.Item(i-1), item, s.state) || s.day(i) != ""
}

// day names the day that begins with an item.
func (s *scene) day(i int) string {
	_, at := author(s.state.Item(i), s.state)
	if i > 0 {
		if _, before := author(s.state.Item(i-1), s.state); i18n.SameDay(before, at, s.offset) {
			return ""
		}
	} else if i18n.SameDay(at, s.now, s.offset) {
		return "" // a talk of today needs no heading
	}
	return s.words.Day(at, s.now, s.offset)
}

// lastOwn is the Seq of the last message of the visitor's own among those from
// an item on, 0 for none.
func (s *scene) lastOwn(from int) int64 {
	for i := len(s.state.Messages) - 1; i >= from; i-- {
		if m := &s.state.Messages[i]; s.state.Own(m) {
			return m.Seq
		}
	}
	return 0
}

// received tells how far a message of the visitor's own has come.
func (s *scene) received(seq int64) string {
	readers := s.state.ReadBy(seq)
	var names []string
	for _, p := range readers {
		if name := readable(p.Name); name != "" {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
		return i18n.With(s.words.ReadBy, "name", strings.Join(names, ", "))
	case len(readers) > 0:
		return s.words.Read
	case s.state.Delivered(seq):
		return s.words.Delivered
	}
	return s.words.Sent
}

func (s *scene) line(item session.Item) *line {
	if e := item.Entry; e != nil {
		name, text := s.quote(e.ReplyTo)
		l := &line{QuoteName: name, QuoteText: text, Role: wire.RoleVisitor, Mine: true, Body: readable(e.Body), State: e.State, ClientID: e.ClientID}
		l.at(e.At, s)
		if e.State == session.Failed {
			l.Reason = s.reason(*e)
		}
		return l
	}
	m := item.Message
	l := &line{ID: m.ID, Seq: m.Seq, rev: m.Rev, Role: m.Author.Role, Mine: s.state.Own(m), Body: readable(m.Body), Deleted: m.DeletedAt != nil}
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
	_, l.Heard = s.heard[m.ID]
	s.written(l, m)
	if m.Seq == s.receipt {
		l.Receipt = s.received(m.Seq)
	}
	l.QuoteName, l.QuoteText = s.quote(m.ReplyTo)
	l.Reactions = s.reactions(m.Reactions)
	s.offer(l, m)
	return l
}

// offer says what can be done with a message.
func (s *scene) offer(l *line, m *wire.Message) {
	features := s.state.Config.Features
	young := s.now-m.CreatedAt < s.youth()
	l.CanReact = slices.Contains(features, wire.FeatureReactions)
	l.CanReply = slices.Contains(features, wire.FeatureReply)
	l.CanRevise = l.Mine && young && slices.Contains(features, wire.FeatureEdit)
	l.Menu = s.menu == m.ID
}

// youth is for how long a message can be changed, in milliseconds.
func (s *scene) youth() wire.Time { return wire.Time(s.state.Config.Limits.EditSeconds) * 1000 }

// written takes over what is known of a message's text beyond what is stored,
// and says how it came to its end where that was not a good one.
func (s *scene) written(l *line, m *wire.Message) {
	switch m.Status {
	case wire.StatusStreaming:
		ahead := readable(s.state.Ahead(m))
		l.Writing, l.CanStop = true, !l.Mine && slices.Contains(s.state.Config.Features, wire.FeatureStreaming)
		l.Body += ahead
		if len(l.Content) > 0 {
			l.Content = goOn(l.Content, ahead)
		}
	case wire.StatusStopped:
		l.Cut = s.words.Stopped
	case wire.StatusFailed:
		l.Cut = s.words.BrokenOff
	}
}

// goOn is a tree whose last text goes on: the words stand where they most likely
// belong until the server has made the tree anew.
func goOn(nodes []wire.Node, words string) []wire.Node {
	if words == "" {
		return nodes
	}
	nodes = slices.Clone(nodes)
	if n := len(nodes); n > 0 {
		switch last := &nodes[n-1]; last.Kind {
		case "text", "code":
			last.Text += words
			return nodes
		case "p", "h", "quote", "ul", "ol", "li":
			last.Children = goOn(last.Children, words)
			return nodes
		}
	}
	return append(nodes, wire.Node{Kind: "text", Text: words})
}

// maxQuote is how much of a message is quoted above an answer to it, in bytes.
const maxQuote = 120

// quote is who wrote a message and how it begins; empty for one that is not
// known.
func (s *scene) quote(id string) (name, text string) {
	if id == "" {
		return "", ""
	}
	for i := range s.state.Messages {
		m := &s.state.Messages[i]
		if m.ID != id {
			continue
		}
		name, text = s.words.You, readable(m.Body)
		if !s.state.Own(m) {
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

func (s *scene) reactions(all []wire.Reaction) []reaction {
	var shown []reaction
	for _, r := range all {
		shown = append(shown, reaction{
			Emoji: readable(r.Emoji), Count: len(r.By), Names: s.namesOf(r.By), Mine: slices.Contains(r.By, s.state.Self),
		})
	}
	return shown
}

// namesOf are the names of participants by their ids.
func (s *scene) namesOf(ids []string) string {
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

func (l *line) at(t wire.Time, s *scene) {
	l.Stamp, l.Clock = t.String(), s.words.Clock(t, s.offset)
}

// name is what an author is called.
func (s *scene) name(a wire.Author) string {
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
func (s *scene) reason(e session.Entry) string {
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
func sameGroup(a, b session.Item, s *session.State) bool {
	if a.Entry != nil && a.Entry.State == session.Failed {
		return false
	}
	authorA, atA := author(a, s)
	authorB, atB := author(b, s)
	return authorA == authorB && atB-atA <= groupGap
}

func author(i session.Item, s *session.State) (id string, at wire.Time) {
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
func arrived(a, b *session.State) int {
	if len(a.Messages) == 0 || a.ConversationID != b.ConversationID {
		return 0
	}
	last := a.Messages[len(a.Messages)-1].Seq
	n := 0
	for i := len(b.Messages) - 1; i >= 0 && b.Messages[i].Seq > last; i-- {
		if !b.Own(&b.Messages[i]) {
			n++
		}
	}
	return n
}

// looksSame reports whether two states are drawn alike but for their signals: many
// a change is one of bookkeeping only. Lists are the same if they are not another's
// copy.
func looksSame(a, b *session.State) bool {
	return a.Edition == b.Edition && a.ConversationID == b.ConversationID && a.Self == b.Self && a.FirstUnread == b.FirstUnread &&
		a.HasOlder == b.HasOlder && a.LoadingOlder == b.LoadingOlder && a.Loaded == b.Loaded && a.Ended == b.Ended && a.Unsaved == b.Unsaved &&
		a.Awaiting() == b.Awaiting() && a.Offer == b.Offer && a.Invitation == b.Invitation && a.Notice == b.Notice && a.Unrevised == b.Unrevised &&
		a.Link.State == b.Link.State && a.Link.Since == b.Link.Since && one(a.Config.Features, b.Config.Features) &&
		len(a.Messages) == len(b.Messages) && one(a.Outbox, b.Outbox) && one(a.Streams, b.Streams) && sameReaders(a, b)
}

// one reports whether two lists are one.
func one[E any](a, b []E) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// sameReaders reports whether the others are the same and have read as far.
func sameReaders(a, b *session.State) bool {
	if len(a.Participants) != len(b.Participants) {
		return false
	}
	for i := range a.Participants {
		p, q := &a.Participants[i], &b.Participants[i]
		if p.ID != q.ID || p.Name != q.Name || (p.ReadSeq != q.ReadSeq || p.DeliveredSeq != q.DeliveredSeq) && p.ID != a.Self {
			return false
		}
	}
	return true
}

// sameTalk reports whether what a line is made from is the same in both states,
// but for what was put at the end, who has read, and what is being written.
func sameTalk(a, b *session.State, offset int, then, now wire.Time) bool {
	named := func(p, q wire.Participant) bool { return p.ID == q.ID && p.Name == q.Name }
	return a.ConversationID == b.ConversationID && a.Self == b.Self && a.Edition == b.Edition && a.FirstUnread == b.FirstUnread &&
		len(a.Messages) > 0 && len(b.Messages) > 0 && a.Messages[0].Seq == b.Messages[0].Seq &&
		slices.EqualFunc(a.Participants, b.Participants, named) && slices.Equal(a.Config.Features, b.Config.Features) &&
		a.Config.Limits.EditSeconds == b.Config.Limits.EditSeconds && i18n.SameDay(then, now, offset)
}

// wrote reports whether the visitor has written something that is in b and not
// in a.
func wrote(a, b *session.State) bool {
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
