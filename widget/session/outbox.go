package session

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"chatbot/widget/wire"
)

// write puts a text into the outbox.
func (m *machine) write(e Send) {
	if !wire.ValidID(e.ClientID) {
		m.do(Log{Level: LevelWarn, Text: "a text without a valid client id was not taken"})
		return
	}
	if m.known(e.ClientID) {
		return
	}
	code, reason := m.refusal(e.Text)
	if code == wire.CodeMessageEmpty {
		return
	}
	at := e.At
	if at <= 0 || at > m.now {
		at = m.now
	}
	if n := len(m.Outbox); n > 0 { // so that neither a clock that was set back nor one millisecond changes the order
		at = max(at, m.Outbox[n-1].At+1)
	}
	entry := Entry{ClientID: e.ClientID, Body: e.Text, At: at, ReplyTo: e.ReplyTo, State: Queued}
	if code != "" {
		m.refuse(&entry, code, reason)
	}
	m.dismiss()
	m.work.typed = 0 // the message ends it
	m.Outbox = append(slices.Clip(m.Outbox), entry)
	if m.work.following {
		m.do(Keep{entry})
	}
}

// known reports whether a text with this client id was taken before.
func (m *machine) known(clientID string) bool {
	return m.entry(clientID) >= 0 || m.stored(clientID)
}

// stored reports whether the visitor's text with this client id is in the
// conversation.
func (m *machine) stored(clientID string) bool {
	for i := range m.Messages {
		if m.Messages[i].ClientID == clientID && m.Own(&m.Messages[i]) {
			return true
		}
	}
	return false
}

// weed takes out of the outbox what is in the conversation.
func (m *machine) weed() {
	m.Outbox = slices.DeleteFunc(slices.Clone(m.Outbox), func(e Entry) bool { return m.stored(e.ClientID) })
}

// entry is the place of a client id in the outbox, or -1.
func (m *machine) entry(clientID string) int {
	return slices.IndexFunc(m.Outbox, func(e Entry) bool { return e.ClientID == clientID })
}

// queued is the place of the entry to send next, or -1.
func (m *machine) queued() int {
	return slices.IndexFunc(m.Outbox, func(e Entry) bool { return e.State == Queued })
}

// refusal says why the server would refuse a text, with an empty code where it
// would not.
func (m *machine) refusal(text string) (wire.Code, string) {
	if n := m.Config.Limits.MessageChars; n > 0 && utf8.RuneCountInString(text) > n {
		return wire.CodeMessageTooLong, tooLong(n)
	}
	switch err := wire.ValidateBody(text).(type) {
	case nil:
		return "", ""
	case *wire.Error:
		if err.Code == wire.CodeMessageTooLong {
			return err.Code, tooLong(wire.MaxMessageChars)
		}
		return err.Code, err.Message
	default:
		return wire.CodeInvalidField, err.Error()
	}
}

func tooLong(limit int) string {
	return fmt.Sprintf("This message is too long: at most %d characters fit in one.", limit)
}

func rateLimited(seconds int) string {
	if seconds <= 1 {
		return "That was a lot at once. Your message is sent in a moment."
	}
	return fmt.Sprintf("That was a lot at once. Your message is sent in %d seconds.", seconds)
}

func (m *machine) refuse(e *Entry, code wire.Code, reason string) {
	e.State, e.Code, e.Reason = Failed, code, reason
}

// set replaces an entry in a copy of the outbox.
func (m *machine) set(i int, e Entry) {
	m.Outbox = slices.Clone(m.Outbox)
	m.Outbox[i] = e
}

func (m *machine) retry(clientID string) {
	i := m.entry(clientID)
	if i < 0 {
		return
	}
	m.dismiss()
	if !m.work.send.told {
		m.work.send.notTill = 0
	}
	if e := m.Outbox[i]; e.State == Failed {
		e.State, e.Code, e.Reason = Queued, "", ""
		if code, reason := m.refusal(e.Body); code != "" {
			m.refuse(&e, code, reason)
		}
		m.set(i, e)
	}
}

func (m *machine) delete(clientID string) {
	if i := m.entry(clientID); i >= 0 && m.Outbox[i].State != Sending {
		m.Outbox = slices.Delete(slices.Clone(m.Outbox), i, i+1)
		m.dismiss()
	}
}

// proceed begins what is due.
func (m *machine) proceed() {
	if m.work.following {
		return
	}
	if m.due(&m.work.config) {
		m.do(LoadConfig{})
	}
	m.join()
	if m.Ended || m.work.join.wanted {
		return
	}
	m.upkeep()
	if m.due(&m.work.history) {
		m.do(FetchHistory{ConversationID: m.ConversationID})
	}
	next := m.queued()
	if m.ConversationID == "" {
		m.work.begin.wanted = m.work.begin.wanted || next >= 0
		if m.due(&m.work.begin) {
			m.do(CreateConversation{m.work.user})
		}
		return
	}
	if next >= 0 && m.work.inFlight == "" && m.work.send.notTill <= m.now {
		e := m.Outbox[next]
		e.State = Sending
		m.set(next, e)
		m.work.inFlight = e.ClientID
		m.do(SendMessage{m.ConversationID, e.ClientID, e.Body, e.ReplyTo})
	}
}

// due reports whether t is to be begun now, and marks it as begun.
func (m *machine) due(t *task) bool {
	if !t.wanted || t.running || t.notTill > m.now {
		return false
	}
	t.running = true
	return true
}

// sent: the server has stored a message. If something before it is not known
// yet, the entry stays in the outbox until that has been fetched, so that no
// gap is shown.
func (m *machine) sent(message wire.Message) {
	if message.ConversationID != m.ConversationID || m.Ended {
		return
	}
	m.contact()
	if message.ClientID != m.work.inFlight {
		return // it was found by another way already
	}
	m.accept(message.ClientID, m.Realtime.Provider)
	if m.work.history.wanted {
		return // its place is not known before the rest is there
	}
	m.follow(Changed{m.ConversationID, m.Realtime.Provider, &message, nil, message.Rev, m.Cursor.Epoch})
}

// accept ends the sending of the entry that is on its way.
func (m *machine) accept(clientID string, via wire.Provider) {
	m.work.inFlight = ""
	m.work.send = task{}
	if m.Notice.Code == wire.CodeRateLimited && !m.Notice.Again {
		m.Notice = Notice{}
	}
	if i := m.entry(clientID); i >= 0 && m.Outbox[i].At >= m.work.started {
		m.work.asked = m.Outbox[i].At
		m.do(Notify{Kind: NotifyLatency, Latency: Latency{"sent", int64(m.now - m.Outbox[i].At), via}})
	}
	m.first()
}

// first tells the host page that there is a conversation worth coming back to.
func (m *machine) first() {
	if !m.work.accepted {
		m.work.accepted = true
		m.do(Notify{Kind: NotifySent})
	}
}

// confirm takes an entry out of the outbox whose message is in the
// conversation.
func (m *machine) confirm(message *wire.Message, via wire.Provider) {
	if !m.Own(message) || message.ClientID == "" {
		return
	}
	if i := m.entry(message.ClientID); i >= 0 {
		if message.ClientID == m.work.inFlight {
			m.accept(message.ClientID, via)
		}
		m.first()
		m.Outbox = slices.Delete(slices.Clone(m.Outbox), i, i+1)
	}
}

func (m *machine) sendFailed(e SendFailed) {
	if e.ConversationID != m.ConversationID || e.ClientID != m.work.inFlight {
		return
	}
	m.work.inFlight = ""
	i := m.entry(e.ClientID)
	if i < 0 {
		return
	}
	entry := m.Outbox[i]
	entry.State = Queued
	m.set(i, entry)
	switch f := e.Failure; {
	case f.ended():
		m.end(f)
	case f.temporary():
		m.failed(&m.work.send, f)
	default:
		m.contact()
		m.work.send = task{}
		reason := f.Text
		if f.Code == wire.CodeConflict {
			reason = "Another text was already sent in its place."
		}
		m.refuse(&entry, f.Code, reason)
		m.set(i, entry)
		m.do(Notify{Kind: NotifyError, Code: f.Code, Text: reason})
	}
}
