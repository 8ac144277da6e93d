package session

import (
	"slices"

	"chatbot/widget/wire"
)

// Of a visitor's tabs one leads: it alone speaks to the server and owns what
// they all share. The others follow: they show what the leader mirrors to them,
// and hand on to it what the visitor does. What is written in a follower is
// kept before it is handed on, so that it outlives both.

// Shared is what the tabs of a visitor have in common. Messages are those that
// changed since the Shared before, or with Whole all there are.
type Shared struct {
	Config         wire.Config
	Loaded         bool
	ConversationID string
	Self           string
	Cursor         wire.Cursor
	HasOlder       bool
	LoadingOlder   bool
	Whole          bool
	Messages       []wire.Message
	Streams        []Ahead
	Participants   []wire.Participant
	Outbox         []Entry
	Signals        []Signal
	Realtime       Realtime
	Link           Link
	Notice         Notice
	Unrevised      Revise
	Unsaved        bool
	Invitation     *wire.Invitation
	Ended          bool
	ReadSeq        int64
}

// Share is what has to be mirrored so that a follower that has before comes to
// have s. With a zero before it is whole.
func (s *State) Share(before State) Shared {
	shared := Shared{
		Config: s.Config, Loaded: s.Loaded, ConversationID: s.ConversationID, Self: s.Self, Cursor: s.shownUpTo(),
		HasOlder: s.HasOlder, LoadingOlder: s.LoadingOlder, Streams: s.Streams, Participants: s.Participants, Outbox: s.Outbox, Signals: s.Signals, Realtime: s.Realtime, Link: s.Link,
		Notice: s.Notice, Unrevised: s.Unrevised, Unsaved: s.Unsaved, Invitation: s.Invitation, Ended: s.Ended, ReadSeq: s.work.readSeq,
	}
	shared.Whole = before.ConversationID != s.ConversationID || before.Cursor.Epoch != s.Cursor.Epoch || len(s.Messages) < len(before.Messages)
	known := before.Messages
	if shared.Whole {
		known = nil
	}
	for i := range s.Messages {
		m := &s.Messages[i]
		for len(known) > 0 && known[0].Seq < m.Seq {
			known = known[1:]
		}
		same := len(known) > 0 && known[0].ID == m.ID && known[0].Rev == m.Rev && len(known[0].Body) == len(m.Body)
		if !same {
			shared.Messages = append(shared.Messages, *m)
		}
	}
	return shared
}

// shownUpTo is the cursor from which another tab can go on. What is kept back here
// until all of it has come is not known there.
func (s *State) shownUpTo() wire.Cursor {
	if s.work.catching {
		return wire.Cursor{Epoch: s.Cursor.Epoch, Rev: s.work.sure}
	}
	return s.Cursor
}

// Leading reports whether this tab is the one that speaks to the server.
func (s *State) Leading() bool { return !s.work.following }

// forwardable reports whether e is the visitor's doing that the leader has to
// carry out.
func forwardable(e Event) bool {
	switch e.(type) {
	case Send, Revise, Remove, React, Stop, Retry, Delete, Older, StartOver, Reset, Invite, PutAway, Join, Read, Identify:
		return true
	}
	return false
}

// followed is what an event means to a tab that follows.
func (m *machine) followed(e Event) {
	if forwardable(e) {
		m.handOn(e)
		return
	}
	switch e := e.(type) {
	case Typed:
		if m.Notice.Code != "" || m.pausedTyping(!e.Blank) {
			m.do(Forward{e})
		}
	case Dismiss:
		m.do(Forward{e})
	case Mirrored:
		m.mirrored(e.Shared)
	case Lead:
		m.lead(e.Saved)
	case Open, Close, Attention, Focus, Seen, Offered, Decline, Tick, Unsaved, Refused:
		m.own(e)
	}
}

// handOn hands on what the visitor did. As long as no leader was heard it is
// remembered too: there may be none yet, and it falls to this tab then. A text is
// kept anyway, but for a reset before it.
func (m *machine) handOn(e Event) {
	if !m.work.heard {
		m.work.unheard = append(slices.Clip(m.work.unheard), e)
	}
	switch e := e.(type) {
	case Send:
		m.write(e)
		m.work.handed = append(slices.Clip(m.work.handed), e.ClientID)
		m.handTexts()
		return
	case Delete:
		m.work.handed = slices.DeleteFunc(slices.Clone(m.work.handed), func(id string) bool { return id == e.ClientID })
	case Identify:
		m.work.user = e.User
	case Reset:
		m.work.user, m.work.handed, m.Outbox = wire.User{}, nil, nil
	}
	m.do(Forward{e})
}

// handTexts hands on all texts that have not been seen to arrive: behind one that
// the leader did not hear of, a later one would come out of order.
func (m *machine) handTexts() {
	for _, id := range m.work.handed {
		if i := m.entry(id); i >= 0 {
			e := m.Outbox[i]
			m.do(Forward{Send{Text: e.Body, ClientID: id, At: e.At, ReplyTo: e.ReplyTo}})
		}
	}
}

// lead takes over from a tab that is gone: with what is mirrored already, and
// what was kept and may not have been mirrored yet.
func (m *machine) lead(saved Saved) {
	m.work.following = false
	unheard := m.work.unheard
	m.work.handed, m.work.unheard = nil, nil
	m.work.config.wanted = true
	m.takeOver(saved)
	if m.work.user.ID != "" {
		m.identify(m.work.user)
	}
	for _, e := range unheard {
		m.own(e)
	}
}

func (m *machine) takeOver(saved Saved) {
	if m.ConversationID != saved.ConversationID || saved.ConversationID == "" {
		m.leave() // the tab that is gone had left it, and did not come to say so
		m.start(saved)
		return
	}
	m.work.userID, m.work.expiresAt = saved.UserID, saved.ExpiresAt
	m.goOnJoining(saved.Join)
	for _, e := range saved.Outbox {
		if !m.known(e.ClientID) {
			m.Outbox = append(slices.Clip(m.Outbox), e)
		}
	}
	m.Outbox = inOrder(m.Outbox) // storage hands them out in any order
	m.weed()
	m.work.readSeq = max(m.work.readSeq, saved.ReadSeq)
	m.requeue()
	m.LoadingOlder = false
	m.Realtime = Realtime{}
	// Where there are messages, what follows them is fetched by the cursor. The
	// latest page might leave a gap behind them.
	m.work.history = task{wanted: len(m.Messages) == 0}
	if m.work.history.wanted {
		return
	}
	m.do(Subscribe{m.ConversationID})
}

// standDown gives the lead up to another tab.
func (m *machine) standDown() {
	m.requeue()
	m.Cursor = m.shownUpTo() // what was kept back is forgotten with all other work
	m.work = work{started: m.work.started, readSeq: m.work.readSeq, accepted: m.work.accepted, onScreen: m.work.onScreen, attentive: m.work.attentive, focused: m.work.focused, hidden: m.work.hidden, user: m.work.user, wake: m.work.wake, following: true}
	m.do(Subscribe{})
	m.do(Connect{})
}

// mirrored takes over what the leader has.
func (m *machine) mirrored(s Shared) {
	before := m.State
	m.work.heard, m.work.unheard = true, nil
	if s.Whole {
		m.Messages, m.cloned = nil, true
		m.Edition++
	}
	m.Config, m.Loaded, m.ConversationID, m.Self, m.Cursor = s.Config, s.Loaded, s.ConversationID, s.Self, s.Cursor
	m.HasOlder, m.LoadingOlder, m.Participants, m.Signals, m.Realtime, m.Link = s.HasOlder, s.LoadingOlder, s.Participants, s.Signals, s.Realtime, s.Link
	m.Notice, m.Unrevised, m.Unsaved, m.Invitation, m.Ended = s.Notice, s.Unrevised, s.Unsaved || m.Unsaved, s.Invitation, s.Ended
	m.work.readSeq = s.ReadSeq
	for i := range s.Messages {
		m.put(&s.Messages[i])
	}
	m.Streams = s.Streams
	m.mirrorOutbox(s.Outbox)
	m.newsOf(before)
}

// mirrorOutbox takes over the leader's outbox, behind which stands what was
// handed on and has not reached the leader.
func (m *machine) mirrorOutbox(leaders []Entry) {
	mine := m.Outbox
	m.Outbox = slices.Clone(leaders)
	var handed []string
	for _, id := range m.work.handed {
		i := slices.IndexFunc(mine, func(e Entry) bool { return e.ClientID == id })
		if i < 0 || m.known(id) {
			continue
		}
		handed = append(handed, id)
		m.Outbox = append(m.Outbox, mine[i])
	}
	m.work.handed = handed
	m.weed() // this tab may know more: it may have led until a moment ago
	m.handTexts()
}

// newsOf tells this tab's page what is new since before.
func (m *machine) newsOf(before State) {
	if before.ConversationID != "" && m.ConversationID == "" {
		m.do(Notify{Kind: NotifyCleared})
		m.work.accepted = false
		return
	}
	if len(m.Messages) > 0 {
		m.first()
	}
	if before.ConversationID != m.ConversationID || len(before.Messages) == 0 {
		return
	}
	last := before.Messages[len(before.Messages)-1].Seq
	written := before.written()
	for i := range m.Messages {
		message := &m.Messages[i]
		news := message.Seq > last || slices.Contains(written, message.Seq)
		if news && !m.Own(message) && message.Status != wire.StatusStreaming {
			m.do(Notify{Kind: NotifyMessage, Message: message})
		}
	}
}

// inOrder are entries as they were written: by time, and by the client id where
// two were written in the same millisecond.
func inOrder(entries []Entry) []Entry {
	sorted := slices.Clone(entries)
	sortStable(sorted, func(a, b *Entry) bool { return a.At < b.At || a.At == b.At && a.ClientID < b.ClientID })
	return sorted
}
