package store_test

import (
	"path/filepath"
	"testing"

	"chatbot/server/chat"
	"chatbot/server/store"
	"chatbot/server/store/storetest"
)

func TestConformance(t *testing.T) {
	folder := t.TempDir()
	storetest.Run(t, func(t *testing.T) chat.Store { return open(t, filepath.Join(folder, filepath.Base(t.Name()))) })
}

// open opens the database at path until the test ends.
func open(t testing.TB, path string) *store.SQLite {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
