package session

import (
	"slices"

	"chatbot/widget/wire"
)

// Step is what becomes of s when e happens at now, and what is to be done about
// it. It changes nothing that s refers to.
func Step(s State, e Event, now wire.Time) (State, []Effect) {
	m := machine{State: s, now: now}
	m.handle(e)
	m.settle()
	m.save(s)
	m.proceed()
	m.tell(s)
	return m.State, m.effects
}

// machine is a State on its way to the next one.
type machine struct {
	State
	now     wire.Time
	effects []Effect
	cloned  bool // Messages is this machine's own copy
}

func (m *machine) do(e Effect) { m.effects = append(m.effects, e) }

func (m *machine) handle(e Event) {
	switch e := e.(type) {
	case Started:
		m.work.following = e.Following
		m.start(e.Saved)
		return
	case StandDown:
		m.standDown()
		return
	case Shown:
		m.work.hidden = false
	case Hidden:
		m.work.hidden = true
	}
	if m.work.following {
		m.followed(e)
		return
	}
	m.own(e)
}

// own is what an event means to a tab that leads.
func (m *machine) own(e Event) {
	switch e := e.(type) {
	case Lead:
		// it does already
	case Send:
		m.write(e)
	case Typed:
		m.dismiss()
		m.typing(!e.Blank)
	case Dismiss:
		m.dismiss()
	case Revise:
		m.revise(e)
	case Remove:
		m.do(RemoveMessage{m.ConversationID, e.MessageID})
	case Stop:
		m.do(StopMessage{m.ConversationID, e.MessageID})
	case React:
		m.do(ReactTo{m.ConversationID, e.MessageID, e.Emoji, e.On})
	case Revised:
		m.revised(e)
	case ReviseFailed:
		m.reviseFailed(e)
	case Refused:
		m.refused(e.Failure)
	case Retry:
		m.retry(e.ClientID)
	case Delete:
		m.delete(e.ClientID)
	case Open:
		m.open()
	case Close:
		m.Open, m.FirstUnread = false, 0
	case Seen:
		m.work.onScreen = max(m.work.onScreen, e.Seq)
	case Read:
		m.read(min(e.Seq, m.lastSeq()))
	case Attention:
		m.attend(e.Given, m.work.focused)
	case Focus:
		m.attend(m.work.attentive, e.In)
	case Identify:
		m.identify(e.User)
	case Older:
		m.older()
	case Trim:
		m.trim(e.Keep)
	case StartOver:
		m.startOver()
	case Reset:
		m.reset()
	case Invite:
		m.askInvitation()
	case PutAway:
		m.Invitation = nil
	case Offered:
		m.Offer = e.Code
	case Join:
		m.joinBy(e)
	case Decline:
		m.decline("")
	case Online:
		m.online()
	case Offline:
		m.link(LinkOffline)
	case Shown:
		m.do(Pace{Hidden: false})
		m.nudge()
	case Hidden:
		m.work.markAt = 0 // nobody may come back to this page
		m.do(Pace{Hidden: true})
	case Tick:
		m.work.wake = 0
	case Unsaved:
		m.Unsaved = true

	case Configured:
		m.configured(e.Config)
	case ConfigFailed:
		m.failed(&m.work.config, e.Failure)
	case ConfigWanted:
		m.work.config.wanted = true
	case Created:
		m.created(e)
	case CreateFailed:
		m.createFailed(e)
	case Joined:
		m.joined(e.Session)
	case JoinFailed:
		m.joinFailed(e.Failure)
	case Sent:
		m.sent(e.Message)
	case SendFailed:
		m.sendFailed(e)
	case PageFetched:
		m.page(e)
	case FetchFailed:
		m.fetchFailed(e)
	case HistoryFetched:
		m.historyFetched(e)
	case HistoryFailed:
		m.historyFailed(e)
	case Invited:
		m.invited(e)
	case InviteFailed:
		m.inviteFailed(e)
	case ReadMarked:
		m.readMarked(e)
	case ReadFailed:
		m.readFailed(e)
	case Renewed:
		m.renewed(e)
	case RenewFailed:
		m.renewFailed(e)
	case SocketUp:
		m.socketUp(e)
	case SocketDown:
		m.socketDown(e)
	case SocketFailed:
		m.do(Log{Level: LevelWarn, Text: title(e.Provider) + " real-time not reached (" + e.Reason + ")"})
	case Subscribed:
		m.subscribed(e)
	case Changed:
		m.changed(e)
	case Streamed:
		m.streamed(e)
	case Signalled:
		m.signalled(e)
	}
}

// start goes on where the visitor left off.
func (m *machine) start(saved Saved) {
	m.work.started = m.now
	m.Link = Link{LinkConnecting, m.now}
	m.work.config.wanted = true
	m.Outbox = inOrder(saved.Outbox)
	m.requeue()
	m.work.userID = saved.UserID
	m.goOnJoining(saved.Join)
	if saved.ConversationID == "" {
		return
	}
	m.ConversationID, m.Self, m.Cursor = saved.ConversationID, saved.Self, saved.Cursor
	m.work.readSeq, m.work.markedSeq, m.work.expiresAt = saved.ReadSeq, saved.ReadSeq, saved.ExpiresAt
	m.work.accepted = true
	m.work.history.wanted = true
}

// requeue makes everything that was on its way wait again.
func (m *machine) requeue() {
	m.work.inFlight = ""
	m.requeueAccepted()
}

// requeueAccepted does so with what the server has accepted but nobody has seen
// in the conversation yet. Sending it again does no harm, and finds it.
func (m *machine) requeueAccepted() {
	m.Outbox = slices.Clone(m.Outbox)
	for i, e := range m.Outbox {
		if e.State == Sending && e.ClientID != m.work.inFlight {
			m.Outbox[i].State = Queued
		}
	}
}

// leave forgets the conversation, but not what is in the outbox, nor who the
// visitor is.
func (m *machine) leave() {
	if m.ConversationID != "" {
		m.do(Subscribe{})
	}
	m.State = State{
		Config: m.Config, Loaded: m.Loaded, Outbox: m.Outbox, Link: m.Link, Open: m.Open, Unsaved: m.Unsaved,
		Offer: m.Offer,
		work: work{
			started: m.work.started, socket: m.work.socket, config: m.work.config, wake: m.work.wake,
			attentive: m.work.attentive, focused: m.work.focused, hidden: m.work.hidden, attended: m.work.attended,
			user: m.work.user, userID: m.work.userID,
		},
	}
	m.requeue()
}

func (m *machine) startOver() {
	if m.Ended {
		m.leave()
		m.do(Adopt{})
	}
}

func (m *machine) reset() {
	m.leave()
	m.Outbox = nil
	m.work.user, m.work.userID = wire.User{}, ""
	m.do(Forget{})
	m.do(Notify{Kind: NotifyCleared})
}

// end stops a conversation that cannot be gone on with.
func (m *machine) end(f Failure) {
	if m.Ended {
		return
	}
	m.Ended = true
	m.Realtime.Channel = nil
	m.Signals = nil
	m.LoadingOlder = false
	m.requeue()
	m.do(Subscribe{})
	m.notice(f.Code, "This conversation has ended. What you wrote is kept: start a new conversation to send it.", 0)
}

// enter begins with what the server said of a conversation.
func (m *machine) enter(s wire.Session) {
	m.ConversationID, m.Self, m.Cursor = s.Conversation.ID, s.Participant.ID, s.Cursor
	m.work.expiresAt = s.ExpiresAt
	m.do(Adopt{s.Token})
}

// awaits reports whether a conversation for user is what was asked for last. One
// for whom the visitor was before, or by the proof they had then, is not theirs.
func (m *machine) awaits(user wire.User) bool {
	return m.work.begin.running && m.ConversationID == "" && user == m.work.user
}

func (m *machine) created(e Created) {
	if !m.awaits(e.User) {
		return
	}
	m.work.begin = task{}
	m.contact()
	m.enter(e.Session)
	m.work.userID = m.work.user.ID
	if m.work.userID != "" { // somebody whom the site knows may have talked before
		m.work.history.wanted = true
		return
	}
	m.do(Subscribe{m.ConversationID})
}

func (m *machine) createFailed(e CreateFailed) {
	if !m.awaits(e.User) {
		return
	}
	f := e.Failure
	if f.temporary() {
		m.failed(&m.work.begin, f)
		return
	}
	m.work.begin = task{}
	m.contact()
	m.do(Log{Level: LevelWarn, Text: "no conversation could be begun: " + f.Text})
	if m.queued() < 0 {
		return // nobody waits for it: the site's owner is told, not the visitor
	}
	m.Outbox = slices.Clone(m.Outbox)
	for i := range m.Outbox {
		if m.Outbox[i].State == Queued {
			m.refuse(&m.Outbox[i], f.Code, f.Text)
		}
	}
	m.notice(f.Code, f.Text, 0)
}

// joinBy asks for another conversation; this one is kept until it is there.
func (m *machine) joinBy(j Join) {
	if len(m.Outbox) > 0 {
		m.notice(wire.CodeInvitationInvalid, "Send or delete what you wrote before you join another conversation.", 0)
		return
	}
	m.dismiss()
	m.decline(j.Code)
	if j.Code == m.work.invite.Code { // may have arrived already
		j.Nonce = m.work.invite.Nonce
	}
	m.work.invite = j
	m.work.join.wanted = true
}

// goOnJoining takes up what was under way before, if anything was.
func (m *machine) goOnJoining(j Join) {
	if j.Code != "" {
		m.work.invite, m.work.join.wanted = j, true
	}
}

// join enters another conversation, once it is known whether the server takes a
// nonce.
func (m *machine) join() {
	if !m.Loaded || !m.due(&m.work.join) {
		return
	}
	j := m.work.invite
	if !m.offers(wire.FeatureRejoin) {
		j.Nonce = ""
	}
	m.do(JoinConversation(j))
}

// decline forgets an offer, and every one where no code is given.
func (m *machine) decline(code string) {
	if code == "" || m.Offer == code {
		m.Offer = ""
	}
}

func (m *machine) joined(s wire.Session) {
	if !m.work.join.running {
		return
	}
	m.contact()
	m.leave()
	m.enter(s)
	m.work.history.wanted = true
}

func (m *machine) joinFailed(f Failure) {
	if f.temporary() {
		m.failed(&m.work.join, f)
		return
	}
	m.work.join = task{}
	m.contact()
	m.notice(f.Code, f.Text, 0)
}

func (m *machine) askInvitation() {
	if m.ConversationID == "" || m.Ended {
		m.notice(wire.CodeInvitationInvalid, "There is no conversation to invite somebody to yet.", 0)
		return
	}
	m.do(MakeInvitation{m.ConversationID})
}

func (m *machine) invited(e Invited) {
	if e.ConversationID == m.ConversationID {
		m.contact()
		m.Invitation = &e.Invitation
	}
}

func (m *machine) inviteFailed(e InviteFailed) {
	switch {
	case e.ConversationID != m.ConversationID:
	case e.Failure.tokenRefused():
		m.end(e.Failure)
	default:
		m.heard(e.Failure)
		m.refused(e.Failure)
	}
}

func (m *machine) configured(c wire.Config) {
	m.work.config = task{}
	m.Config, m.Loaded = c, true
	m.contact()
	m.do(Connect{c})
}

// notice tells the visitor something, and the host page with it.
func (m *machine) notice(code wire.Code, text string, retryAfter int) {
	m.Notice = Notice{Code: code, Text: text, RetryAfter: retryAfter}
	if retryAfter > 0 {
		m.Notice.Until = m.now + wire.Time(retryAfter)*1000
	}
	m.do(Notify{Kind: NotifyError, Code: code, Text: text})
}

// dismiss takes the notice away, unless a choice is waiting for the visitor.
func (m *machine) dismiss() {
	if !m.Ended {
		m.Notice = Notice{}
	}
}

// settle derives what follows from the rest.
func (m *machine) settle() {
	m.Signals = m.activeSignals()
	if m.Notice.Until > 0 && m.Notice.Until <= m.now {
		m.Notice = Notice{}
	}
	if m.looking() {
		m.read(min(m.work.onScreen, m.lastSeq()))
	}
	m.settleUnread()
	m.settleRealtime()
}

// settleUnread counts what is not read. Who looks at the end of the talk reads
// what comes when it is drawn: until then, or for a glance, it does not count.
func (m *machine) settleUnread() {
	unread := 0
	for i := len(m.Messages) - 1; i >= 0 && m.Messages[i].Seq > m.work.readSeq; i-- {
		if !m.Own(&m.Messages[i]) && m.Messages[i].DeletedAt == nil {
			unread++
		}
	}
	if m.looking() && unread > m.Unread {
		if m.work.glance == 0 {
			m.work.glance = m.now + glance
		}
		if m.now < m.work.glance {
			return
		}
	}
	m.Unread, m.work.glance = unread, 0
}

// settleRealtime says what is true of the ways: a socket counts for as much as
// it is good for.
func (m *machine) settleRealtime() {
	channel := m.Realtime.Channel
	switch {
	case m.work.following: // as the leader says
	case channel != nil:
		m.Realtime = Realtime{true, channel.Provider, channel}
	case m.ConversationID == "" && m.work.socket != "":
		m.Realtime = Realtime{true, m.work.socket, nil}
	default:
		m.Realtime = Realtime{false, wire.ProviderPolling, nil}
	}
}

// save comes before anything is sent, so that nothing is on its way that a
// reload would forget.
func (m *machine) save(old State) {
	if m.work.following {
		return
	}
	before, after := old.Saved(), m.Saved()
	same := before.ConversationID == after.ConversationID && before.Self == after.Self && before.Cursor.Epoch == after.Cursor.Epoch &&
		before.ExpiresAt == after.ExpiresAt && before.UserID == after.UserID && before.Join == after.Join && slices.Equal(before.Outbox, after.Outbox)
	// Whoever goes on from an older cursor is told what follows it once more, and
	// how far the visitor has read the server knows.
	lazy := before.Cursor.Rev != after.Cursor.Rev || before.ReadSeq != after.ReadSeq
	if !same || lazy {
		m.do(Save{Saved: after, Lazy: same})
	}
}

// tell reports what the host page may know, and asks to be woken.
func (m *machine) tell(old State) {
	if before, after := old.Public(), m.Public(); !before.equal(after) {
		m.do(Notify{Kind: NotifyState, Public: after})
	}
	if next := m.next(); next != 0 && next != m.work.wake {
		m.work.wake = next
		m.do(Wake{next})
	}
}

func (p Public) equal(q Public) bool {
	a, b := p.ChannelSubscription, q.ChannelSubscription
	if a != nil && b != nil && *a == *b {
		a = b
	}
	return a == b && p.RealtimeConnected == q.RealtimeConnected && p.RealtimeProvider == q.RealtimeProvider && p.Unread == q.Unread
}

// next is the earliest time at which something changes by itself, 0 for never.
func (m *machine) next() (at wire.Time) {
	sooner := func(t wire.Time) {
		if t > m.now && (at == 0 || t < at) {
			at = t
		}
	}
	for _, t := range []task{m.work.config, m.work.begin, m.work.join, m.work.history, m.work.read, m.work.renew} {
		if t.wanted && !t.running {
			sooner(t.notTill)
		}
	}
	if m.Open && m.ConversationID != "" && !m.work.following && m.offers(wire.FeaturePresence) {
		sooner(m.work.present)
		sooner(m.work.attended + awayAfter)
	}
	if !m.work.following && !m.work.read.running {
		if m.undelivered() {
			sooner(m.work.deliverAt)
		}
		if m.unmarked() {
			sooner(m.work.markAt)
		}
	}
	if m.renewable() {
		sooner(m.work.expiresAt - renewBefore)
	}
	if m.queued() >= 0 && !m.work.following {
		sooner(m.work.send.notTill)
		sooner(m.work.begin.notTill)
	}
	for _, signal := range m.Signals {
		sooner(signal.Until)
	}
	sooner(m.Notice.Until)
	sooner(m.work.glance)
	if m.Link.State != LinkLive && m.Link.State != "" {
		sooner(m.Link.Since + LinkPatience)
	}
	return at
}
