package store

import (
	"testing"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

func TestInviteClearsWhatHasExpired(t *testing.T) {
	s := openTest(t)
	for i, hash := range []string{"old", "new"} {
		now := wire.Time(i * 100)
		err := s.Invite(t.Context(), chat.Invitation{
			CodeHash: hash, ConversationID: "c", Inviter: wire.Participant{ID: "ann", Role: wire.RoleVisitor}, CreatedAt: now, ExpiresAt: now + 100,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var hashes string
	if err := s.read.QueryRow("SELECT group_concat(code_hash) FROM invitation").Scan(&hashes); err != nil || hashes != "new" {
		t.Errorf("stored are %q (%v), want only the new one", hashes, err)
	}
}
