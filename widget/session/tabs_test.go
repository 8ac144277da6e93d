package session

import (
	"fmt"
	"slices"
	"testing"

	"chatbot/widget/wire"
)

// tabs are two tabs of one visitor: a leads, b follows. What one hands on
// reaches the other unless it is cut off.
type tabs struct {
	t    *testing.T
	a, b *story
	had  State // what b was shown last
}

func openTabs(t *testing.T) *tabs {
	x := &tabs{t: t, a: chatting(t), b: &story{t: t, now: 1_000_000}}
	x.b.on(Started{Following: true})
	x.mirror()
	return x
}

// mirror shows b what a has.
func (x *tabs) mirror() {
	x.b.on(Mirrored{x.a.state.Share(x.had)})
	x.had = x.a.state
}

// do has the visitor do something in b.
func (x *tabs) do(e Event) {
	x.b.on(e)
	for _, f := range all[Forward](x.b) {
		x.a.on(f.Event)
	}
}

func (x *tabs) same() {
	x.t.Helper()
	a, b := x.a.state, x.b.state
	if fmt.Sprint(a.Messages, a.Outbox, a.Realtime, a.Unread, a.Cursor) != fmt.Sprint(b.Messages, b.Outbox, b.Realtime, b.Unread, b.Cursor) {
		x.t.Errorf("a has %+v\nb has %+v", a, b)
	}
}

func TestFollowerShowsTheSame(t *testing.T) {
	x := openTabs(t)
	x.same()
	x.a.on(Subscribed{wire.ProviderReverb, conversation}).on(event(message(2, 2, bot, "")))
	x.mirror()
	x.same()
	if n := x.b.notified(NotifyMessage); len(n) != 1 || n[0].Message.Seq != 2 || len(x.b.notified(NotifyState)) != 1 {
		t.Errorf("b's page was told %+v", x.b.effects)
	}
	edited := message(2, 3, bot, "")
	edited.Body = "edited"
	x.a.on(event(edited))
	x.mirror()
	x.same()
	if len(x.b.notified(NotifyMessage)) != 0 {
		t.Error("an edit counts as a new message")
	}
}

func TestFollowerDoesNothingItself(t *testing.T) {
	x := openTabs(t)
	x.do(Send{Text: "from b", ClientID: "k9"})
	none[SendMessage](x.b)
	none[Save](x.b)
	if the[Keep](x.b).Entry.ClientID != "k9" {
		t.Error("not kept before it was handed on")
	}
	if the[SendMessage](x.a).ClientID != "k9" {
		t.Error("the leader does not send it")
	}
	x.mirror()
	x.same()
	x.a.on(Sent{message(2, 2, visitor, "k9")})
	x.mirror()
	x.same()
	none[Forward](x.b)
	for _, e := range []Event{Sent{message(3, 3, visitor, "x")}, SocketUp{wire.ProviderReverb, "h:1"}, Configured{}, Online{}} {
		if x.b.on(e); len(x.b.effects) != 0 {
			t.Errorf("%T led to %+v", e, x.b.effects)
		}
	}
}

// What was handed on while nobody led is handed on again, until it is seen to
// have arrived, and not once more when the visitor has deleted it.
func TestHandedOnUntilItArrives(t *testing.T) {
	x := openTabs(t)
	x.b.on(Send{Text: "lost", ClientID: "k9"}) // the leader never hears of it
	x.mirror()
	if the[Forward](x.b).Event.(Send).ClientID != "k9" || len(x.b.state.Outbox) != 1 {
		t.Fatalf("effects %+v", x.b.effects)
	}
	x.a.on(the[Forward](x.b).Event)
	x.a.on(SendFailed{conversation, "k9", Failure{Code: wire.CodeConflict}})
	x.mirror()
	none[Forward](x.b)
	x.do(Delete{"k9"})
	x.mirror()
	none[Forward](x.b)
	x.same()
}

// A text that the leader has not heard of goes along with the next one, before it.
func TestHandedOnInOrder(t *testing.T) {
	x := openTabs(t)
	x.b.on(Send{Text: "lost", ClientID: "k8"}) // the leader never hears of it
	x.do(Send{Text: "heard", ClientID: "k9"})
	if o := x.a.state.Outbox; len(o) != 2 || o[0].ClientID != "k8" || o[1].ClientID != "k9" {
		t.Errorf("the leader has %+v", o)
	}
	x.b.on(Send{Text: "changed my mind", ClientID: "k10"})
	x.do(Delete{"k10"})
	x.do(Send{Text: "last", ClientID: "k11"})
	if o := x.a.state.Outbox; len(o) != 3 || o[2].ClientID != "k11" {
		t.Errorf("the leader has %+v", o)
	}
}

func TestFollowerTakesOver(t *testing.T) {
	x := openTabs(t)
	x.a.on(event(message(2, 2, bot, "")))
	x.mirror()
	x.b.on(Send{Text: "one", ClientID: "k8"})
	saved := x.a.state.Saved()
	saved.Outbox = []Entry{{ClientID: "k8", Body: "one", At: 1_000_000, State: Queued}, {ClientID: "k7", Body: "of a third tab", At: 1_000_001, State: Queued}}
	x.b.on(Lead{saved})
	the[LoadConfig](x.b)
	if the[Subscribe](x.b).ConversationID != conversation || the[SendMessage](x.b).ClientID != "k8" || len(x.b.state.Outbox) != 2 {
		t.Errorf("effects %+v", x.b.effects)
	}
	if !slices.Equal(x.b.seqs(), []int64{1, 2}) || !x.b.state.Leading() {
		t.Errorf("messages %v", x.b.seqs())
	}
	x.a.on(StandDown{})
	if x.a.state.Leading() || the[Subscribe](x.a).ConversationID != "" || len(all[Connect](x.a)) != 1 {
		t.Errorf("effects %+v", x.a.effects)
	}
	x.a.on(Sent{message(3, 3, visitor, "k8")}) // an answer to the old leader
	if len(x.a.effects) != 0 {
		t.Errorf("a late answer led to %+v", x.a.effects)
	}
}

// A tab that waits to know who leads shows what was kept and begins nothing.
func TestNobodyLeadsYet(t *testing.T) {
	s := &story{t: t, now: 1}
	s.on(Started{Saved: Saved{ConversationID: conversation, Self: "me", Outbox: []Entry{{ClientID: "k", Body: "b", At: 1, State: Queued}}}, Following: true})
	if len(s.effects) != 0 && len(all[LoadConfig](s)) != 0 || len(s.state.Outbox) != 1 {
		t.Errorf("effects %+v", s.effects)
	}
	s.on(Lead{s.state.Saved()})
	the[LoadConfig](s)
	the[FetchHistory](s)
}

// What other tabs wrote is sent in the order of writing, however storage keeps it.
func TestTakingOverKeepsTheOrder(t *testing.T) {
	x := openTabs(t)
	saved := x.a.state.Saved()
	for i, id := range []string{"z", "a", "m"} {
		saved.Outbox = append(saved.Outbox, Entry{ClientID: id, Body: id, At: wire.Time(30 - 10*i), State: Queued})
	}
	x.b.on(Lead{saved})
	if the[SendMessage](x.b).ClientID != "m" || x.b.state.Outbox[2].ClientID != "z" {
		t.Errorf("the outbox is %+v", x.b.state.Outbox)
	}
}

// Who takes over goes on from what is mirrored: the latest page of a conversation
// that has moved on since would leave a gap.
func TestTakingOverLeavesNoGap(t *testing.T) {
	x := openTabs(t)
	saved := x.a.state.Saved()
	x.b = &story{t: t, now: 1_000_000}
	x.b.on(Started{Saved: saved, Following: true})
	x.had = State{}
	x.mirror()
	x.b.on(Lead{saved})
	none[FetchHistory](x.b)
	x.b.on(PageFetched{conversation, page(2, true, message(2, 2, bot, ""))})
	if !slices.Equal(x.b.seqs(), []int64{1, 2}) {
		t.Errorf("messages %v", x.b.seqs())
	}
}

// A tab that takes over from one that had left the conversation leaves it too.
func TestTakingOverAfterLeaving(t *testing.T) {
	for name, saved := range map[string]Saved{"reset": {}, "joined another": {ConversationID: "other", Self: "me-there"}} {
		x := openTabs(t)
		x.b.on(Lead{saved})
		if s := x.b.state; s.ConversationID != saved.ConversationID || len(s.Messages) != 0 || s.Cursor != saved.Cursor {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestReadingInAFollower(t *testing.T) {
	x := openTabs(t)
	x.a.on(Close{}).on(event(message(2, 2, bot, "")))
	x.mirror()
	x.do(Open{})
	x.do(Attention{true})
	x.do(Seen{2})
	if the[MarkRead](x.a).Seq != 2 || x.a.state.Unread != 0 {
		t.Errorf("the leader did %+v", x.a.effects)
	}
	x.mirror()
	x.same()
	x.a.on(event(message(3, 3, bot, "")))
	x.mirror()
	x.do(Hidden{})
	x.do(Seen{3})
	if x.mirror(); x.a.state.Unread != 1 {
		t.Error("a page that nobody sees has read it")
	}
	if x.do(Shown{}); x.a.state.Unread != 0 {
		t.Error("not read")
	}
}

func TestResetInAFollower(t *testing.T) {
	x := openTabs(t)
	x.do(Reset{})
	x.mirror()
	x.same()
	if len(x.b.notified(NotifyCleared)) != 1 {
		t.Error("b's page was not told")
	}
}

// Whoever was forgotten in a tab that follows does not come back when that tab
// leads, and whoever was named after that is there.
func TestForgottenInAFollower(t *testing.T) {
	ann, ben := wire.User{ID: "ann"}, wire.User{ID: "ben"}
	x := openTabs(t)
	x.do(Identify{ann})
	x.do(Reset{})
	x.mirror()
	x.b.on(Lead{x.a.state.Saved()})
	none[CreateConversation](x.b)

	x = openTabs(t)
	x.b.on(Send{Text: "lost", ClientID: "k8"}) // the leader never hears of it
	x.do(Reset{})
	x.do(Send{Text: "after", ClientID: "k9"})
	if o := x.a.state.Outbox; len(o) != 1 || o[0].ClientID != "k9" || len(x.b.state.Outbox) != 1 {
		t.Errorf("the leader has %+v, this tab %+v", o, x.b.state.Outbox)
	}

	s := &story{t: t, now: 1}
	s.on(Started{Following: true}).on(Identify{ann}).on(Reset{}).on(Identify{ben})
	if s.on(Lead{s.state.Saved()}); the[CreateConversation](s).User != ben {
		t.Errorf("effects %+v", s.effects)
	}
}

func TestRenewal(t *testing.T) {
	s := begin(t, Saved{})
	session := newSession()
	session.ExpiresAt = s.now + renewBefore + 1000
	s.on(Send{Text: "hi", ClientID: "k1"}).on(Created{Session: session})
	none[Renew](s)
	s.after(1001)
	the[Renew](s)
	s.on(RenewFailed{conversation, Failure{Lost: true}}).after(60_000)
	the[Renew](s)
	s.on(Renewed{conversation, "fresh", s.now + 2*renewBefore})
	if the[Adopt](s).Token != "fresh" || the[Save](s).Saved.ExpiresAt != s.now+2*renewBefore {
		t.Errorf("effects %+v", s.effects)
	}
	s.after(60_000)
	none[Renew](s)
}

func TestIdentity(t *testing.T) {
	ann := wire.User{ID: "ann", Hash: "signed"}
	s := begin(t, Saved{}).on(Identify{ann})
	if the[CreateConversation](s).User != ann {
		t.Fatalf("effects %+v", s.effects)
	}
	s.on(Created{ann, newSession()})
	the[FetchHistory](s) // she has talked before, on another device
	if s.state.Saved().UserID != "ann" {
		t.Errorf("saved %+v", s.state.Saved())
	}
	s.on(Identify{ann})
	none[Forget](s)
	s.on(Identify{wire.User{ID: "ben"}})
	the[Forget](s)
	if s.state.ConversationID != "" || the[CreateConversation](s).User.ID != "ben" {
		t.Errorf("effects %+v", s.effects)
	}
	// Nobody's history does not become somebody's.
	s = chatting(t).on(Identify{ann})
	the[Forget](s)
	the[CreateConversation](s)
}

// A conversation that was asked for one person does not become another's, however
// late it comes, and its failure stops nothing.
func TestIdentityOvertakesTheAnswer(t *testing.T) {
	ann, ben, nobody := wire.User{ID: "ann", Hash: "1"}, wire.User{ID: "ben", Hash: "2"}, wire.User{}
	refused := Failure{Code: wire.CodeIdentityInvalid}
	for name, c := range map[string]struct {
		asked, now wire.User
		change     []Event
	}{
		"somebody else":       {ann, ben, []Event{Identify{ann}, Identify{ben}}},
		"nobody before":       {nobody, ann, []Event{Send{Text: "hi", ClientID: "k1"}, Identify{ann}}},
		"nobody after":        {ann, nobody, []Event{Identify{ann}, Reset{}, Send{Text: "hi", ClientID: "k1"}}},
		"with another proof":  {ann, wire.User{ID: "ann", Hash: "3"}, []Event{Identify{ann}, Identify{wire.User{ID: "ann", Hash: "3"}}}},
		"by way of a failure": {ann, ben, []Event{Identify{ann}, CreateFailed{ann, Failure{Lost: true}}, Identify{ben}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, late := range []Event{Created{c.asked, newSession()}, CreateFailed{c.asked, refused}} {
				s := begin(t, Saved{})
				for _, e := range c.change {
					s.on(e)
				}
				if the[CreateConversation](s).User != c.now {
					t.Fatalf("asked for %+v", s.effects)
				}
				if s.on(late); s.state.ConversationID != "" || s.state.Notice.Code != "" || !s.state.work.begin.running {
					t.Fatalf("%T: %+v", late, s.state)
				}
				if s.on(Created{c.now, newSession()}); the[Save](s).Saved.UserID != c.now.ID || s.state.ConversationID != conversation {
					t.Errorf("saved %+v", s.state.Saved())
				}
			}
		})
	}
	s := begin(t, Saved{}).on(Identify{ann}).on(Identify{ann})
	none[CreateConversation](s) // it is under way
	s = begin(t, Saved{UserID: "ann"}).on(Identify{ann})
	the[CreateConversation](s) // was, when the page was left
}

// What the visitor does before it is known who leads is done by whoever comes
// to lead, once.
func TestDoneBeforeAnybodyLeads(t *testing.T) {
	s := &story{t: t, now: 1}
	s.on(Started{Following: true}).on(Offered{"code"}).on(Join{Code: "code", Name: "Ben"})
	s.on(Lead{s.state.Saved()}).on(Configured{})
	if the[JoinConversation](s).Code != "code" {
		t.Errorf("effects %+v", s.effects)
	}
	s = &story{t: t, now: 1}
	s.on(Started{Following: true}).on(Send{Text: "before", ClientID: "k1"}).on(Reset{}).on(Send{Text: "after", ClientID: "k2"})
	saved := Saved{Outbox: []Entry{{ClientID: "k2", Body: "after", At: 1, State: Queued}, {ClientID: "k1", Body: "before", At: 1, State: Queued}}}
	if s.on(Lead{saved}); len(s.state.Outbox) != 1 || s.state.Outbox[0].ClientID != "k2" {
		t.Errorf("after a reset: %+v", s.state.Outbox)
	}
	x := openTabs(t)
	x.b.on(StandDown{}) // of another tab's leading nothing is known
	x.do(Reset{})
	x.mirror()
	x.b.on(Lead{x.b.state.Saved()})
	none[Forget](x.b)
}

// A tab that takes the lead goes on with a join that was under way.
func TestJoinGoesOnInAnotherTab(t *testing.T) {
	x := openTabs(t)
	join := Join{Code: "abc", Name: "Ben", Nonce: "n1"}
	x.do(join)
	saved := the[Save](x.a).Saved
	x.mirror()
	none[JoinConversation](x.b)
	x.b.on(Lead{saved})
	if the[JoinConversation](x.b).Code != "abc" || x.b.state.Saved().Join != join {
		t.Errorf("effects %+v", x.b.effects)
	}
}

// A leader that has part of what it missed keeps back what would leave a gap. Who
// takes the lead then asks for that once more.
func TestLeadWhileCatchingUp(t *testing.T) {
	x := openTabs(t)
	before := x.b.state.Cursor
	x.a.on(PageFetched{conversation, page(5, true, message(3, 5, bot, ""))})
	x.mirror()
	x.a.want([]int64{1}, 5)
	x.b.on(Lead{x.a.state.Saved()})
	if x.b.state.Cursor != before {
		t.Errorf("b goes on from %+v, it has everything up to %+v", x.b.state.Cursor, before)
	}
	x.b.on(PageFetched{conversation, page(5, true, message(3, 5, bot, ""))})
	x.b.on(PageFetched{conversation, page(6, false, message(2, 6, bot, ""))})
	x.b.want([]int64{1, 2, 3}, 6)
}

// The same tab may be given the lead back at once, before it has heard of another
// one: what it kept back is to be asked for again.
func TestLeadBackWhileCatchingUp(t *testing.T) {
	x := openTabs(t)
	before := x.a.state.Cursor
	x.a.on(PageFetched{conversation, page(5, true, message(3, 5, bot, ""))})
	x.a.on(StandDown{})
	x.a.on(Lead{x.a.state.Saved()})
	if x.a.state.Cursor != before {
		t.Errorf("a goes on from %+v, it has everything up to %+v", x.a.state.Cursor, before)
	}
	x.a.on(event(message(3, 5, bot, "")))
	x.a.on(PageFetched{conversation, page(6, false, message(3, 5, bot, ""), message(2, 6, bot, ""))})
	x.a.want([]int64{1, 2, 3}, 6)
}

// A tab that knows more than the leader shows no text twice: it may have led until
// a moment ago.
func TestFollowerThatKnowsMore(t *testing.T) {
	x := openTabs(t)
	behind := x.a.state.Share(x.had)
	behind.Outbox = []Entry{{ClientID: "k2", Body: "body 2", At: 1, State: Sending}}
	x.b.state.Messages = append(x.b.state.Messages, message(2, 2, visitor, "k2"))
	x.b.on(Mirrored{behind})
	if len(x.b.state.Outbox) != 0 {
		t.Errorf("b shows %+v beside what is stored", x.b.state.Outbox)
	}
	saved := x.a.state.Saved()
	saved.Outbox = behind.Outbox
	x.b.state.Outbox = behind.Outbox
	x.b.on(Lead{saved})
	if len(x.b.state.Outbox) != 0 {
		t.Errorf("b sends %+v again", x.b.state.Outbox)
	}
}

// What a leader knows beyond a message's text does not stand behind a later form of
// it that another tab knows.
func TestFollowerKnowsTheEnd(t *testing.T) {
	x := openTabs(t)
	x.a.on(Subscribed{wire.ProviderReverb, conversation}).on(event(answer(2, "one", wire.StatusStreaming))).on(delta(3, " two"))
	x.mirror()
	x.b.says("one two")
	x.a.on(delta(7, " three"))
	x.b.state.Messages = []wire.Message{x.b.state.Messages[0], answer(3, "one two", wire.StatusFailed)}
	x.mirror()
	x.b.says("one two")
}
