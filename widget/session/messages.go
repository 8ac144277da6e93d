package session

import (
	"cmp"
	"slices"

	"chatbot/widget/wire"
)

// MaxHeld is how many events that came before their predecessors are kept
// until those have been fetched.
const MaxHeld = 64

// MaxSignal is how long a signal is believed without a new one, in
// milliseconds.
const MaxSignal wire.Time = 60_000

// glance is how long a message may take to be drawn and read by a visitor who
// looks, before it counts as unread, in milliseconds.
const glance wire.Time = 500

// put merges one message: in order of Seq, and of two forms the newer one wins.
// It reports whether the message was not known at all, and whether its text has
// just become whole.
func (m *machine) put(message *wire.Message) (added, whole bool) {
	whole = message.Status != wire.StatusStreaming
	i, found := slices.BinarySearchFunc(m.Messages, message.Seq, func(known wire.Message, seq int64) int {
		return cmp.Compare(known.Seq, seq)
	})
	switch {
	case found && !newer(&m.Messages[i], message):
		return false, false
	case found:
		m.ownList()
		m.outgrow(&m.Messages[i], message)
		was := m.Messages[i].Status
		m.Messages[i] = *message
		m.Edition++
		return false, whole && was == wire.StatusStreaming
	case i == len(m.Messages):
		m.add(message)
	default:
		m.ownList()
		m.Messages = slices.Insert(m.Messages, i, *message)
		m.Edition++
	}
	return true, whole
}

// ownList makes Messages this machine's own, to change what is in it.
func (m *machine) ownList() {
	if !m.cloned {
		m.Messages, m.cloned = slices.Clone(m.Messages), true
	}
}

// add puts a message behind all others. That takes as long in a long talk as in
// a short one: where there is room behind the list, it is used, unless another
// successor of the same State has used it.
func (m *machine) add(message *wire.Message) {
	n := len(m.Messages)
	if n < cap(m.Messages) && m.Messages[:n+1][n].ID != "" {
		m.Messages = slices.Clip(m.Messages)
	}
	m.Messages = append(m.Messages, *message)
}

// trim forgets messages at the beginning, so that a page that is open for long
// does not grow without end.
func (m *machine) trim(keep int) {
	from := len(m.Messages) - max(keep, 1)
	for from > 0 && m.Messages[from-1].Seq > m.work.readSeq {
		from--
	}
	if from > 0 && !m.LoadingOlder {
		m.Messages, m.cloned = slices.Clone(m.Messages[from:]), true
		m.HasOlder = true
		m.Edition++
	}
}

// valid reports whether a message is one of this conversation. Anything else is
// not shown, whoever sent it.
func (m *machine) valid(message *wire.Message) bool {
	return message.ID != "" && message.Seq > 0 && message.ConversationID == m.ConversationID
}

// arrive takes a message that came via some way. Of what lies before the known
// stretch of history nothing is kept: it would leave a gap, and comes with the
// rest of its page when asked for.
func (m *machine) arrive(message *wire.Message, via wire.Provider) {
	if !m.valid(message) {
		return
	}
	m.confirm(message, via)
	if m.HasOlder && len(m.Messages) > 0 && message.Seq < m.Messages[0].Seq {
		return
	}
	added, whole := m.put(message)
	m.wrote(message)
	if m.Own(message) {
		return
	}
	if added {
		m.came(message, via)
	}
	if !whole {
		return
	}
	m.do(Log{Level: LevelInfo, Text: "✓ New message received via " + string(via), Detail: message.Body})
	m.do(Notify{Kind: NotifyMessage, Message: message})
}

// came: somebody else's message is there, or its first words.
func (m *machine) came(message *wire.Message, via wire.Provider) {
	m.work.deliverAt = m.now + deliverAfter
	m.quiet(message.Author.ID)
	if m.work.asked > 0 {
		m.do(Notify{Kind: NotifyLatency, Latency: Latency{"answer", int64(m.now - m.work.asked), via}})
		m.work.asked = 0
	}
}

// wrote: whoever writes a message has read up to it.
func (m *machine) wrote(message *wire.Message) {
	a := message.Author
	m.meet(wire.Participant{ID: a.ID, Role: a.Role, Name: a.Name, ReadSeq: message.Seq, DeliveredSeq: message.Seq})
}

// changed: an event came. It counts only if its predecessor is known.
func (m *machine) changed(e Changed) {
	if e.ConversationID != m.ConversationID || m.Ended || m.work.history.wanted {
		return
	}
	readable := e.Participant != nil || e.Message != nil && m.valid(e.Message)
	if !readable || e.Epoch != m.Cursor.Epoch {
		m.do(Fetch{})
		return
	}
	m.follow(e)
}

// follow applies a change if it is the next one, and otherwise keeps it and
// asks for what lies between.
func (m *machine) follow(e Changed) {
	switch {
	case m.work.catching && e.Rev <= m.Cursor.Rev && e.Message != nil && e.Message.Seq > m.lastSeq()+1:
		// kept back until all is there
	case e.Rev <= m.Cursor.Rev:
		m.apply(e)
	case e.Rev == m.Cursor.Rev+1 && !m.work.catching:
		m.apply(e)
		m.Cursor.Rev = e.Rev
		m.release()
	default:
		if len(m.work.held) < MaxHeld {
			m.work.held = append(slices.Clip(m.work.held), e)
		}
		m.do(Fetch{})
	}
}

// apply takes over what a change brings.
func (m *machine) apply(e Changed) {
	if e.Message != nil {
		m.arrive(e.Message, e.Provider)
	}
	if e.Participant != nil {
		m.meet(*e.Participant)
	}
}

// revise gives a message another text, if that is one that can be sent.
func (m *machine) revise(e Revise) {
	if code, reason := m.refusal(e.Body); code != "" {
		m.Unrevised = e
		m.notice(code, reason, 0)
		return
	}
	m.Unrevised = Revise{}
	m.dismiss()
	m.do(ReviseMessage{m.ConversationID, e.MessageID, e.Body})
}

func (m *machine) revised(e Revised) {
	if e.ConversationID == m.ConversationID && m.valid(&e.Message) && !m.Ended && !m.work.history.wanted {
		m.contact()
		m.follow(Changed{m.ConversationID, m.Realtime.Provider, &e.Message, nil, e.Message.Rev, m.Cursor.Epoch})
	}
}

// reviseFailed tells why a message is as it was.
func (m *machine) reviseFailed(e ReviseFailed) {
	if e.ConversationID != m.ConversationID {
		return
	}
	if e.Revise != (Revise{}) {
		m.Unrevised = e.Revise
	}
	switch {
	case e.Failure.tokenRefused():
		m.end(e.Failure)
	default:
		m.heard(e.Failure)
		m.refused(e.Failure)
	}
}

// meet takes over what is known of a participant. Their mark only rises, in
// whatever order its forms come.
func (m *machine) meet(p wire.Participant) {
	if p.ID == "" {
		return
	}
	if p.ID == m.Self {
		m.work.readSeq = max(m.work.readSeq, p.ReadSeq)
		m.work.markedSeq = max(m.work.markedSeq, p.ReadSeq)
		m.work.deliveredSeq = max(m.work.deliveredSeq, p.DeliveredSeq)
	}
	m.Participants = slices.Clone(m.Participants)
	i := slices.IndexFunc(m.Participants, func(known wire.Participant) bool { return known.ID == p.ID })
	if i < 0 {
		m.Participants = append(m.Participants, p)
		return
	}
	p.ReadSeq = max(p.ReadSeq, m.Participants[i].ReadSeq)
	p.DeliveredSeq = max(p.DeliveredSeq, m.Participants[i].DeliveredSeq, p.ReadSeq)
	m.Participants[i] = p
}

// release applies the kept events whose turn has come.
func (m *machine) release() {
	held := slices.Clone(m.work.held)
	m.work.held = nil
	sortStable(held, func(a, b *Changed) bool { return a.Rev < b.Rev })
	for _, e := range held {
		switch {
		case e.Rev > m.Cursor.Rev+1:
			m.work.held = append(m.work.held, e)
		case e.Rev == m.Cursor.Rev+1:
			m.apply(e)
			m.Cursor.Rev = e.Rev
		}
	}
}

// page: what changed since a cursor that was ours at some time. Everything up
// to the page's own cursor is known then.
func (m *machine) page(e PageFetched) {
	if e.ConversationID != m.ConversationID || m.Ended || m.work.history.wanted {
		return
	}
	m.contact()
	if e.Page.Cursor.Epoch != m.Cursor.Epoch {
		m.renew()
		return
	}
	m.catchUp(e.Page)
	for _, p := range e.Page.Participants {
		m.meet(p)
	}
	m.Cursor.Rev = max(m.Cursor.Rev, e.Page.Cursor.Rev)
	if !m.work.catching {
		m.release()
	}
	if m.Realtime.Channel == nil {
		m.Signals = nil // a page names all that hold; with a socket, later ones may be known
	}
	for _, signal := range e.Page.Signals {
		m.signal(signal)
	}
}

// catchUp takes the messages of a page of changes. They come in order of Rev:
// as long as there is more to come, what would leave a gap is kept back.
func (m *machine) catchUp(page wire.Page) {
	messages := slices.Concat(m.work.ahead, page.Messages)
	sortStable(messages, func(a, b *wire.Message) bool { return a.Seq < b.Seq })
	m.work.ahead = nil
	if page.Cursor.Rev >= m.Cursor.Rev { // one that was overtaken says nothing about what is to come
		if page.HasMore && !m.work.catching {
			m.work.sure = m.Cursor.Rev
		}
		m.work.catching = page.HasMore
	}
	for i := range messages {
		if m.work.catching && messages[i].Seq > m.lastSeq()+1 {
			m.work.ahead = append(m.work.ahead, messages[i])
			continue
		}
		m.arrive(&messages[i], wire.ProviderPolling)
	}
}

// sortStable sorts short lists, and such as are nearly in order. The standard
// library's sort would cost every visitor some kilobytes for each type.
func sortStable[E any](list []E, less func(a, b *E) bool) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && less(&list[j], &list[j-1]); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

func (m *machine) lastSeq() int64 {
	if n := len(m.Messages); n > 0 {
		return m.Messages[n-1].Seq
	}
	return 0
}

// renew begins the conversation clean: the server's store lost history, and
// what is shown may never have been.
func (m *machine) renew() {
	m.do(Log{Level: LevelWarn, Text: "the server's history is a new one: beginning anew"})
	m.do(Subscribe{})
	m.Messages, m.Streams, m.Participants, m.Signals, m.Cursor = nil, nil, nil, nil, wire.Cursor{}
	m.Edition++
	m.HasOlder, m.LoadingOlder = false, false
	m.Realtime.Channel = nil
	m.work.held, m.work.ahead, m.work.catching, m.work.readSeq = nil, nil, false, 0
	m.work.history = task{wanted: true}
	m.requeue()
}

func (m *machine) fetchFailed(e FetchFailed) {
	if e.ConversationID != m.ConversationID {
		return
	}
	if e.Failure.ended() {
		m.end(e.Failure)
		return
	}
	m.heard(e.Failure)
}

// older asks for the page of history before what is known.
func (m *machine) older() {
	if m.HasOlder && !m.LoadingOlder && !m.Ended && len(m.Messages) > 0 {
		m.LoadingOlder = true
		m.do(FetchHistory{m.ConversationID, m.Messages[0].Seq})
	}
}

func (m *machine) historyFetched(e HistoryFetched) {
	switch {
	case e.ConversationID != m.ConversationID || m.Ended:
	case e.Before == 0:
		m.latest(e.Page)
	case m.LoadingOlder && len(m.Messages) > 0 && e.Before == m.Messages[0].Seq:
		m.extend(e)
	}
}

// latest begins with the last messages of a conversation.
func (m *machine) latest(page wire.Page) {
	if !m.work.history.running {
		return
	}
	m.work.history = task{}
	m.contact()
	if page.Cursor.Epoch != m.Cursor.Epoch {
		m.Cursor = wire.Cursor{Epoch: page.Cursor.Epoch}
		m.work.readSeq = page.LastSeq
	}
	m.Cursor.Rev = max(m.Cursor.Rev, page.Cursor.Rev)
	for i := range page.Messages {
		m.keep(&page.Messages[i])
	}
	for _, p := range page.Participants {
		m.meet(p)
	}
	m.HasOlder = page.HasMore && len(m.Messages) > 0
	m.requeueAccepted()
	for _, signal := range page.Signals {
		m.signal(signal)
	}
	m.do(Subscribe{m.ConversationID})
}

// keep takes a message of history: nobody needs to be told of it.
func (m *machine) keep(message *wire.Message) {
	if m.valid(message) {
		m.confirm(message, wire.ProviderPolling)
		m.put(message)
	}
}

// extend puts a page of history before what is known.
func (m *machine) extend(e HistoryFetched) {
	m.LoadingOlder = false
	m.contact()
	if e.Page.Cursor.Epoch != m.Cursor.Epoch {
		m.renew()
		return
	}
	for i := range e.Page.Messages {
		if e.Page.Messages[i].Seq < e.Before {
			m.keep(&e.Page.Messages[i])
		}
	}
	m.HasOlder = e.Page.HasMore && len(e.Page.Messages) > 0
}

func (m *machine) historyFailed(e HistoryFailed) {
	if e.ConversationID != m.ConversationID || m.Ended {
		return
	}
	switch {
	case e.Failure.ended():
		m.end(e.Failure)
	case e.Before == 0 && m.work.history.running:
		m.failed(&m.work.history, e.Failure)
	case e.Before != 0:
		m.LoadingOlder = false
		m.heard(e.Failure)
	}
}

func (m *machine) signalled(e Signalled) {
	if e.ConversationID == m.ConversationID && !m.Ended {
		m.signal(e.Signal)
	}
}

// signal keeps a passing state of somebody else; each type once for an author.
func (m *machine) signal(s wire.Signal) {
	if s.Author.ID == m.Self {
		return
	}
	if s.Type == wire.SignalIdle {
		m.quiet(s.Author.ID)
		return
	}
	others := slices.DeleteFunc(slices.Clone(m.Signals), func(known Signal) bool {
		return known.Author.ID == s.Author.ID && (known.Type == s.Type || presence(known.Type) && presence(s.Type))
	})
	if s.Type == wire.SignalOffline {
		m.Signals = others
		return
	}
	if ttl := min(wire.Time(s.TTL), MaxSignal); ttl > 0 {
		others = append(others, Signal{s.Author, s.Type, m.now + ttl})
	}
	m.Signals = others
}

// presence reports whether a signal says who is here; of these one holds at a
// time.
func presence(t wire.SignalType) bool {
	return t == wire.SignalOnline || t == wire.SignalAway || t == wire.SignalOffline
}

// quiet ends an author's writing.
func (m *machine) quiet(authorID string) {
	m.Signals = slices.DeleteFunc(slices.Clone(m.Signals), func(s Signal) bool { return s.Author.ID == authorID && !presence(s.Type) })
}

// activeSignals are the signals without those that have passed.
func (m *machine) activeSignals() []Signal {
	passed := func(s Signal) bool { return s.Until <= m.now }
	if !slices.ContainsFunc(m.Signals, passed) {
		return m.Signals
	}
	return slices.DeleteFunc(slices.Clone(m.Signals), passed)
}
