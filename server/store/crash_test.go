package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"chatbot/server/chat"
	"chatbot/server/store"
	"chatbot/widget/wire"
)

const (
	// childPath makes this test binary the process to be killed: it writes to
	// the database of that name.
	childPath = "CHATBOT_STORE_TEST_CHILD"
	childRun  = "CHATBOT_STORE_TEST_RUN"
	// childWriters is how many goroutines write in it.
	childWriters = 8
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		fmt.Fprintln(os.Stderr, writeForever(path, os.Getenv(childRun)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever stores messages and prints the id of each that is confirmed.
func writeForever(path, run string) error {
	s, err := store.Open(context.Background(), path)
	if err != nil {
		return err
	}
	failed := make(chan error)
	var print sync.Mutex
	for w := range childWriters {
		go func() {
			for k := 0; ; k++ {
				id := fmt.Sprintf("%s-%d-%d", run, w, k)
				if _, err := s.AppendMessage(context.Background(), crashMessage(id)); err != nil {
					failed <- err
					return
				}
				print.Lock()
				fmt.Println(id)
				print.Unlock()
			}
		}()
	}
	return <-failed
}

func crashMessage(id string) chat.NewMessage {
	return chat.NewMessage{
		ID: id, ConversationID: "c", ClientID: id, Body: "Text of " + id, OwesAnswer: true,
		Author: wire.Author{ID: "ann", Role: wire.RoleVisitor},
	}
}

// A process killed while it writes loses nothing that it confirmed, and leaves
// nothing half done.
func TestKilledProcessKeepsItsWord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chatbot.db")
	confirmed := map[string]bool{}
	for run := range 3 {
		killAfter(t, path, fmt.Sprint("run", run), 200, confirmed)

		s, err := store.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		check(t, s, confirmed)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter lets a process confirm n messages, kills it, and notes all that it
// confirmed until then.
func killAfter(t *testing.T, path, run string, n int, confirmed map[string]bool) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path, childRun+"="+run)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for count := 1; ; count++ {
		line, err := lines.ReadString('\n')
		if err != nil { // the pipe is empty and its writer is dead
			break
		}
		confirmed[strings.TrimSpace(line)] = true
		if count == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("the process ended with %v: %s", err, complaint.String())
	}
}

func check(t *testing.T, s *store.SQLite, confirmed map[string]bool) {
	t.Helper()
	all, _, err := s.History(t.Context(), "c", 0, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]bool{}
	for i, m := range all {
		stored[m.ID] = true
		if m.Seq != int64(i+1) || m.Body != "Text of "+m.ID {
			t.Errorf("message %d has seq %d and body %q", i+1, m.Seq, m.Body)
		}
	}
	for id := range confirmed {
		if !stored[id] {
			t.Errorf("%s was confirmed and is lost", id)
		}
	}
	c, err := s.Conversation(t.Context(), "c")
	if err != nil || c.LastSeq != int64(len(all)) || c.Rev != all[len(all)-1].Rev {
		t.Errorf("the conversation is %+v (%v), with %d messages", c, err, len(all))
	}
	owed, err := s.Debts(t.Context())
	if err != nil || len(owed) != len(all) {
		t.Errorf("%d answers are owed (%v), want %d", len(owed), err, len(all))
	}
}
