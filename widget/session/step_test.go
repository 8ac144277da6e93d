package session

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chatbot/widget/wire"
)

// story drives a State through events and keeps what each one led to.
type story struct {
	t       *testing.T
	now     wire.Time
	state   State
	effects []Effect // of the last event
}

func begin(t *testing.T, saved Saved) *story {
	s := &story{t: t, now: 1_000_000}
	s.on(Started{Saved: saved})
	s.on(Configured{wire.Config{Limits: wire.Limits{MessageChars: 100}, Features: []string{wire.FeatureReadMarks}}})
	return s
}

func (s *story) on(e Event) *story {
	s.t.Helper()
	s.state, s.effects = Step(s.state, e, s.now)
	return s
}

func (s *story) after(ms wire.Time) *story {
	s.now += ms
	return s.on(Tick{})
}

// all are the effects of one type that the last event led to.
func all[E Effect](s *story) []E {
	var found []E
	for _, effect := range s.effects {
		if e, ok := effect.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

// the is the one effect of its type.
func the[E Effect](s *story) E {
	s.t.Helper()
	found := all[E](s)
	if len(found) != 1 {
		s.t.Fatalf("%d effects of type %T among %+v, want 1", len(found), *new(E), s.effects)
	}
	return found[0]
}

func none[E Effect](s *story) {
	s.t.Helper()
	if found := all[E](s); len(found) > 0 {
		s.t.Fatalf("unexpected %T: %+v", found[0], found)
	}
}

// notified are the kinds of the last event's Notify effects.
func (s *story) notified(kind NotifyKind) (found []Notify) {
	for _, n := range all[Notify](s) {
		if n.Kind == kind {
			found = append(found, n)
		}
	}
	return found
}

func (s *story) logs() (lines []string) {
	for _, l := range all[Log](s) {
		lines = append(lines, l.Text+l.Detail)
	}
	return lines
}

const conversation = "c1"

var (
	visitor = wire.Author{ID: "me", Role: wire.RoleVisitor}
	bot     = wire.Author{ID: "bot", Role: wire.RoleBot, Name: "Bot"}
)

func message(seq, rev int64, author wire.Author, clientID string) wire.Message {
	return wire.Message{
		ID: fmt.Sprint("m", seq), ConversationID: conversation, Seq: seq, Rev: rev, ClientID: clientID, Author: author,
		Body: fmt.Sprint("body ", seq), Status: wire.StatusComplete,
	}
}

func page(rev int64, more bool, messages ...wire.Message) wire.Page {
	return wire.Page{Messages: messages, Cursor: wire.Cursor{Epoch: "e", Rev: rev}, Epoch: "e", HasMore: more}
}

func event(m wire.Message) Changed {
	return Changed{conversation, wire.ProviderReverb, &m, nil, m.Rev, "e"}
}

func newSession() wire.Session {
	return wire.Session{
		Conversation: wire.Conversation{ID: conversation}, Participant: wire.Participant{ID: "me"},
		Cursor: wire.Cursor{Epoch: "e"}, Token: "secret",
	}
}

// chatting is a story in which the first message was sent and stored.
func chatting(t *testing.T) *story {
	s := begin(t, Saved{})
	s.on(Open{}).on(Send{Text: "hi", ClientID: "k1"}).on(Created{Session: newSession()}).on(Sent{message(1, 1, visitor, "k1")})
	return s
}

func (s *story) seqs() (seqs []int64) {
	for _, m := range s.state.Messages {
		seqs = append(seqs, m.Seq)
	}
	return seqs
}

func (s *story) want(seqs []int64, rev int64) {
	s.t.Helper()
	if !slices.Equal(s.seqs(), seqs) || s.state.Cursor.Rev != rev {
		s.t.Fatalf("messages %v at rev %d, want %v at %d", s.seqs(), s.state.Cursor.Rev, seqs, rev)
	}
}

func TestFirstMessage(t *testing.T) {
	s := begin(t, Saved{})
	if s.state.Link.State != LinkLive || !s.state.Loaded {
		t.Fatalf("link %+v after the config came", s.state.Link)
	}
	s.now += 10
	s.on(Send{Text: "hello", ClientID: "k1"})
	the[CreateConversation](s)
	none[SendMessage](s)
	if saved := the[Save](s).Saved; len(saved.Outbox) != 1 || saved.Outbox[0] != (Entry{ClientID: "k1", Body: "hello", At: s.now, State: Queued}) {
		t.Errorf("saved %+v", saved)
	}
	s.on(Created{Session: newSession()})
	if the[Adopt](s).Token != "secret" || the[Subscribe](s).ConversationID != conversation {
		t.Errorf("effects %+v", s.effects)
	}
	if send := the[SendMessage](s); send != (SendMessage{conversation, "k1", "hello", ""}) || s.state.Outbox[0].State != Sending {
		t.Errorf("sends %+v, outbox %+v", send, s.state.Outbox)
	}
	s.now += 30
	s.on(Sent{message(1, 1, visitor, "k1")})
	s.want([]int64{1}, 1)
	if len(s.state.Outbox) != 0 || len(s.notified(NotifySent)) != 1 {
		t.Errorf("outbox %+v, effects %+v", s.state.Outbox, s.effects)
	}
	if l := s.notified(NotifyLatency); len(l) != 1 || l[0].Latency != (Latency{"sent", 30, wire.ProviderPolling}) {
		t.Errorf("latency %+v", l)
	}
	s.on(Send{Text: "again", ClientID: "k2"}).on(Sent{message(2, 2, visitor, "k2")})
	if len(s.notified(NotifySent)) != 0 {
		t.Error("the host was told of the first message twice")
	}
}

func TestSaveComesBeforeSending(t *testing.T) {
	s := chatting(t).on(Send{Text: "x", ClientID: "k2"})
	saved := slices.IndexFunc(s.effects, func(e Effect) bool { _, ok := e.(Save); return ok })
	sent := slices.IndexFunc(s.effects, func(e Effect) bool { _, ok := e.(SendMessage); return ok })
	if saved < 0 || sent < saved {
		t.Errorf("saved at %d, sent at %d", saved, sent)
	}
}

func TestOneAtATimeInOrder(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"}).on(Send{Text: "b", ClientID: "k3"})
	none[SendMessage](s)
	s.on(Send{Text: "b again", ClientID: "k3"})
	if len(s.state.Outbox) != 2 {
		t.Errorf("the same client id counted twice: %+v", s.state.Outbox)
	}
	s.on(Sent{message(2, 2, visitor, "k2")})
	if the[SendMessage](s).ClientID != "k3" {
		t.Error("the next one is not sent")
	}
	s.on(Sent{message(3, 3, visitor, "k3")})
	s.want([]int64{1, 2, 3}, 3)
	if s.on(Send{Text: "a", ClientID: "k2"}); len(s.state.Outbox) != 0 {
		t.Error("a stored client id was taken again")
	}
}

func TestNetworkLossIsTriedAgainWithTheSameID(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"})
	s.on(SendFailed{conversation, "k2", Failure{Code: wire.CodeUnavailable, Lost: true}})
	none[SendMessage](s)
	if s.state.Outbox[0].State != Queued || s.state.Link.State != LinkReconnecting {
		t.Fatalf("outbox %+v, link %+v", s.state.Outbox, s.state.Link)
	}
	if s.state.Link.Shown(s.now+LinkPatience-1) != LinkLive || s.state.Link.Shown(s.now+LinkPatience) != LinkReconnecting {
		t.Error("the loss is not shown after LinkPatience")
	}
	wake := the[Wake](s).At
	if wait := wake - s.now; wait < minBackoff/2 || wait > minBackoff {
		t.Errorf("tried again after %d ms", wait)
	}
	none[SendMessage](s.after(wake - s.now - 1))
	if the[SendMessage](s.after(1)) != (SendMessage{conversation, "k2", "a", ""}) {
		t.Error("not sent again")
	}
	s.on(SendFailed{conversation, "k2", Failure{Lost: true}})
	s.on(Online{})
	the[SendMessage](s)
	the[Reconnect](s)
	the[Fetch](s)
}

func TestRetryAfterIsRespectedAndTold(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"})
	s.on(SendFailed{conversation, "k2", Failure{Code: wire.CodeRateLimited, RetryAfter: 7}})
	if s.state.Notice.RetryAfter != 7 || !strings.Contains(s.state.Notice.Text, "7 seconds") {
		t.Errorf("notice %+v", s.state.Notice)
	}
	for _, hurry := range []Event{Online{}, Shown{}, Retry{"k2"}, Send{Text: "b", ClientID: "k3"}} {
		none[SendMessage](s.on(hurry))
	}
	none[SendMessage](s.after(6999))
	if the[SendMessage](s.after(1)).ClientID != "k2" || s.state.Notice.Code != "" {
		t.Errorf("effects %+v, notice %+v", s.effects, s.state.Notice)
	}
}

func TestOneSecondIsAMoment(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"}).on(SendFailed{conversation, "k2", Failure{Code: wire.CodeRateLimited, RetryAfter: 1}})
	if text := s.state.Notice.Text; !strings.Contains(text, "in a moment") {
		t.Errorf("told %q", text)
	}
}

func TestBackoffGrowsAndIsCapped(t *testing.T) {
	for tries := 1; tries < 40; tries++ {
		full := maxBackoff
		if tries < 6 {
			full = minBackoff << (tries - 1)
		}
		for salt := range wire.Time(50) {
			if wait := backoff(tries, salt*977); wait < full/2 || wait > full {
				t.Fatalf("try %d: %d ms, want %d to %d", tries, wait, full/2, full)
			}
		}
	}
}

func TestRefusedForGood(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"}).on(Send{Text: "b", ClientID: "k3"})
	s.on(SendFailed{conversation, "k2", Failure{Code: wire.CodeInvalidField, Text: "No."}})
	e := s.state.Outbox[0]
	if e.State != Failed || e.Body != "a" || e.Reason != "No." || len(s.notified(NotifyError)) != 1 {
		t.Errorf("entry %+v, effects %+v", e, s.effects)
	}
	if the[SendMessage](s).ClientID != "k3" {
		t.Error("the others do not go on")
	}
	s.on(Sent{message(2, 2, visitor, "k3")})
	if len(s.state.Outbox) != 1 {
		t.Fatalf("outbox %+v", s.state.Outbox)
	}
	if the[SendMessage](s.on(Retry{"k2"})).ClientID != "k2" || s.state.Outbox[0].Reason != "" {
		t.Error("not tried again")
	}
	if s.on(Delete{"k2"}); len(s.state.Outbox) != 1 {
		t.Error("deleted while on its way")
	}
	s.on(SendFailed{conversation, "k2", Failure{Code: wire.CodeConflict}})
	if s.on(Delete{"k2"}); len(s.state.Outbox) != 0 {
		t.Error("not deleted")
	}
}

func TestTextsThatTheServerWouldRefuse(t *testing.T) {
	s := chatting(t)
	if s.on(Send{Text: " \n\u200b", ClientID: "k2"}); len(s.state.Outbox) != 0 {
		t.Error("an empty text was taken")
	}
	long := strings.Repeat("é", 101)
	s.on(Send{Text: long, ClientID: "k3"})
	none[SendMessage](s)
	if e := s.state.Outbox[0]; e.State != Failed || e.Body != long || e.Code != wire.CodeMessageTooLong || !strings.Contains(e.Reason, "100") {
		t.Errorf("entry %+v", e)
	}
	if none[SendMessage](s.on(Retry{"k3"})); s.state.Outbox[0].State != Failed {
		t.Error("retried though it is too long")
	}
	if s.on(Send{Text: "x", ClientID: "not an id"}); len(s.state.Outbox) != 1 {
		t.Error("a client id that is none was taken")
	}
}

func TestEventsMoveTheCursorOneByOne(t *testing.T) {
	s := chatting(t)
	s.on(event(message(2, 2, bot, "")))
	s.want([]int64{1, 2}, 2)
	none[Fetch](s)
	s.on(event(message(4, 4, bot, "")))
	the[Fetch](s)
	s.want([]int64{1, 2}, 2)
	s.on(event(message(3, 3, bot, "")))
	s.want([]int64{1, 2, 3, 4}, 4)
	s.on(event(message(2, 2, bot, "")))
	s.want([]int64{1, 2, 3, 4}, 4)
	edited := message(2, 5, bot, "")
	edited.Body = "edited"
	s.on(event(edited))
	if s.want([]int64{1, 2, 3, 4}, 5); s.state.Messages[1].Body != "edited" {
		t.Error("the newer form does not win")
	}
	if s.on(event(message(2, 2, bot, ""))); s.state.Messages[1].Body != "edited" {
		t.Error("an older form won")
	}
}

func TestUnsureMeansFetch(t *testing.T) {
	other := event(message(2, 2, bot, ""))
	other.Epoch = "other"
	foreign := message(2, 2, bot, "")
	foreign.ConversationID = "c2"
	for name, e := range map[string]Changed{
		"partial":                            {ConversationID: conversation, Rev: 2, Epoch: "e"},
		"other epoch":                        other,
		"not a message of this conversation": event(foreign),
	} {
		s := chatting(t).on(e)
		if len(all[Fetch](s)) != 1 {
			t.Errorf("%s: no fetch", name)
		}
		s.want([]int64{1}, 1)
	}
	elsewhere := event(message(2, 2, bot, ""))
	elsewhere.ConversationID = "c2"
	none[Fetch](chatting(t).on(elsewhere))
}

func TestOwnMessageWaitsForItsPredecessor(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"})
	s.on(Sent{message(3, 3, visitor, "k2")})
	the[Fetch](s)
	s.want([]int64{1}, 1)
	if len(s.state.Timeline()) != 2 {
		t.Error("the text is not shown meanwhile")
	}
	s.on(PageFetched{conversation, page(3, false, message(2, 2, bot, ""), message(3, 3, visitor, "k2"))})
	s.want([]int64{1, 2, 3}, 3)
	if len(s.state.Outbox) != 0 {
		t.Errorf("outbox %+v", s.state.Outbox)
	}
}

func TestLostAnswerIsFoundByThePage(t *testing.T) {
	s := begin(t, Saved{}).on(Send{Text: "hi", ClientID: "k1"}).on(Created{Session: newSession()})
	s.on(SendFailed{conversation, "k1", Failure{Lost: true}})
	s.on(PageFetched{conversation, page(1, false, message(1, 1, visitor, "k1"))})
	if s.want([]int64{1}, 1); len(s.state.Outbox) != 0 || len(s.notified(NotifySent)) != 1 {
		t.Errorf("outbox %+v, effects %+v", s.state.Outbox, s.effects)
	}
	none[SendMessage](s.after(60_000))
}

func TestAnotherAuthorsClientIDConfirmsNothing(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"})
	s.on(event(message(2, 2, wire.Author{ID: "you", Role: wire.RoleVisitor}, "k2")))
	if len(s.state.Outbox) != 1 {
		t.Error("confirmed by somebody else's message")
	}
	keys := map[string]bool{}
	for _, item := range s.state.Timeline() {
		keys[item.Key()] = true
	}
	if len(keys) != 3 {
		t.Errorf("keys %v", keys)
	}
}

// What was written within one millisecond, or by a clock that was set back, is in
// its order after a reload too.
func TestReloadKeepsTheOrder(t *testing.T) {
	s := begin(t, Saved{})
	s.on(Send{Text: "1", ClientID: "z"}).on(Send{Text: "2", ClientID: "y"})
	s.now -= 1000
	s.on(Send{Text: "3", ClientID: "x"})
	saved := s.state.Saved()
	slices.Reverse(saved.Outbox) // as storage may hand them out
	s = begin(t, saved)
	var order string
	for _, e := range s.state.Outbox {
		order += e.Body
	}
	if order != "123" {
		t.Errorf("the order is %s", order)
	}
}

func TestReloadGoesOn(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"}).on(Send{Text: "b", ClientID: "k3"}).on(Close{})
	s.on(event(message(2, 2, bot, "")))
	r := begin(t, s.state.Saved())
	if r.state.Outbox[0].State != Sending || r.state.Self != "me" || r.state.Cursor.Rev != 2 {
		t.Fatalf("state %+v", r.state)
	}
	r.state, r.effects = Step(State{}, Started{Saved: s.state.Saved()}, r.now)
	if the[FetchHistory](r) != (FetchHistory{conversation, 0}) || the[SendMessage](r).ClientID != "k2" {
		t.Errorf("effects %+v", r.effects)
	}
	none[Subscribe](r)
	none[Adopt](r)
	r.on(event(message(7, 7, bot, ""))) // before the history: not shown
	r.on(HistoryFetched{conversation, 0, page(5, true, message(4, 4, bot, ""), message(5, 5, bot, ""))})
	r.want([]int64{4, 5}, 5)
	if the[Subscribe](r).ConversationID != conversation || !r.state.HasOlder || r.state.Unread != 2 || len(r.notified(NotifyMessage)) != 0 {
		t.Errorf("state %+v, effects %+v", r.state, r.effects)
	}
}

func TestHistoryIsAskedUntilItComes(t *testing.T) {
	s := begin(t, Saved{ConversationID: conversation, Self: "me", Cursor: wire.Cursor{Epoch: "e", Rev: 3}})
	for range 3 {
		s.on(HistoryFailed{conversation, 0, Failure{Lost: true}})
		none[FetchHistory](s)
		wake := s.state.work.history.notTill
		the[FetchHistory](s.after(wake - s.now))
	}
}

func TestOlderPagesLeaveNoGap(t *testing.T) {
	s := begin(t, Saved{ConversationID: conversation, Self: "me", Cursor: wire.Cursor{Epoch: "e", Rev: 9}})
	s.on(HistoryFetched{conversation, 0, page(9, true, message(8, 8, bot, ""), message(9, 9, bot, ""))})
	s.on(event(message(3, 10, bot, ""))) // an edit of a message not yet loaded
	s.want([]int64{8, 9}, 10)
	if the[FetchHistory](s.on(Older{})).Before != 8 || !s.state.LoadingOlder {
		t.Error("not asked")
	}
	none[FetchHistory](s.on(Older{}))
	s.on(HistoryFailed{conversation, 8, Failure{Lost: true}})
	the[FetchHistory](s.on(Older{}))
	s.on(HistoryFetched{conversation, 8, page(10, true, message(6, 6, bot, ""), message(7, 7, bot, ""))})
	s.want([]int64{6, 7, 8, 9}, 10)
	s.on(Older{}).on(HistoryFetched{conversation, 6, page(10, false, message(1, 1, bot, ""))})
	if s.want([]int64{1, 6, 7, 8, 9}, 10); s.state.HasOlder {
		t.Error("there is nothing older")
	}
	none[FetchHistory](s.on(Older{}))
}

func TestNewEpochBeginsClean(t *testing.T) {
	s := chatting(t).on(event(message(2, 2, bot, ""))).on(Send{Text: "kept", ClientID: "k9"})
	fresh := page(1, false, message(1, 1, bot, ""))
	fresh.Cursor.Epoch, fresh.Epoch = "f", "f"
	s.on(PageFetched{conversation, fresh})
	if len(s.state.Messages) != 0 || len(s.state.Outbox) != 1 || the[FetchHistory](s).Before != 0 || the[Subscribe](s).ConversationID != "" {
		t.Fatalf("state %+v, effects %+v", s.state, s.effects)
	}
	s.on(HistoryFetched{conversation, 0, fresh})
	if s.want([]int64{1}, 1); s.state.Cursor.Epoch != "f" || the[Subscribe](s).ConversationID != conversation {
		t.Errorf("state %+v", s.state)
	}
}

func TestExpiredTokenLeavesAChoice(t *testing.T) {
	for _, end := range []Event{
		SendFailed{conversation, "k2", Failure{Code: wire.CodeTokenExpired}},
		SendFailed{conversation, "k2", Failure{Code: wire.CodeTokenRevoked}},
		FetchFailed{conversation, Failure{Code: wire.CodeUnauthorized}},
		HistoryFailed{conversation, 1, Failure{Code: wire.CodeNotFound}},
	} {
		s := chatting(t).on(Send{Text: "kept", ClientID: "k2"}).on(end)
		if !s.state.Ended || s.state.Notice.Code == "" || the[Subscribe](s).ConversationID != "" {
			t.Fatalf("%T: state %+v, effects %+v", end, s.state, s.effects)
		}
		s.on(Typed{}).after(100_000)
		none[SendMessage](s)
		none[CreateConversation](s)
		if s.state.Notice.Code == "" || len(s.state.Messages) != 1 {
			t.Error("the choice went away")
		}
		s.on(StartOver{})
		the[CreateConversation](s)
		if s.state.Ended || s.state.Notice.Code != "" || len(s.state.Messages) != 0 || s.state.Outbox[0].Body != "kept" {
			t.Errorf("state %+v", s.state)
		}
		fresh := newSession()
		fresh.Conversation.ID = "c2"
		if the[SendMessage](s.on(Created{Session: fresh})) != (SendMessage{"c2", "k2", "kept", ""}) {
			t.Error("not sent in the new conversation")
		}
		s.on(Sent{message(2, 2, visitor, "k2")}) // late, of the old one
		if len(s.state.Outbox) != 1 {
			t.Error("confirmed by the old conversation")
		}
	}
}

func TestCreateRefused(t *testing.T) {
	s := begin(t, Saved{}).on(Send{Text: "a", ClientID: "k1"})
	s.on(CreateFailed{Failure: Failure{Code: wire.CodeRateLimited, RetryAfter: 3}})
	none[CreateConversation](s.after(2999))
	the[CreateConversation](s.after(1))
	s.on(CreateFailed{Failure: Failure{Code: wire.CodeOriginNotAllowed, Text: "Not here."}})
	if e := s.state.Outbox[0]; e.State != Failed || e.Reason != "Not here." || s.state.Notice.Text != "Not here." {
		t.Errorf("entry %+v", e)
	}
	the[CreateConversation](s.on(Retry{"k1"}))
}

func TestReset(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"}).on(Reset{})
	the[Forget](s)
	if s.state.ConversationID != "" || len(s.state.Messages)+len(s.state.Outbox) != 0 || len(s.notified(NotifyCleared)) != 1 || !s.state.Loaded || !s.state.Open {
		t.Errorf("state %+v", s.state)
	}
	s.on(Sent{message(2, 2, visitor, "k2")}).on(PageFetched{conversation, page(9, false, message(2, 2, bot, ""))}).on(Created{Session: newSession()})
	if len(s.state.Messages) != 0 || s.state.ConversationID != "" {
		t.Error("the old conversation came back")
	}
}

// A join whose answer was lost is asked for again as the same one, also after a
// reload.
func TestJoinAgain(t *testing.T) {
	s := begin(t, Saved{})
	join := Join{Code: "abc", Name: "Ben", Nonce: "n1"}
	s.on(Configured{wire.Config{Features: []string{wire.FeatureRejoin}}}).on(join)
	if the[JoinConversation](s) != JoinConversation(join) {
		t.Fatalf("effects %+v", s.effects)
	}
	saved := the[Save](s).Saved
	if saved.Join != join || slices.IndexFunc(s.effects, func(e Effect) bool { _, is := e.(Save); return is }) != 0 {
		t.Errorf("it is not kept before it is asked for: %+v", s.effects)
	}
	s.on(JoinFailed{Failure{Code: wire.CodeUnavailable, Lost: true}}).on(Join{Code: "abc", Name: "Benjamin", Nonce: "n2"}).after(60_000)
	if want := (JoinConversation{Code: "abc", Name: "Benjamin", Nonce: "n1"}); the[JoinConversation](s) != want {
		t.Errorf("asked by hand again: %+v, want %+v", s.effects, want)
	}

	s = &story{t: t, now: s.now}
	s.on(Started{Saved: saved})
	none[JoinConversation](s)
	if s.on(Configured{wire.Config{Features: []string{wire.FeatureRejoin}}}); the[JoinConversation](s) != JoinConversation(join) {
		t.Fatalf("after a reload: %+v", s.effects)
	}
	s.on(Joined{newSession()})
	if saved := the[Save](s).Saved; saved.Join != (Join{}) || saved.ConversationID != conversation {
		t.Errorf("kept: %+v", saved)
	}

	s = &story{t: t, now: s.now}
	s.on(Started{Saved: saved}).on(Configured{})
	if the[JoinConversation](s).Nonce != "" {
		t.Error("a server that does not know the nonce would refuse it")
	}
	s.on(JoinFailed{Failure{Code: wire.CodeInvitationInvalid, Text: "Used."}})
	if saved := the[Save](s).Saved; saved.Join != (Join{}) {
		t.Errorf("what was refused for good is kept: %+v", saved)
	}
}

func TestJoin(t *testing.T) {
	s := chatting(t).on(Offered{"abc"})
	none[JoinConversation](s)
	s.on(Join{Code: "abc", Name: "Ben"})
	if (the[JoinConversation](s) != JoinConversation{Code: "abc", Name: "Ben"}) || s.state.ConversationID != conversation {
		t.Fatal("left before the other conversation is there")
	}
	s.on(JoinFailed{Failure{Code: wire.CodeInvitationInvalid, Text: "Used."}})
	if s.state.Notice.Text != "Used." || s.state.Offer != "" || s.state.ConversationID != conversation {
		t.Errorf("state %+v", s.state)
	}
	other := newSession()
	other.Conversation.ID, other.Participant.ID = "c2", "guest"
	s.on(Offered{"def"}).on(Join{Code: "def"}).on(Joined{other})
	if s.state.ConversationID != "c2" || s.state.Self != "guest" || len(s.state.Messages) != 0 || the[FetchHistory](s).ConversationID != "c2" {
		t.Errorf("state %+v", s.state)
	}
	s.on(Send{Text: "x", ClientID: "k5"}).on(Offered{"ghi"}).on(Join{Code: "ghi"})
	none[JoinConversation](s)
	if s.state.Notice.Code == "" {
		t.Error("not told why")
	}
	if s.on(Decline{}); s.state.Offer != "" {
		t.Error("the offer is still there")
	}
}

// Whom the site knows is the same person in a conversation they have joined, and
// in one they have begun anew.
func TestJoinKeepsTheUser(t *testing.T) {
	ann := wire.User{ID: "ann"}
	s := begin(t, Saved{}).on(Identify{ann}).on(Created{ann, newSession()}).on(HistoryFetched{conversation, 0, page(0, false)})
	other := newSession()
	other.Conversation.ID = "c2"
	s.on(Join{Code: "abc"}).on(Joined{other})
	saved := the[Save](s).Saved
	if saved.UserID != "ann" || saved.ConversationID != "c2" {
		t.Fatalf("saved %+v", saved)
	}
	again := begin(t, saved).on(Identify{ann})
	none[Forget](again)
	if again.state.ConversationID != "c2" {
		t.Error("thrown out of the conversation that she has joined")
	}
	the[Forget](again.on(Identify{}))

	s.on(FetchFailed{"c2", Failure{Code: wire.CodeTokenExpired}}).on(StartOver{})
	if saved := the[Save](s).Saved; saved.UserID != "ann" {
		t.Errorf("saved %+v", saved)
	}
	if saved := the[Save](s.on(Reset{})).Saved; saved.UserID != "" {
		t.Errorf("saved after a reset: %+v", saved)
	}
}

func TestInvite(t *testing.T) {
	none[MakeInvitation](begin(t, Saved{}).on(Invite{}))
	s := chatting(t).on(Invite{})
	the[MakeInvitation](s)
	s.on(Invited{conversation, wire.Invitation{Code: "abc"}})
	if s.state.Invitation == nil || s.state.Invitation.Code != "abc" {
		t.Errorf("invitation %+v", s.state.Invitation)
	}
	if s.on(PutAway{}); s.state.Invitation != nil {
		t.Error("still there")
	}
}

func TestRealtimeIsTrueToLife(t *testing.T) {
	s := begin(t, Saved{})
	is := func(connected bool, provider wire.Provider, subscribed bool) {
		t.Helper()
		if got := s.state.Realtime; got.Connected != connected || got.Provider != provider || (got.Channel != nil) != subscribed {
			t.Errorf("after %+v: %+v", s.effects, got)
		}
	}
	is(false, wire.ProviderPolling, false)
	s.on(SocketUp{wire.ProviderReverb, "localhost:8000"})
	is(true, wire.ProviderReverb, false)
	if got := s.logs(); !slices.Equal(got, []string{"✓ Reverb real-time connected on localhost:8000"}) {
		t.Errorf("logs %q", got)
	}
	s.on(Send{Text: "hi", ClientID: "k1"}).on(Created{Session: newSession()})
	is(false, wire.ProviderPolling, false)
	s.on(Subscribed{wire.ProviderReverb, "c2"})
	is(false, wire.ProviderPolling, false)
	s.on(Subscribed{wire.ProviderReverb, conversation})
	is(true, wire.ProviderReverb, true)
	if got := s.logs(); !slices.Equal(got, []string{"✓ Subscribed to real-time channel: chat.conversation.c1 via reverb"}) {
		t.Errorf("logs %q", got)
	}
	if n := s.notified(NotifyState); len(n) != 1 || !n[0].Public.RealtimeConnected {
		t.Errorf("told %+v", n)
	}
	s.on(Sent{message(1, 1, visitor, "k1")}).on(event(message(2, 2, bot, "")))
	if got := s.logs(); !slices.Equal(got, []string{"✓ New message received via reverbbody 2"}) {
		t.Errorf("logs %q", got)
	}
	s.on(SocketDown{wire.ProviderReverb, "gone"})
	is(false, wire.ProviderPolling, false)
	s.on(Reset{}).on(SocketUp{wire.ProviderPusher, "h:1"})
	is(true, wire.ProviderPusher, false)
}

func TestLink(t *testing.T) {
	s := chatting(t)
	s.on(Offline{})
	if s.state.Link.State != LinkOffline {
		t.Errorf("link %+v", s.state.Link)
	}
	if s.on(FetchFailed{conversation, Failure{Lost: true}}); s.state.Link.State != LinkOffline {
		t.Error("offline was forgotten")
	}
	s.now += 5000
	if s.on(Online{}); s.state.Link != (Link{LinkReconnecting, s.now}) {
		t.Errorf("link %+v", s.state.Link)
	}
	if the[Wake](s).At != s.now+LinkPatience {
		t.Error("nobody is woken to show it")
	}
	s.on(PageFetched{conversation, page(1, false)})
	if s.state.Link.State != LinkLive {
		t.Errorf("link %+v", s.state.Link)
	}
}

func TestUnread(t *testing.T) {
	s := chatting(t).on(Close{})
	// Whoever writes has read what came before.
	s.on(event(message(2, 2, bot, ""))).on(event(message(3, 3, visitor, ""))).on(event(message(4, 4, bot, ""))).on(event(message(5, 5, bot, "")))
	if s.state.Unread != 2 || s.state.Public().Unread != 2 {
		t.Errorf("unread %d", s.state.Unread)
	}
	gone := message(5, 6, bot, "")
	gone.DeletedAt = &s.now
	if s.on(event(gone)); s.state.Unread != 1 {
		t.Errorf("a deleted message counts: %d", s.state.Unread)
	}
	// Open is not enough: it has to stand on the screen, and the page to have
	// the visitor's attention.
	s.on(Open{}).on(Seen{1})
	if s.state.Unread != 1 || s.state.FirstUnread == 0 {
		t.Errorf("unread %d from %d", s.state.Unread, s.state.FirstUnread)
	}
	none[MarkRead](s)
	if s.on(Attention{true}).on(Seen{99}); s.state.Unread != 0 {
		t.Errorf("unread %d", s.state.Unread)
	}
	mark := the[MarkRead](s)
	if mark.Seq != s.state.Messages[len(s.state.Messages)-1].Seq {
		t.Errorf("marked up to %d", mark.Seq)
	}
	s.on(ReadFailed{conversation, Failure{Code: wire.CodeUnavailable}}).after(60_000)
	the[MarkRead](s)
	s.on(ReadMarked{conversation, mark.Seq}).after(60_000)
	none[MarkRead](s)
	if s.on(Close{}); s.state.Unread != 0 {
		t.Errorf("unread again %d", s.state.Unread)
	}
}

// What comes while the visitor looks at the end of the talk is read when it has
// been drawn, and the page is told nothing in between. What is not read at a glance
// counts.
func TestGlance(t *testing.T) {
	s := chatting(t).on(Open{}).on(Attention{true}).on(Seen{1})
	if s.on(event(message(2, 2, bot, ""))); s.state.Unread != 0 || len(s.notified(NotifyState)) != 0 {
		t.Errorf("%d unread before it was drawn", s.state.Unread)
	}
	if at := the[Wake](s).At; at != s.now+glance {
		t.Errorf("it counts after %d ms", at-s.now)
	}
	if s.on(Seen{2}); s.state.Unread != 0 || len(s.notified(NotifyState)) != 0 {
		t.Errorf("%d unread when it was", s.state.Unread)
	}
	if s.on(event(message(3, 3, bot, ""))).after(glance); s.state.Unread != 1 || len(s.notified(NotifyState)) != 1 {
		t.Errorf("%d unread after a glance", s.state.Unread)
	}
	s.on(Seen{3}).on(Attention{false})
	if s.on(event(message(4, 4, bot, ""))); s.state.Unread != 1 {
		t.Errorf("%d unread while the visitor looks elsewhere", s.state.Unread)
	}
}

func TestSignals(t *testing.T) {
	s := chatting(t)
	thinking := wire.Signal{Type: wire.SignalThinking, Author: bot, TTL: 5000}
	s.on(Signalled{conversation, thinking})
	if typing := s.state.Typing(s.now); !slices.Equal(typing, []wire.Author{bot}) || the[Wake](s).At != s.now+5000 {
		t.Errorf("typing %+v", typing)
	}
	if s.after(5000); len(s.state.Signals) != 0 {
		t.Error("it does not pass")
	}
	s.on(Signalled{conversation, thinking}).on(event(message(2, 2, bot, "")))
	if len(s.state.Signals) != 0 {
		t.Error("the answer does not end it")
	}
	s.on(Signalled{conversation, thinking}).on(Signalled{conversation, wire.Signal{Type: wire.SignalIdle, Author: bot}})
	if len(s.state.Signals) != 0 {
		t.Error("idle does not end it")
	}
	s.on(Signalled{conversation, wire.Signal{Type: wire.SignalTyping, Author: visitor, TTL: 100}}).on(Signalled{"c2", thinking})
	if len(s.state.Signals) != 0 {
		t.Error("the visitor's own, or another conversation's, is shown")
	}
	polled := page(2, false)
	polled.Signals = []wire.Signal{thinking}
	if s.on(PageFetched{conversation, polled}); len(s.state.Signals) != 1 {
		t.Error("not taken from a page")
	}
	if s.on(PageFetched{conversation, page(2, false)}); len(s.state.Signals) != 0 {
		t.Error("polling does not learn that it ended")
	}
	thinking.TTL = 1 << 30
	if s.on(Signalled{conversation, thinking}); s.state.Signals[0].Until != s.now+MaxSignal {
		t.Error("believed for too long")
	}
}

func TestAnswerLatency(t *testing.T) {
	s := chatting(t)
	s.now += 80
	s.on(event(message(2, 2, bot, "")))
	if l := s.notified(NotifyLatency); len(l) != 1 || l[0].Latency != (Latency{"answer", 80, wire.ProviderReverb}) {
		t.Errorf("latency %+v", l)
	}
	if s.on(event(message(3, 3, bot, ""))); len(s.notified(NotifyLatency)) != 0 {
		t.Error("measured twice")
	}
	old := begin(t, Saved{Outbox: []Entry{{ClientID: "k1", Body: "x", At: 5, State: Queued}}})
	old.on(Created{Session: newSession()}).on(Sent{message(1, 1, visitor, "k1")})
	if len(old.notified(NotifyLatency)) != 0 {
		t.Error("a text of yesterday was measured")
	}
}

func TestConfigIsAskedAgain(t *testing.T) {
	s := &story{t: t, now: 1}
	the[LoadConfig](s.on(Started{}))
	s.on(ConfigFailed{Failure{Lost: true}})
	if s.state.Link.State != LinkConnecting {
		t.Errorf("link %+v", s.state.Link)
	}
	the[LoadConfig](s.after(maxBackoff))
	the[Connect](s.on(Configured{}))
	the[LoadConfig](s.on(ConfigWanted{}))
	none[LoadConfig](s.on(ConfigWanted{}))
}

func TestHeldEventsAreBounded(t *testing.T) {
	s := chatting(t)
	for seq := range int64(MaxHeld + 10) {
		s.on(event(message(seq+3, seq+3, bot, "")))
	}
	if n := len(s.state.work.held); n != MaxHeld {
		t.Errorf("%d held, want %d", n, MaxHeld)
	}
}

// Who is here is told while the panel is open, again in good time, and when it
// is closed; and one's own writing ends without one's being here ending.
func TestPresence(t *testing.T) {
	s := begin(t, Saved{})
	s.on(Configured{wire.Config{Features: []string{wire.FeaturePresence}}})
	s.on(Open{}).on(Attention{true}).on(Send{Text: "hi", ClientID: "k1"}).on(Created{Session: newSession()})
	if the[TellPresence](s) != (TellPresence{conversation, wire.SignalOnline}) {
		t.Errorf("told %+v", s.effects)
	}
	s.after(presentEvery - 1)
	none[TellPresence](s)
	s.after(1)
	the[TellPresence](s)
	if s.on(Close{}); the[TellPresence](s).State != wire.SignalAway {
		t.Error("not away")
	}
	s.after(2 * presentEvery)
	none[TellPresence](s)

	ben := wire.Author{ID: "ben", Name: "Ben"}
	s.on(Signalled{conversation, wire.Signal{Type: wire.SignalOnline, Author: ben, TTL: 60_000}}).on(Signalled{conversation, wire.Signal{Type: wire.SignalTyping, Author: ben, TTL: 6000}})
	if people, online := s.state.Present(s.now); len(people) != 1 || !online || len(s.state.Typing(s.now)) != 1 {
		t.Errorf("signals %+v", s.state.Signals)
	}
	s.on(Signalled{conversation, wire.Signal{Type: wire.SignalIdle, Author: ben}}).on(Signalled{conversation, wire.Signal{Type: wire.SignalAway, Author: ben, TTL: 60_000}})
	if people, online := s.state.Present(s.now); len(people) != 1 || online || len(s.state.Typing(s.now)) != 0 {
		t.Errorf("signals %+v", s.state.Signals)
	}
	if s.after(60_001); len(s.state.Signals) != 0 {
		t.Errorf("still here: %+v", s.state.Signals)
	}
}

// The visitor attends where the page or the chat has the focus, and a hidden page
// has no reader. The focus on its way from one to the other is not told.
func TestAttention(t *testing.T) {
	s := begin(t, Saved{})
	s.on(Configured{wire.Config{Features: []string{wire.FeaturePresence, wire.FeatureReadMarks}}})
	s.on(Open{}).on(Attention{true}).on(Send{Text: "hi", ClientID: "k1"}).on(Created{Session: newSession()}).on(Sent{message(1, 1, visitor, "k1")})
	for _, way := range [][]Event{
		{Attention{}, Focus{true}}, {Focus{}, Attention{true}}, {Focus{true}, Attention{}}, {Attention{true}, Focus{}},
	} {
		s.now += presentEvery / 2
		for _, e := range way {
			if s.on(e); len(all[TellPresence](s)) > 0 && the[TellPresence](s).State != wire.SignalOnline {
				t.Fatalf("on the way %+v: %+v", way, s.effects)
			}
			s.now += 20
		}
		if s.after(awayAfter); len(all[TellPresence](s)) > 0 && the[TellPresence](s).State != wire.SignalOnline {
			t.Fatalf("after %+v: %+v", way, s.effects)
		}
	}
	s.on(event(message(2, 2, bot, ""))).on(Seen{2})
	if the[MarkRead](s).Seq != 2 {
		t.Errorf("marked %+v", s.effects)
	}
	s.on(ReadMarked{conversation, 2})

	s.now += 10_000
	s.on(Attention{}).on(Focus{true}).on(Focus{}) // by another program's window
	none[TellPresence](s)
	if at := s.state.work.wake; at != s.now+awayAfter {
		t.Errorf("looked at again after %d ms", at-s.now)
	}
	if s.after(awayAfter); the[TellPresence](s).State != wire.SignalAway {
		t.Errorf("told %+v", s.effects)
	}
	s.on(event(message(3, 3, bot, ""))).on(Seen{3}).after(60_000)
	if none[MarkRead](s); s.state.Unread != 1 {
		t.Error("read by nobody")
	}
	if s.on(Focus{true}); the[MarkRead](s).Seq != 3 || the[TellPresence](s).State != wire.SignalOnline {
		t.Errorf("effects %+v", s.effects)
	}
	s.on(ReadMarked{conversation, 3}).after(60_000)
	if s.on(Hidden{}); the[TellPresence](s).State != wire.SignalAway { // which blurs nothing in some browsers
		t.Errorf("effects %+v", s.effects)
	}
	s.on(event(message(4, 4, bot, ""))).on(Seen{4}).after(60_000)
	none[MarkRead](s)
	if s.on(Shown{}); the[MarkRead](s).Seq != 4 {
		t.Errorf("effects %+v", s.effects)
	}
}

// What has come is told once it is clear that it is not read at once.
func TestDelivered(t *testing.T) {
	s := chatting(t)
	s.state.Config.Features = []string{wire.FeatureReadMarks, wire.FeatureDelivered}
	s.on(Close{}).on(event(message(2, 2, bot, ""))).on(event(message(3, 3, bot, "")))
	none[MarkRead](s)
	s.after(deliverAfter)
	if mark := the[MarkRead](s); mark.Delivered != 3 || mark.Seq != s.state.work.readSeq {
		t.Errorf("marked %+v", mark)
	}
	s.on(ReadMarked{conversation, 0}).after(60_000)
	none[MarkRead](s)
	s.on(event(message(4, 4, bot, ""))).on(Open{}).on(Attention{true}).on(Seen{4})
	if mark := the[MarkRead](s); mark.Seq != 4 || mark.Delivered != 0 {
		t.Errorf("read at once, marked %+v", mark)
	}
	s.on(ReadMarked{conversation, 4}).after(60_000)
	none[MarkRead](s)
	s.on(event(message(5, 5, visitor, ""))).after(60_000)
	if marks := all[MarkRead](s); len(marks) > 0 && marks[0].Delivered > 0 {
		t.Errorf("the visitor's own message: %+v", marks)
	}
}

// In a flow of messages the server is told once a second how far they are read,
// and at last of the last one. Nothing of it has to be stored at once.
func TestFlowOfMessages(t *testing.T) {
	s := chatting(t).on(Attention{true})
	var told []int64
	look := func() {
		for _, mark := range all[MarkRead](s) {
			told = append(told, mark.Seq)
			s.on(ReadMarked{conversation, mark.Seq})
		}
	}
	for seq := int64(2); seq <= 26; seq++ {
		s.on(event(message(seq, seq, bot, "")))
		if save := the[Save](s); !save.Lazy || save.Saved.Cursor.Rev != seq {
			t.Errorf("after message %d to be saved: %+v", seq, save)
		}
		s.on(Seen{seq})
		look()
		s.after(100)
		look()
	}
	if !slices.Equal(told, []int64{2, 11, 21}) {
		t.Errorf("told of %v after 25 messages in 2.5 seconds", told)
	}
	if s.state.Unread != 0 {
		t.Errorf("%d are unread", s.state.Unread)
	}
	wake := s.state.work.wake
	if wake <= s.now || wake > s.now+markEvery {
		t.Fatalf("at %d the next Tick is for %d", s.now, wake)
	}
	s.after(wake - s.now)
	if look(); !slices.Equal(told, []int64{2, 11, 21, 26}) {
		t.Errorf("told of %v at last", told)
	}
	s.on(event(message(27, 27, bot, ""))).on(Seen{27})
	none[MarkRead](s)
	if s.on(Hidden{}); the[MarkRead](s).Seq != 27 {
		t.Error("not told of the last one before the page may be left")
	}
}

// What the server cannot tell again is stored before anything else happens.
func TestSavedAtOnce(t *testing.T) {
	s := chatting(t)
	for _, e := range []Event{Send{Text: "more", ClientID: "k2"}, Sent{message(2, 2, visitor, "k2")}, Renewed{conversation, "new", 5}, Join{Code: "abc", Nonce: "n"}} {
		if s.on(e); the[Save](s).Lazy {
			t.Errorf("%T may wait", e)
		}
	}
}
