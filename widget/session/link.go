package session

import (
	"strings"

	"chatbot/widget/wire"
)

// link changes the state of the link, and keeps since when it lasts.
func (m *machine) link(state LinkState) {
	if m.Link.State != state {
		m.Link = Link{state, m.now}
	}
}

// contact means that the server answered: what waited for that goes on.
func (m *machine) contact() {
	if m.Link.State != LinkLive {
		m.link(LinkLive)
		m.hurry()
	}
}

// lost means that the server did not answer.
func (m *machine) lost() {
	if m.Link.State == LinkLive {
		m.link(LinkReconnecting)
	}
}

// heard is contact or lost, by what a failure says.
func (m *machine) heard(f Failure) {
	if f.Lost || f.Code == wire.CodeUnavailable || f.Code == wire.CodeInternal {
		m.lost()
		return
	}
	m.contact()
}

// online: the browser sees a network again.
func (m *machine) online() {
	if m.Link.State == LinkOffline {
		m.link(LinkReconnecting)
	}
	m.nudge()
}

// nudge tries everything at once.
func (m *machine) nudge() {
	m.hurry()
	m.do(Reconnect{})
	m.do(Fetch{})
}

// hurry ends all waiting but that which the server asked for.
func (m *machine) hurry() {
	for _, t := range []*task{&m.work.config, &m.work.begin, &m.work.join, &m.work.history, &m.work.send, &m.work.read, &m.work.renew} {
		if !t.told {
			t.notTill = 0
		}
	}
}

// failed makes t wait before its next try.
func (m *machine) failed(t *task, f Failure) {
	m.heard(f)
	t.running = false
	t.tries++
	t.told = f.RetryAfter > 0
	t.notTill = m.now + backoff(t.tries, m.now)
	if t.told {
		t.notTill = m.now + wire.Time(f.RetryAfter)*1000
	}
	if f.Code == wire.CodeRateLimited {
		m.notice(f.Code, rateLimited(f.RetryAfter), f.RetryAfter)
	}
}

// Bounds of the wait between tries where the server names none, in
// milliseconds.
const (
	minBackoff wire.Time = 1000
	maxBackoff wire.Time = 30_000
)

// backoff is the wait after so many tries: doubling, and somewhere in the upper
// half, so that those who failed together do not come back together.
func backoff(tries int, salt wire.Time) wire.Time {
	full := min(minBackoff<<min(tries-1, 10), maxBackoff)
	mixed := uint64(salt)*0x9e3779b97f4a7c15 + uint64(tries)*0xbf58476d1ce4e5b9
	mixed ^= mixed >> 29
	return full/2 + wire.Time(mixed%uint64(full/2))
}

// ended means that the token or the conversation is not known any more.
func (f Failure) ended() bool {
	return f.tokenRefused() || f.Code == wire.CodeNotFound && !f.Lost
}

// tokenRefused means that the token is not good any more.
func (f Failure) tokenRefused() bool {
	switch f.Code {
	case wire.CodeUnauthorized, wire.CodeTokenExpired, wire.CodeTokenRevoked:
		return !f.Lost
	}
	return false
}

// temporary means that the same call may succeed later.
func (f Failure) temporary() bool {
	switch f.Code {
	case wire.CodeUnavailable, wire.CodeInternal, wire.CodeRateLimited, wire.CodeTooManyWaiting:
		return true
	}
	return f.Lost || f.RetryAfter > 0
}

func (m *machine) socketUp(e SocketUp) {
	m.work.socket = e.Provider
	m.contact()
	m.do(Log{Level: LevelInfo, Text: "✓ " + title(e.Provider) + " real-time connected on " + e.Address})
}

func (m *machine) socketDown(e SocketDown) {
	m.work.socket = ""
	m.Realtime.Channel = nil
	m.do(Log{Level: LevelWarn, Text: title(e.Provider) + " real-time lost (" + e.Reason + "): polling until it is back"})
}

func (m *machine) subscribed(e Subscribed) {
	if e.ConversationID != m.ConversationID || m.Ended {
		return
	}
	m.contact()
	m.work.socket = e.Provider
	channel := wire.Channel(e.ConversationID)
	m.Realtime.Channel = &Subscription{channel, e.Provider}
	m.do(Log{Level: LevelInfo, Text: "✓ Subscribed to real-time channel: " + strings.TrimPrefix(channel, "private-") + " via " + string(e.Provider)})
}

// title is a provider's name as people write it.
func title(p wire.Provider) string {
	if p == "" {
		return ""
	}
	return strings.ToUpper(string(p[:1])) + string(p[1:])
}
