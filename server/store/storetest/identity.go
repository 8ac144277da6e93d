package storetest

import (
	"fmt"
	"testing"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// identify is what belongs to the user, who comes with new ids every time.
func identify(t *testing.T, s chat.Store, site, user, name, try string) chat.Identified {
	t.Helper()
	found, err := s.Identify(t.Context(), chat.Identity{
		Site: site, UserID: user, Name: name, Conversation: "c-" + try, Participant: "p-" + try, CreatedAt: start,
	})
	if err != nil {
		t.Fatalf("identify: %v", err)
	}
	return found
}

// says has a user whose name only the store knows say something.
func says(t *testing.T, s chat.Store, i chat.Identified, key string) wire.Message {
	t.Helper()
	m := message(i.Conversation.ID, i.Participant.ID, key)
	m.Author.Name, m.CreatedAt = "", start+1
	return add(t, s, m)
}

func testIdentify(t *testing.T, s chat.Store) {
	first := identify(t, s, "https://a", "u1", "Ann", "1")
	want := chat.Identified{
		Conversation: wire.Conversation{ID: "c-1", CreatedAt: start},
		Participant:  wire.Participant{ID: "p-1", Role: wire.RoleVisitor, Name: "Ann"},
	}
	if first != want {
		t.Errorf("a new user: %+v, want %+v", first, want)
	}
	_, err := s.Conversation(t.Context(), "c-1")
	refused(t, err, wire.CodeNotFound) // nothing was said
	if again := identify(t, s, "https://a", "u1", "Ann", "2"); again != want {
		t.Errorf("before anything was said: %+v, want %+v", again, want)
	}
	if m := says(t, s, first, "k1"); m.Author.Name != "Ann" {
		t.Errorf("the first message is by %+v", m.Author)
	}
	want.Stored, want.Participant.ReadSeq, want.Participant.DeliveredSeq, want.Conversation.CreatedAt = true, 1, 1, start+1
	if again := identify(t, s, "https://a", "u1", "Ann", "3"); again != want {
		t.Errorf("after the first message: %+v, want %+v", again, want)
	}
	others := map[string]bool{"c-1": true}
	for i, other := range [][2]string{{"https://a", "u2"}, {"https://b", "u1"}, {"https://au", "1"}} {
		found := identify(t, s, other[0], other[1], "Ann", fmt.Sprint("other-", i))
		if others[found.Conversation.ID] || found.Stored {
			t.Errorf("%v was given %+v", other, found)
		}
		others[found.Conversation.ID] = true
	}
}

func testIdentifyConcurrent(t *testing.T, s chat.Store) {
	found := make([]chat.Identified, writers)
	together(writers, func(i int) {
		var err error
		found[i], err = s.Identify(t.Context(), chat.Identity{
			Site: "https://a", UserID: "u1", Name: "Ann", Conversation: fmt.Sprint("c-", i), Participant: fmt.Sprint("p-", i), CreatedAt: start,
		})
		if err != nil {
			t.Error(err)
		}
	})
	for i, f := range found {
		if f != found[0] {
			t.Errorf("device %d was given %+v, device 0 %+v", i, f, found[0])
		}
	}
}

func testIdentifyName(t *testing.T, s chat.Store) {
	i := identify(t, s, "https://a", "u1", "Ann", "1")
	if i = identify(t, s, "https://a", "u1", "Anne", "1"); i.Participant.Name != "Anne" || i.Rev != 0 {
		t.Errorf("a new name before anything was said: %+v", i)
	}
	m := says(t, s, i, "k1")
	if m.Author.Name != "Anne" {
		t.Errorf("the message is by %+v", m.Author)
	}
	i = identify(t, s, "https://a", "u1", "Anna", "1")
	if i.Participant.Name != "Anna" || i.Rev != m.Rev+1 {
		t.Errorf("a new name: %+v", i)
	}
	found := changes(t, s, i.Conversation.ID, m.Rev, 10)
	same(t, "who changed", found.Participants, []wire.Participant{i.Participant})
	if found.Rev != i.Rev {
		t.Errorf("the change is at rev %d, was told as %d", found.Rev, i.Rev)
	}
	if again := identify(t, s, "https://a", "u1", "Anna", "1"); again.Rev != 0 {
		t.Errorf("the same name is a change: %+v", again)
	}
	if m := says(t, s, i, "k2"); m.Author.Name != "Anna" {
		t.Errorf("the next message is by %+v", m.Author)
	}
}
