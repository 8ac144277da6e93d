package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// rewrite gives a message another text, and wants that to be a change.
func rewrite(t *testing.T, s chat.Store, m wire.Message, body string) wire.Message {
	t.Helper()
	at := start + 9
	return update(t, s, m, func(m *wire.Message) error {
		m.Body, m.EditedAt = body, &at
		return nil
	})
}

// remove deletes a message.
func remove(t *testing.T, s chat.Store, m wire.Message) wire.Message {
	t.Helper()
	at := start + 9
	return update(t, s, m, func(m *wire.Message) error {
		m.Body, m.DeletedAt = "", &at
		return nil
	})
}

func update(t *testing.T, s chat.Store, m wire.Message, change func(*wire.Message) error) wire.Message {
	t.Helper()
	before := conversation(t, s, m.ConversationID)
	got, changed, err := s.UpdateMessage(t.Context(), m.ConversationID, m.ID, start+9, change)
	if err != nil || !changed || got.Rev != before.Rev+1 {
		t.Fatalf("update of %s at rev %d: %+v changed=%v, %v", m.ID, before.Rev, got, changed, err)
	}
	return got
}

func testUpdate(t *testing.T, s chat.Store) {
	first, second := add(t, s, message("c", "ann", "k1")), add(t, s, message("c", "ann", "k2"))
	got := rewrite(t, s, first, "Better")
	want, at := first, start+9
	want.Body, want.EditedAt, want.Rev = "Better", &at, second.Rev+1
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the change (-want +got):\n%s", d)
	}
	same(t, "history", history(t, s, "c"), []wire.Message{want, second})
	same(t, "what changed", changes(t, s, "c", second.Rev, 10).Messages, []wire.Message{want})
	same(t, "all that changed", changes(t, s, "c", 0, 10).Messages, []wire.Message{second, want})
	if c := conversation(t, s, "c"); c.Rev != want.Rev || c.LastSeq != 2 || c.UpdatedAt != at {
		t.Errorf("the conversation is %+v", c)
	}
	// Who repeats what was sent is told of the message as it is now.
	again, err := s.AppendMessage(t.Context(), message("c", "ann", "k1"))
	if err != nil || again.Created || again.Body != "Better" {
		t.Errorf("sent again: created=%v, %+v, %v", again.Created, again, err)
	}
	streaming := message("c", "bob", "k1")
	streaming.Status = wire.StatusStreaming
	m := add(t, s, streaming)
	done := update(t, s, m, func(m *wire.Message) error {
		m.Status = wire.StatusComplete
		return nil
	})
	if m.Status != wire.StatusStreaming || done.Status != wire.StatusComplete || done.EditedAt != nil {
		t.Errorf("from %+v to %+v", m, done)
	}
}

func testUpdateNothing(t *testing.T, s chat.Store) {
	m := add(t, s, message("c", "ann", "k1"))
	add(t, s, message("other", "ann", "k1"))
	before := conversation(t, s, "c")
	fault := errors.New("not so")
	for what, change := range map[string]func(*wire.Message) error{
		"the same":   func(*wire.Message) error { return nil },
		"an error":   func(m *wire.Message) error { m.Body = "x"; return fault },
		"what stays": func(m *wire.Message) error { m.Seq, m.Author.Name, m.ClientID = 7, "x", "y"; return nil },
	} {
		got, changed, err := s.UpdateMessage(t.Context(), "c", m.ID, start+9, change)
		if changed || err != nil && !errors.Is(err, fault) || (err != nil) != (what == "an error") {
			t.Errorf("%s: %+v changed=%v, %v", what, got, changed, err)
		}
	}
	for _, c := range [][2]string{{"c", "unknown"}, {"other", m.ID}, {"unknown", m.ID}} {
		_, _, err := s.UpdateMessage(t.Context(), c[0], c[1], start+9, func(*wire.Message) error {
			t.Errorf("%v was handed over", c)
			return nil
		})
		refused(t, err, wire.CodeNotFound)
	}
	if after := conversation(t, s, "c"); after != before {
		t.Errorf("the conversation went from %+v to %+v", before, after)
	}
	same(t, "history", history(t, s, "c"), []wire.Message{m})
}

func testStreaming(t *testing.T, s chat.Store) {
	add(t, s, message("c", "ann", "k1"))
	m := message("c", "bot", "k1")
	m.Status = wire.StatusStreaming
	stored := add(t, s, m)
	streaming := func() []wire.Message {
		all, err := s.Streaming(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	same(t, "while it is written", streaming(), []wire.Message{stored})
	m.Body = "Other words" // sent again, without knowing how far it has come
	if again, err := s.AppendMessage(t.Context(), m); err != nil || again.Created || again.ID != stored.ID {
		t.Errorf("sent again: created=%v, %+v, %v", again.Created, again, err)
	}
	done := update(t, s, stored, func(m *wire.Message) error {
		m.Body, m.Status, m.Source = "All of it", wire.StatusComplete, &wire.Source{Title: "Page"}
		return nil
	})
	if done.Source == nil || history(t, s, "c")[1].Source == nil {
		t.Errorf("the source was not stored: %+v", done)
	}
	same(t, "at last", streaming(), nil)
}

// testUpdateConcurrent appends to one text: nothing is lost, and every change
// has a rev of its own.
func testUpdateConcurrent(t *testing.T, s chat.Store) {
	m := add(t, s, message("c", "ann", "k1"))
	together(writers, func(i int) {
		_, changed, err := s.UpdateMessage(t.Context(), "c", m.ID, start, func(m *wire.Message) error {
			m.Body += fmt.Sprintf("<%d>", i)
			return nil
		})
		if err != nil || !changed {
			t.Errorf("changed=%v, %v", changed, err)
		}
	})
	got := history(t, s, "c")[0]
	for i := range writers {
		if !strings.Contains(got.Body, fmt.Sprintf("<%d>", i)) {
			t.Errorf("%q lacks the text of writer %d", got.Body, i)
		}
	}
	if got.Rev != m.Rev+writers {
		t.Errorf("%d changes raised rev from %d to %d", writers, m.Rev, got.Rev)
	}
}

func testDelete(t *testing.T, s chat.Store) {
	m := add(t, s, message("c", "ann", "k1"))
	last := add(t, s, message("c", "bob", "k1"))
	remove(t, s, last)
	gone := remove(t, s, m)
	if gone.Body != "" || gone.DeletedAt == nil || gone.Seq != m.Seq {
		t.Errorf("deleted is %+v", gone)
	}
	if all := history(t, s, "c"); len(all) != 2 || all[0].DeletedAt == nil {
		t.Errorf("history %+v", all)
	}
	if b := badge(t, s, "c", "ann"); b.Unread != 0 || b.LastSeq != 2 {
		t.Errorf("what was deleted is unread: %+v", b)
	}
	if again, err := s.AppendMessage(t.Context(), message("c", "ann", "k1")); err != nil || again.Created || again.DeletedAt == nil {
		t.Errorf("sent again: created=%v, %+v, %v", again.Created, again, err)
	}
}

func testReply(t *testing.T, s chat.Store) {
	first, other := add(t, s, message("c", "ann", "k1")), add(t, s, message("other", "ann", "k1"))
	reply := message("c", "bob", "k1")
	reply.ReplyTo = first.ID
	if got := add(t, s, reply); got.ReplyTo != first.ID {
		t.Errorf("the reply is %+v", got)
	}
	if all := history(t, s, "c"); all[1].ReplyTo != first.ID {
		t.Errorf("stored is %+v", all[1])
	}
	remove(t, s, first)
	before := conversation(t, s, "c")
	for _, to := range []string{"unknown", other.ID, first.ID} {
		m := message("c", "cid", "k2")
		m.ReplyTo = to
		again, err := s.AppendMessage(t.Context(), m)
		refused(t, err, wire.CodeInvalidField)
		if again.Created {
			t.Errorf("a reply to %s was stored", to)
		}
	}
	if after := conversation(t, s, "c"); after != before {
		t.Errorf("refused replies changed %+v to %+v", before, after)
	}
	if again, err := s.AppendMessage(t.Context(), reply); err != nil || again.Created || again.ReplyTo != first.ID {
		t.Errorf("sent again: created=%v, %+v, %v", again.Created, again, err)
	}
}
