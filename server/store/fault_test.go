package store

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Every connection must behave so, or a confirmed message could be lost.
func TestConnections(t *testing.T) {
	s := openTest(t)
	for _, c := range []struct {
		db           *sql.DB
		pragma, want string
	}{
		{s.write, "busy_timeout", "5000"},
		{s.write, "journal_mode", "wal"},
		{s.write, "synchronous", "2"}, // FULL
		{s.write, "foreign_keys", "1"},
		{s.read, "busy_timeout", "5000"},
		{s.read, "query_only", "1"},
	} {
		var got string
		if err := c.db.QueryRow("PRAGMA " + c.pragma).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s is %q (%v), want %q", c.pragma, got, err, c.want)
		}
	}
	if n := s.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections may write, want 1", n)
	}
	if _, err := s.read.Exec("DELETE FROM meta"); err == nil {
		t.Error("a reader's connection can write")
	}
}

func pragma(t *testing.T, s *SQLite, format string, args ...any) {
	t.Helper()
	if _, err := s.write.Exec("PRAGMA " + fmt.Sprintf(format, args...)); err != nil {
		t.Fatal(err)
	}
}

func question(key string) chat.NewMessage {
	return chat.NewMessage{ID: key, ConversationID: "c", ClientID: key, Author: wire.Author{ID: "ann", Role: wire.RoleVisitor}, Body: "Hello"}
}

func stored(t *testing.T, s *SQLite) map[string]bool {
	t.Helper()
	all, _, err := s.History(t.Context(), "c", 0, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for i, m := range all {
		ids[m.ID] = true
		if m.Seq != int64(i+1) {
			t.Errorf("message %d has seq %d", i+1, m.Seq)
		}
	}
	return ids
}

// When the disk is full SQLite undoes the whole transaction: those who share it
// must all be refused, and when there is room again all goes on.
func TestDiskFull(t *testing.T) {
	s := openTest(t)
	var pages int
	if err := s.write.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	pragma(t, s, "max_page_count = %d", pages+20)

	var mu sync.Mutex
	told := map[string]bool{}
	full := 0
	for round := 0; full == 0; round++ {
		release := hold(t, s.writer)
		var wait sync.WaitGroup
		for i := range 10 {
			m := question(fmt.Sprintf("%d-%d", round, i))
			m.Body = strings.Repeat("x", 3000)
			wait.Go(func() {
				_, err := s.AppendMessage(t.Context(), m)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					told[m.ID] = true
					return
				}
				full++
				unavailableFor(t, err)
			})
		}
		queued(s.writer, 10)
		release()
		wait.Wait()
	}
	if full != 10 {
		t.Errorf("%d of 10 who shared the transaction were refused", full)
	}
	all := stored(t, s)
	if len(all) != len(told) {
		t.Errorf("%d messages are stored, %d were confirmed", len(all), len(told))
	}
	for id := range told {
		if !all[id] {
			t.Errorf("%s was confirmed and is not stored", id)
		}
	}

	pragma(t, s, "max_page_count = 1000000")
	m, err := s.AppendMessage(t.Context(), question("room again"))
	if err != nil || !m.Created || m.Seq != int64(len(told)+1) {
		t.Errorf("with room again: %+v created=%v, %v", m, m.Created, err)
	}
}

func TestReadOnlyAndLocked(t *testing.T) {
	s := openTest(t)
	for name, begin := range map[string]func(*testing.T, *SQLite){"read-only": readOnly, "locked": lock} {
		t.Run(name, func(t *testing.T) {
			begin(t, s)
			before := len(stored(t, s))
			again, err := s.AppendMessage(t.Context(), question(name))
			unavailableFor(t, err)
			if again.Created || len(stored(t, s)) != before {
				t.Error("something was stored")
			}
		})
		// It ended with its test.
		if again, err := s.AppendMessage(t.Context(), question(name)); err != nil || !again.Created {
			t.Errorf("%s, afterwards: created=%v, %v", name, again.Created, err)
		}
	}
}

// readOnly takes the right to write from s until t ends.
func readOnly(t *testing.T, s *SQLite) {
	pragma(t, s, "query_only = 1")
	t.Cleanup(func() { pragma(t, s, "query_only = 0") })
}

// lock lets another program hold the write lock until t ends.
func lock(t *testing.T, s *SQLite) {
	pragma(t, s, "busy_timeout = 1")
	var path string
	if err := s.read.QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	holdLock(t, path)
}

// holdLock holds the write lock of the database at path until t ends.
func holdLock(t *testing.T, path string) {
	t.Helper()
	other, err := sql.Open("sqlite", dsn(path, "_txlock=immediate"))
	if err != nil {
		t.Fatal(err)
	}
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(tx.Rollback(), other.Close()); err != nil {
			t.Error(err)
		}
	})
}
