package ui

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"chatbot/widget/i18n"
	"chatbot/widget/session"
	"chatbot/widget/wire"
)

var (
	visitor = wire.Author{ID: "v1", Role: wire.RoleVisitor}
	bot     = wire.Author{ID: "bot", Role: wire.RoleBot, Name: "Assistant"}
	agent   = wire.Author{ID: "a1", Role: wire.RoleAgent, Name: "Ada"}
)

const minute wire.Time = 60_000

func message(seq int64, author wire.Author, body string, at wire.Time) wire.Message {
	id := "m" + string(rune('0'+seq))
	m := wire.Message{ID: id, ConversationID: "c1", Seq: seq, Rev: seq, Author: author, Role: author.Role, Body: body, Status: wire.StatusComplete, CreatedAt: at}
	if author == visitor {
		m.ClientID = "k" + id
	}
	return m
}

func sceneOf(s session.State) *scene {
	s.ConversationID, s.Self = "c1", visitor.ID
	return &scene{words: i18n.For("en"), state: &s, now: 10 * minute, title: "Help", server: "https://chat.example"}
}

func TestGroups(t *testing.T) {
	s := sceneOf(session.State{
		Messages: []wire.Message{
			message(1, visitor, "a", 0),
			message(2, visitor, "b", minute),
			message(3, bot, "c", minute),
			message(4, bot, "d", 7*minute), // after a long silence
			message(5, agent, "e", 7*minute),
			message(6, visitor, "f", 8*minute),
		},
		Outbox: []session.Entry{
			{ClientID: "k7", Body: "g", At: 8 * minute, State: session.Failed},
			{ClientID: "k8", Body: "h", At: 8 * minute, State: session.Queued},
			{ClientID: "k9", Body: "i", At: 8 * minute, State: session.Queued},
		},
	})
	want := []struct{ first, last, mine bool }{
		{true, false, true}, {false, true, true},
		{true, true, false},
		{true, true, false},
		{true, true, false},
		{true, false, true}, {false, true, true}, // what failed ends its group
		{true, false, true}, {false, true, true},
	}
	lines := s.lines()
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for i, w := range want {
		if l := lines[i]; l.First != w.first || l.Last != w.last || l.Mine != w.mine {
			t.Errorf("%s: first %v last %v mine %v, want %v", l.Body, l.First, l.Last, l.Mine, w)
		}
	}
}

func TestLine(t *testing.T) {
	deleted := message(2, bot, "secret", 2*minute)
	at := 3 * minute
	deleted.DeletedAt = &at
	deleted.Source = &wire.Source{Title: "Gone"}
	answer := message(1, bot, "see \u202ebelow", 2*minute)
	answer.Source = &wire.Source{Title: "Guide", URL: "/docs/guide"}
	nameless := message(3, wire.Author{ID: "v2", Role: wire.RoleVisitor}, "hi", 2*minute)
	system := message(4, wire.Author{ID: "s", Role: wire.RoleBot}, "hi", 2*minute)
	lines := sceneOf(session.State{Messages: []wire.Message{answer, deleted, nameless, system}}).lines()

	if l := lines[0]; l.Body != "see below" || l.Name != "Assistant" || l.SourceTitle != "Guide" || l.SourceURL != "https://chat.example/docs/guide" ||
		l.Clock != "12:02 AM" || l.Stamp != "1970-01-01T00:02:00.000Z" {
		t.Errorf("answer: %+v", l)
	}
	if l := lines[1]; l.Body != "This message was deleted." || !l.Deleted || l.SourceTitle != "" {
		t.Errorf("deleted: %+v", l)
	}
	if l := lines[2]; l.Name != "Visitor" {
		t.Errorf("another visitor: %+v", l)
	}
	if l := lines[3]; l.Name != "Help" {
		t.Errorf("a nameless bot: %+v", l)
	}
}

func TestReasons(t *testing.T) {
	s := sceneOf(session.State{Outbox: []session.Entry{{ClientID: "k", Body: "x", State: session.Failed, Code: wire.CodeMessageTooLong, Reason: "Too long, sorry."}}})
	if got := s.lines()[0].Reason; got != "Too long, sorry." {
		t.Errorf("in English the server's words count, got %q", got)
	}
	s.words = i18n.For("de")
	if got := s.lines()[0].Reason; got != "Diese Nachricht ist zu lang: Höchstens 4000 Zeichen passen in eine." {
		t.Errorf("in German got %q", got)
	}
}

// lines are those of all pages.
func (s *scene) lines() (all []*line) {
	s.receipt = s.lastOwn(0)
	for n := s.first(); n < s.end(); n++ {
		all = append(all, s.page(n, nil).lines...)
	}
	return all
}

func TestGoOn(t *testing.T) {
	text := func(s string) wire.Node { return wire.Node{Kind: "text", Text: s} }
	for name, c := range map[string]struct{ before, want []wire.Node }{
		"nothing":   {nil, []wire.Node{text(" more")}},
		"paragraph": {[]wire.Node{{Kind: "p", Children: []wire.Node{text("one")}}}, []wire.Node{{Kind: "p", Children: []wire.Node{text("one more")}}}},
		"list": {
			[]wire.Node{{Kind: "ul", Children: []wire.Node{{Kind: "li", Children: []wire.Node{text("one")}}}}},
			[]wire.Node{{Kind: "ul", Children: []wire.Node{{Kind: "li", Children: []wire.Node{text("one more")}}}}},
		},
		"code":     {[]wire.Node{{Kind: "code", Text: "x"}}, []wire.Node{{Kind: "code", Text: "x more"}}},
		"emphasis": {[]wire.Node{{Kind: "p", Children: []wire.Node{{Kind: "em"}}}}, []wire.Node{{Kind: "p", Children: []wire.Node{{Kind: "em"}, text(" more")}}}},
	} {
		before := fmt.Sprint(c.before)
		if got := goOn(c.before, " more"); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
		if fmt.Sprint(c.before) != before {
			t.Errorf("%s: the tree before was changed", name)
		}
	}
}

func TestArrived(t *testing.T) {
	state := func(messages ...wire.Message) session.State {
		return session.State{ConversationID: "c1", Self: visitor.ID, Messages: messages}
	}
	one, two, three := message(1, bot, "a", 0), message(2, visitor, "b", 0), message(3, bot, "c", 0)
	for name, c := range map[string]struct {
		a, b session.State
		want int
	}{
		"history is not news":       {state(), state(one, two, three), 0},
		"what others said after it": {state(one), state(one, two, three), 1},
		"one's own is not":          {state(one), state(one, two), 0},
		"what stands before is not": {state(three), state(one, two, three), 0},
		"another conversation":      {session.State{ConversationID: "c0", Messages: []wire.Message{one}}, state(one, three), 0},
	} {
		if got := arrived(&c.a, &c.b); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if !wrote(&session.State{}, &session.State{Outbox: []session.Entry{{ClientID: "k"}}}) {
		t.Error("a new entry was not seen")
	}
	if wrote(&session.State{Outbox: []session.Entry{{ClientID: "k"}}}, &session.State{Outbox: []session.Entry{{ClientID: "k", State: session.Failed}}}) {
		t.Error("a changed entry is not a new one")
	}
}

// However a talk grows, what is kept of the lines before is what would be drawn
// anew, as long as nothing but its end has changed.
func TestKeptLinesAreRight(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := sceneOf(session.State{})
		s.state.Config = wire.Config{Features: []string{wire.FeatureEdit, wire.FeatureReply}, Limits: wire.Limits{EditSeconds: 900}}
		s.fresh = map[string]wire.Time{}
		var known []drawn
		for range 60 {
			s.now += wire.Time(random.IntN(5)) * minute / 4
			switch n := len(s.state.Outbox); {
			case n > 0 && random.IntN(2) == 0:
				m := message(int64(len(s.state.Messages)+1), visitor, s.state.Outbox[0].Body, s.now)
				m.ClientID = s.state.Outbox[0].ClientID
				s.state.Messages, s.state.Outbox = append(s.state.Messages, m), s.state.Outbox[1:]
			case random.IntN(3) == 0:
				s.state.Outbox = append(s.state.Outbox, session.Entry{ClientID: fmt.Sprint("k", s.now, n), Body: "x", At: s.now, State: session.Queued})
			default:
				s.state.Messages = append(s.state.Messages, message(int64(len(s.state.Messages)+1), []wire.Author{bot, agent, visitor}[random.IntN(3)], "y", s.now-wire.Time(random.IntN(6))*minute))
			}
			s.fresh[s.state.Item(s.state.Len()-1).Key()] = s.now
			w := window{to: s.end()}
			s.receipt = s.lastOwn(0)
			known = s.pages(w, known)
			for i, anew := range s.pages(w, nil) {
				if !reflect.DeepEqual(known[i].lines, anew.lines) {
					t.Fatalf("seed %d: page %d of %d messages has %+v, drawn anew %+v", seed, i, len(s.state.Messages), known[i].lines, anew.lines)
				}
			}
		}
	}
}
