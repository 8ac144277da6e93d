package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

func reaction(m wire.Message, p, emoji string, on bool) chat.Reaction {
	return chat.Reaction{ConversationID: m.ConversationID, MessageID: m.ID, Emoji: emoji,
		By: wire.Participant{ID: p, Role: wire.RoleVisitor}, On: on, Now: start + 9}
}

// react puts an emoji to m or takes it away, and wants that to be a change.
func react(t *testing.T, s chat.Store, m wire.Message, p, emoji string, on bool) wire.Message {
	t.Helper()
	before := conversation(t, s, m.ConversationID)
	got, changed, err := s.React(t.Context(), reaction(m, p, emoji, on))
	if err != nil || !changed || got.Rev <= before.Rev || conversation(t, s, m.ConversationID).Rev != got.Rev {
		t.Fatalf("%s of %s: %+v changed=%v, %v", emoji, p, got, changed, err)
	}
	return got
}

func testReact(t *testing.T, s chat.Store) {
	m := add(t, s, message("c", "ann", "k1"))
	add(t, s, message("c", "bob", "k1"))
	second := add(t, s, message("c", "bob", "k2"))
	react(t, s, m, "ann", "b", true)
	react(t, s, m, "bob", "a", true)
	react(t, s, second, "ann", "a", true)
	got := react(t, s, m, "bob", "b", true)
	want := []wire.Reaction{{Emoji: "b", By: []string{"ann", "bob"}}, {Emoji: "a", By: []string{"bob"}}}
	same(t, "the answer", got.Reactions, want)
	same(t, "history", history(t, s, "c")[0].Reactions, want)
	found := changes(t, s, "c", got.Rev-1, 10).Messages
	same(t, "what changed", found, []wire.Message{got})
	again, changed, err := s.React(t.Context(), reaction(m, "bob", "b", true))
	if err != nil || changed || again.Rev != got.Rev {
		t.Errorf("again: changed=%v, %+v, %v", changed, again, err)
	}
	if repeated, err := s.AppendMessage(t.Context(), message("c", "ann", "k1")); err != nil || len(repeated.Reactions) != 2 {
		t.Errorf("sent again: %+v, %v", repeated, err)
	}
	got = react(t, s, m, "ann", "b", false)
	same(t, "with one less", got.Reactions, []wire.Reaction{{Emoji: "a", By: []string{"bob"}}, {Emoji: "b", By: []string{"bob"}}})
	if _, changed, err := s.React(t.Context(), reaction(m, "ann", "b", false)); err != nil || changed {
		t.Errorf("taken away again: changed=%v, %v", changed, err)
	}
	if edited := rewrite(t, s, m, "Better"); len(edited.Reactions) != 2 {
		t.Errorf("an edit took reactions along: %+v", edited)
	}
	if gone := remove(t, s, m); len(gone.Reactions) != 0 || len(history(t, s, "c")[0].Reactions) != 0 {
		t.Errorf("what is deleted has reactions: %+v", gone)
	}
	react(t, s, second, "stranger", "a", true)
	if all := participants(t, s, "c"); len(all) != 3 || all[2].ID != "stranger" {
		t.Errorf("who reacts is no participant: %+v", all)
	}
}

func testReactRefused(t *testing.T, s chat.Store) {
	m := add(t, s, message("c", "ann", "k1"))
	other := add(t, s, message("other", "ann", "k1"))
	for i := range wire.MaxReactions {
		react(t, s, m, "ann", fmt.Sprint("e", i), true)
	}
	gone := remove(t, s, add(t, s, message("c", "ann", "k2")))
	before := conversation(t, s, "c")
	elsewhere := other
	elsewhere.ConversationID = "c"
	for _, c := range []struct {
		m    wire.Message
		code wire.Code
	}{{m, wire.CodeTooManyReactions}, {gone, wire.CodeMessageDeleted}, {elsewhere, wire.CodeNotFound}, {wire.Message{ID: "unknown", ConversationID: "c"}, wire.CodeNotFound}} {
		_, changed, err := s.React(t.Context(), reaction(c.m, "bob", "one more", true))
		refused(t, err, c.code)
		if changed {
			t.Error("a refused reaction changed something")
		}
	}
	if after := conversation(t, s, "c"); after != before {
		t.Errorf("refused reactions changed %+v to %+v", before, after)
	}
	if all := participants(t, s, "c"); len(all) != 1 {
		t.Errorf("who was refused is a participant: %+v", all)
	}
	react(t, s, m, "bob", "e0", true) // one that is there already
}

func testReactConcurrent(t *testing.T, s chat.Store) {
	m := add(t, s, message("c", "p0", "k0"))
	for i := range writers {
		add(t, s, message("c", fmt.Sprint("p", i), "k1"))
	}
	before := conversation(t, s, "c").Rev
	var changes atomic.Int64
	together(writers, func(i int) {
		for _, emoji := range []string{"a", fmt.Sprint("own", i), "a"} {
			_, changed, err := s.React(t.Context(), reaction(m, fmt.Sprint("p", i/2), emoji, true))
			if err != nil {
				t.Error(err)
			}
			if changed {
				changes.Add(1)
			}
		}
	})
	got := history(t, s, "c")[0]
	if want := int64(writers/2 + writers); changes.Load() != want || conversation(t, s, "c").Rev != before+want {
		t.Errorf("%d changes raised rev from %d to %d, want %d", changes.Load(), before, conversation(t, s, "c").Rev, want)
	}
	if len(got.Reactions) != writers+1 {
		t.Errorf("%d emoji, want %d", len(got.Reactions), writers+1)
	}
	for _, r := range got.Reactions {
		if want := map[bool]int{true: writers / 2, false: 1}[r.Emoji == "a"]; len(r.By) != want {
			t.Errorf("%s by %v, want %d", r.Emoji, r.By, want)
		}
	}
}
