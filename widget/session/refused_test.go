package session

import (
	"strings"
	"testing"

	"chatbot/widget/wire"
)

var tooMuch = Failure{Code: wire.CodeRateLimited, Text: "Too much at once.", RetryAfter: 7}

// What is refused for a while is told of for just as long, whatever it was.
func TestRefusedForAWhile(t *testing.T) {
	for name, refusal := range map[string]Event{
		"a reaction or an edit": ReviseFailed{ConversationID: conversation, Failure: tooMuch},
		"an invitation":         InviteFailed{conversation, tooMuch},
		"anything else":         Refused{tooMuch},
	} {
		t.Run(name, func(t *testing.T) {
			s := chatting(t).on(refusal)
			if n := s.state.Notice; n.Code != wire.CodeRateLimited || n.RetryAfter != 7 || !n.Again || len(s.notified(NotifyError)) != 1 {
				t.Errorf("notice %+v", n)
			}
			if at := the[Wake](s).At; at != s.now+7000 {
				t.Errorf("woken after %d ms", at-s.now)
			}
			if s.after(6999).state.Notice.Code == "" {
				t.Error("it went early")
			}
			if n := s.after(1).state.Notice; n != (Notice{}) {
				t.Errorf("it stayed: %+v", n)
			}
		})
	}
}

// A message that arrives meanwhile says nothing about it; what the visitor does
// next takes it away.
func TestRefusedAndSent(t *testing.T) {
	s := chatting(t).on(Send{Text: "a", ClientID: "k2"}).on(Refused{tooMuch})
	s.on(Sent{message(2, 2, visitor, "k2")})
	if s.state.Notice.Code == "" {
		t.Error("a message that was stored took it away")
	}
	if s.on(Typed{}); s.state.Notice.Code != "" {
		t.Errorf("notice %+v", s.state.Notice)
	}
}

// A limit that the leader met stands in every tab, and goes from all.
func TestRefusedIsMirrored(t *testing.T) {
	x := openTabs(t)
	x.a.on(SendFailed{conversation, "none", tooMuch}).on(ReviseFailed{ConversationID: conversation, Failure: tooMuch})
	x.mirror()
	if x.b.state.Notice != x.a.state.Notice || x.b.state.Notice.Code == "" {
		t.Errorf("b shows %+v, a %+v", x.b.state.Notice, x.a.state.Notice)
	}
	if n := x.b.after(7000).state.Notice; n.Code != "" {
		t.Errorf("b still shows %+v", n)
	}
	x.b.on(Refused{tooMuch})
	if none[Forward](x.b); x.b.state.Notice.Code == "" {
		t.Error("what b did itself is not told there")
	}
}

// A correction that comes to nothing is not lost, whatever else fails, until there
// is another one.
func TestUnrevised(t *testing.T) {
	better := Revise{"m1", "better"}
	for name, failure := range map[string]Failure{
		"offline": {Code: wire.CodeUnavailable, Lost: true}, "too late": {Code: wire.CodeTooLate}, "ended": {Code: wire.CodeTokenExpired},
	} {
		s := chatting(t).on(better)
		if s.state.Unrevised != (Revise{}) {
			t.Fatalf("%s: before it failed: %+v", name, s.state.Unrevised)
		}
		s.on(ReviseFailed{conversation, better, failure}).on(ReviseFailed{ConversationID: conversation, Failure: tooMuch})
		if s.state.Unrevised != better || s.state.Notice.Code == "" {
			t.Errorf("%s: %+v", name, s.state)
		}
		if s.on(Revise{"m1", "best"}); s.state.Unrevised != (Revise{}) {
			t.Errorf("%s: %+v", name, s.state.Unrevised)
		}
	}
	long := Revise{"m1", strings.Repeat("x", 101)}
	x := openTabs(t)
	x.do(long)
	if x.mirror(); x.b.state.Unrevised != long || x.b.state.Notice.Code != wire.CodeMessageTooLong {
		t.Errorf("too long: %+v", x.b.state)
	}
}

// A token that is refused ends the conversation, whichever call it was.
func TestRefusedTokenEndsTheConversation(t *testing.T) {
	gone := Failure{Code: wire.CodeTokenRevoked, Text: "gone"}
	for name, event := range map[string]Event{
		"an invitation": InviteFailed{conversation, gone},
		"an edit":       ReviseFailed{ConversationID: conversation, Failure: gone},
	} {
		s := chatting(t).on(event)
		if !s.state.Ended {
			t.Errorf("%s: the conversation goes on", name)
		}
	}
	if chatting(t).on(InviteFailed{conversation, Failure{Code: wire.CodeTokenRevoked, Lost: true}}).state.Ended {
		t.Error("an answer that was lost ended it")
	}
}
