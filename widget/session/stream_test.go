package session

import (
	"fmt"
	"testing"

	"chatbot/widget/wire"
)

// answer is a form of the second message, which the bot writes word by word.
func answer(rev int64, body string, status wire.Status) wire.Message {
	m := message(2, rev, bot, "")
	m.Body, m.Status = body, status
	return m
}

func delta(offset int, text string) Streamed {
	return Streamed{conversation, wire.MessageDelta{MessageID: "m2", Offset: offset, Text: text}}
}

// text is what is known of the second message.
func (s *story) text() string { return s.state.Messages[1].Body + s.state.Ahead(&s.state.Messages[1]) }

func (s *story) says(want string) {
	s.t.Helper()
	if got := s.text(); got != want {
		s.t.Fatalf("the answer is %q, want %q", got, want)
	}
}

func TestStream(t *testing.T) {
	s := chatting(t).on(Subscribed{wire.ProviderReverb, conversation})
	s.on(Signalled{conversation, wire.Signal{Type: wire.SignalThinking, Author: bot, TTL: 6000}})
	s.on(event(answer(2, "Grün", wire.StatusStreaming)))
	if len(s.state.Typing(s.now)) != 0 || len(s.notified(NotifyMessage)) != 0 || len(s.notified(NotifyLatency)) != 1 {
		t.Errorf("with the first words came %+v", s.effects)
	}
	s.on(delta(5, " ist")).says("Grün ist")
	s.on(delta(5, " ist")).says("Grün ist") // again
	s.on(delta(0, "Gr")).says("Grün ist")   // what is known
	s.on(delta(7, "st alle")).says("Grün ist alle")
	none[Fetch](s)
	s.on(delta(99, "later"))
	the[Fetch](s)
	s.says("Grün ist alle")

	s.on(event(answer(3, "Grün ist", wire.StatusStreaming))).says("Grün ist alle")
	if ahead := s.state.Ahead(&s.state.Messages[1]); ahead != " alle" {
		t.Errorf("%q is ahead of what is stored", ahead)
	}
	s.on(event(answer(4, "Grün ist alle Theorie.", wire.StatusComplete))).says("Grün ist alle Theorie.")
	if n := s.notified(NotifyMessage); len(n) != 1 || n[0].Message.Body != "Grün ist alle Theorie." || len(s.state.Streams) != 0 {
		t.Errorf("the whole answer was told as %+v, ahead %+v", n, s.state.Streams)
	}
	s.on(delta(22, " Nein.")).says("Grün ist alle Theorie.")
	none[Fetch](s)
}

// A reader who comes midway has the text so far by a page, which is further than
// what is stored under the same rev.
func TestStreamByPages(t *testing.T) {
	s := chatting(t)
	s.on(delta(5, " two"))
	the[Fetch](s)
	s.on(PageFetched{conversation, page(2, false, answer(2, "one", wire.StatusStreaming))})
	s.on(delta(3, " two")).says("one two")
	s.on(PageFetched{conversation, page(2, false, answer(2, "one two three", wire.StatusStreaming))}).says("one two three")
	s.on(PageFetched{conversation, page(2, false, answer(2, "one", wire.StatusStreaming))}).says("one two three")
	s.on(delta(13, " four")).says("one two three four")
	s.on(PageFetched{conversation, page(3, false, answer(3, "another text", wire.StatusStreaming))}).says("another text")
	s.on(PageFetched{conversation, page(4, false, answer(4, "another text", wire.StatusFailed))}).says("another text")
	if len(s.notified(NotifyMessage)) != 1 {
		t.Errorf("the end was told by %+v", s.effects)
	}
}

func TestStop(t *testing.T) {
	s := chatting(t).on(event(answer(2, "one", wire.StatusStreaming))).on(delta(3, " two")).on(Stop{"m2"})
	if got := the[StopMessage](s); got != (StopMessage{conversation, "m2"}) {
		t.Errorf("got %+v", got)
	}
	s.on(Revised{conversation, answer(3, "one two", wire.StatusStopped)}).says("one two")
	s.on(delta(7, " three")).says("one two")
	s.on(event(answer(2, "one", wire.StatusStreaming))).says("one two") // late
}

func TestStreamInTabs(t *testing.T) {
	x := openTabs(t)
	x.a.on(Subscribed{wire.ProviderReverb, conversation}).on(event(answer(2, "one", wire.StatusStreaming)))
	x.mirror()
	if len(x.b.notified(NotifyMessage)) != 0 {
		t.Error("the first words were told as a message")
	}
	x.a.on(delta(3, " two"))
	x.mirror()
	x.b.says("one two")
	x.a.on(PageFetched{conversation, page(2, false, answer(2, "one two three", wire.StatusStreaming))}).on(delta(13, " four"))
	x.mirror()
	x.b.says("one two three four")
	x.do(Stop{"m2"})
	the[StopMessage](x.a)
	x.a.on(Revised{conversation, answer(3, "one two three four", wire.StatusStopped)})
	x.mirror()
	x.b.says("one two three four")
	if n := x.b.notified(NotifyMessage); len(n) != 1 || n[0].Message.Status != wire.StatusStopped {
		t.Errorf("b's page was told %+v", n)
	}
	x.same()
}

// An older State stays as it was, also where two come from the same one.
func TestStatesAreValues(t *testing.T) {
	s := chatting(t)
	for seq := int64(2); seq < 20; seq++ { // until there is room behind the list
		s.on(event(message(seq, seq, bot, "")))
		before := s.state
		a, _ := Step(before, event(message(seq+1, seq+1, bot, "")), s.now)
		other := message(seq+1, seq+1, bot, "")
		other.Body = "another"
		b, _ := Step(before, event(other), s.now)
		if got := fmt.Sprint(len(before.Messages), " ", a.Messages[seq].Body, " ", b.Messages[seq].Body); got != fmt.Sprintf("%d body %d another", seq, seq+1) {
			t.Fatalf("got %s", got)
		}
	}
}

// What is forgotten at the beginning can be asked for again, and nothing is that
// was not read.
func TestTrim(t *testing.T) {
	s := chatting(t)
	for seq := int64(2); seq <= 9; seq++ {
		s.on(event(message(seq, seq, bot, "")))
	}
	s.on(Trim{4}).want([]int64{1, 2, 3, 4, 5, 6, 7, 8, 9}[s.state.work.readSeq:], 9)
	if s.state.Unread != int(9-s.state.work.readSeq) {
		t.Errorf("unread %d", s.state.Unread)
	}
	s.on(Open{}).on(Attention{true}).on(Seen{9}).on(Trim{4}).want([]int64{6, 7, 8, 9}, 9)
	s.on(event(message(3, 10, bot, ""))).want([]int64{6, 7, 8, 9}, 10)
	s.on(Older{})
	if f := the[FetchHistory](s); f.Before != 6 || !s.state.HasOlder {
		t.Errorf("asked for %+v", f)
	}
	s.on(Trim{2}).want([]int64{6, 7, 8, 9}, 10) // not while they are on their way
	s.on(HistoryFetched{conversation, 6, page(10, false, message(4, 4, bot, ""), message(5, 5, bot, ""))}).want([]int64{4, 5, 6, 7, 8, 9}, 10)
}

// What one more message costs does not depend on how many there are.
func BenchmarkNextMessage(b *testing.B) {
	for _, n := range []int64{100, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := State{ConversationID: conversation, Self: "me", Cursor: wire.Cursor{Epoch: "e", Rev: n}}
			for seq := int64(1); seq <= n; seq++ {
				s.Messages = append(s.Messages, message(seq, seq, bot, ""))
			}
			s.work.readSeq = n
			b.ReportAllocs()
			for b.Loop() {
				seq := s.Cursor.Rev + 1
				s, _ = Step(s, event(message(seq, seq, bot, "")), 1)
				s.work.readSeq = seq
			}
		})
	}
}
