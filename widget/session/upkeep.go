package session

import (
	"slices"

	"chatbot/widget/wire"
)

// renewBefore is how long before its end a token is renewed, in milliseconds:
// long enough that a clock that is days off does no harm, and that a visitor
// who comes back within the week finds it good.
const renewBefore wire.Time = 10 * 24 * 3600 * 1000

// upkeep begins what keeps the conversation in order beside the talk itself.
func (m *machine) upkeep() {
	if m.ConversationID == "" {
		return
	}
	m.mark()
	m.tellPresence()
	if m.renewable() && m.now >= m.work.expiresAt-renewBefore {
		m.work.renew.wanted = true
		if m.due(&m.work.renew) {
			m.do(Renew{m.ConversationID})
		}
	}
}

// deliverAfter is how long it waits, in milliseconds, until it is told that a
// message has come: what is read at once needs no mark of its own.
const deliverAfter wire.Time = 1000

// markEvery is how often it is told at most, in milliseconds, how far the visitor
// has read: at once when it was not told for that long, and in a flow of messages
// for several of them together.
const markEvery wire.Time = 1000

// mark tells how far the visitor has read, and how far messages have come.
func (m *machine) mark() {
	delivered := int64(0)
	if m.undelivered() && m.now >= m.work.deliverAt {
		delivered = m.lastSeq()
	}
	if delivered == 0 && (!m.unmarked() || m.now < m.work.markAt) {
		return
	}
	m.work.read.wanted = true
	if m.due(&m.work.read) {
		m.work.markAt = m.now + markEvery
		m.work.delivering = max(delivered, m.work.readSeq)
		m.do(MarkRead{m.ConversationID, m.work.readSeq, delivered})
	}
}

// unmarked reports whether the visitor has read further than the server knows.
func (m *machine) unmarked() bool {
	return m.work.readSeq > m.work.markedSeq && m.offers(wire.FeatureReadMarks)
}

// undelivered reports whether the last message of somebody else has come, and the
// server does not know.
func (m *machine) undelivered() bool {
	n := len(m.Messages)
	return n > 0 && !m.Own(&m.Messages[n-1]) && m.lastSeq() > max(m.work.deliveredSeq, m.work.markedSeq) && m.offers(wire.FeatureDelivered)
}

// typingEvery is how often it is told that the visitor goes on writing, in
// milliseconds: often enough that the signal, which holds for six seconds, does
// not pass meanwhile.
const typingEvery wire.Time = 2000

// typing tells the others that the visitor writes, or has stopped.
func (m *machine) typing(on bool) {
	if m.ConversationID != "" && !m.Ended && m.offers(wire.FeatureTyping) && m.pausedTyping(on) {
		m.do(TellTyping{m.ConversationID, on})
	}
}

// pausedTyping reports whether there is something to tell: a beginning, an end,
// or that it goes on.
func (m *machine) pausedTyping(on bool) bool {
	if on == (m.work.typed > 0) && (!on || m.now-m.work.typed < typingEvery) {
		return false
	}
	m.work.typed = 0
	if on {
		m.work.typed = m.now
	}
	return true
}

// presentEvery is how often it is told that the visitor is still here, in
// milliseconds: twice in the minute for which the server believes it.
const presentEvery wire.Time = 25_000

// awayAfter is how long the focus may be nowhere, in milliseconds, before it is
// told: on its way from the chat to the page, or back, it is for a moment.
const awayAfter wire.Time = 500

// attend takes down whether the page has the focus, and whether the chat has.
func (m *machine) attend(page, chat bool) {
	if m.looking() {
		m.work.attended = m.now
	}
	m.work.attentive, m.work.focused = page, chat
}

// looking reports whether the visitor has the conversation before their eyes.
func (m *machine) looking() bool {
	return m.Open && !m.work.hidden && (m.work.attentive || m.work.focused)
}

// tellPresence tells the others who is here: online with the conversation before
// the eyes, and else away. Who has closed the chat is told of once: that passes
// by itself.
func (m *machine) tellPresence() {
	state := wire.SignalAway
	if m.looking() || m.Open && !m.work.hidden && m.now < m.work.attended+awayAfter {
		state = wire.SignalOnline
	}
	never := m.work.presence == "" && !m.Open
	known := state == m.work.presence && (m.now < m.work.present || !m.Open)
	if never || known || !m.offers(wire.FeaturePresence) {
		return
	}
	m.work.presence, m.work.present = state, m.now+presentEvery
	m.do(TellPresence{m.ConversationID, state})
}

// renewable reports whether there is a token whose end is known.
func (m *machine) renewable() bool {
	return m.ConversationID != "" && m.work.expiresAt > 0 && !m.Ended && !m.work.following
}

// offers reports whether the server has a feature. An older one is not asked for
// what it does not know.
func (m *machine) offers(feature string) bool { return slices.Contains(m.Config.Features, feature) }

// open shows the panel, and remembers where the visitor has to read on.
func (m *machine) open() {
	if m.Open {
		return
	}
	m.Open, m.FirstUnread = true, 0
	for i := range m.Messages {
		if message := &m.Messages[i]; message.Seq > m.work.readSeq && !m.Own(message) {
			m.FirstUnread = message.Seq
			return
		}
	}
}

// read marks everything up to seq as read. A tab that follows tells the leader.
func (m *machine) read(seq int64) {
	if seq <= m.work.readSeq {
		return
	}
	m.work.readSeq = seq
	if m.work.following {
		m.do(Forward{Read{seq}})
	}
}

func (m *machine) readMarked(e ReadMarked) {
	if e.ConversationID != m.ConversationID {
		return
	}
	m.contact()
	m.work.read = task{}
	m.work.markedSeq = max(m.work.markedSeq, e.Seq)
	m.work.deliveredSeq = max(m.work.deliveredSeq, m.work.delivering)
	m.work.readSeq = max(m.work.readSeq, e.Seq)
}

func (m *machine) readFailed(e ReadFailed) {
	switch {
	case e.ConversationID != m.ConversationID:
	case e.Failure.ended():
		m.end(e.Failure)
	case e.Failure.temporary():
		m.failed(&m.work.read, e.Failure)
	default:
		m.work.read = task{}
		m.work.markedSeq = m.work.readSeq // refused for good: not asked again
		m.work.deliveredSeq = m.lastSeq()
	}
}

func (m *machine) renewed(e Renewed) {
	if e.ConversationID != m.ConversationID {
		return
	}
	m.contact()
	m.work.renew = task{}
	m.work.expiresAt = e.ExpiresAt
	m.do(Adopt{e.Token})
}

func (m *machine) renewFailed(e RenewFailed) {
	switch {
	case e.ConversationID != m.ConversationID:
	case e.Failure.ended():
		m.end(e.Failure)
	case e.Failure.temporary():
		m.failed(&m.work.renew, e.Failure)
	default:
		m.work.renew, m.work.expiresAt = task{}, 0
	}
}

// identify takes who the visitor is on the site. A history that was begun as
// nobody, or as somebody else, never joins another's: it is left, and forgotten
// here.
func (m *machine) identify(user wire.User) {
	asked := m.work.begin.wanted && user == m.work.user
	m.work.user = user
	if m.ConversationID != "" && user.ID != m.work.userID {
		m.leave()
		m.do(Forget{})
	}
	m.work.userID = user.ID
	if m.ConversationID == "" && !asked { // what was asked for somebody else is not waited for
		m.work.begin = task{wanted: user.ID != ""} // they may have talked on another device
	}
}
