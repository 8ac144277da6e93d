package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// What was erased, and the text of a deleted message, is nowhere in the file any
// more.
func TestErasedIsOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"kept", "gone", "emptied"} {
		m := chat.NewMessage{ID: id, ConversationID: "c-" + id, ClientID: "k", Author: wire.Author{ID: "ann", Role: wire.RoleVisitor}, Body: strings.Repeat("secret of "+id+" ", 300), CreatedAt: 1000}
		if _, err := s.AppendMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Erase(t.Context(), "c-gone", chat.Revocation{Subject: "c-gone", At: 1000, ExpiresAt: 2000}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.UpdateMessage(t.Context(), "c-emptied", "emptied", 1000, func(m *wire.Message) error {
		deleted := wire.Time(1000)
		m.Body, m.DeletedAt = "", &deleted
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"kept": true, "gone": false, "emptied": false} {
		if bytes.Contains(content, []byte("secret of "+id)) != want {
			t.Errorf("the file holds the text of %q: %v, want %v", id, !want, want)
		}
	}
}
