package storetest

import (
	"slices"
	"testing"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

func testErase(t *testing.T, s chat.Store) {
	user := identify(t, s, "https://a", "u1", "Ann", "1")
	c := user.Conversation.ID
	first := says(t, s, user, "k1")
	asks := message(c, "bob", "k2")
	asks.OwesAnswer = true
	add(t, s, asks)
	react(t, s, first, "bob", "a", true)
	if err := s.Invite(t.Context(), invitation(c, "hash")); err != nil {
		t.Fatal(err)
	}
	other := add(t, s, message("other", "bob", "k1"))
	r := chat.Revocation{Subject: c, At: start + 1000, ExpiresAt: start + 1000}

	gone, err := s.Erase(t.Context(), c, r)
	if err != nil || !slices.Contains(gone, user.Participant.ID) || !slices.Contains(gone, "bob") || !slices.Contains(gone, "host") || len(gone) != 3 {
		t.Fatalf("erased: %v, %v", gone, err)
	}
	_, err = s.Conversation(t.Context(), c)
	refused(t, err, wire.CodeNotFound)
	same(t, "messages", history(t, s, c), nil)
	same(t, "participants", participants(t, s, c), nil)
	same(t, "answers owed", debts(t, s), nil)
	same(t, "revocations", revocations(t, s, start), []chat.Revocation{r})
	same(t, "the other conversation", history(t, s, "other"), []wire.Message{other})
	list, err := s.Conversations(t.Context(), 10)
	if err != nil || len(list) != 1 || list[0].ID != "other" {
		t.Errorf("the list: %+v, %v", list, err)
	}
	_, err = s.Redeem(t.Context(), redemption("hash", "", start, wire.Participant{ID: "guest", Role: wire.RoleVisitor}))
	refused(t, err, wire.CodeInvitationInvalid)

	// It does not come back by what was under way.
	_, err = s.AppendMessage(t.Context(), message(c, "bob", "k3"))
	refused(t, err, wire.CodeTokenRevoked)
	refused(t, s.Invite(t.Context(), invitation(c, "hash2")), wire.CodeTokenRevoked)
	_, err = s.Erase(t.Context(), c, r)
	refused(t, err, wire.CodeNotFound)
	if again := identify(t, s, "https://a", "u1", "Ann", "2"); again.Conversation.ID == c || again.Participant.ID == user.Participant.ID || again.Stored {
		t.Errorf("the user has %+v again", again)
	}
}
