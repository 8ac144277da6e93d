package store_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"chatbot/server/chat"
	"chatbot/server/store"
	"chatbot/server/store/storetest"
	"chatbot/widget/wire"
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

// The driver is C turned into Go against one version of its C library; with
// another one it may fail in ways that no test finds.
func TestLibcIsTheDriversOwn(t *testing.T) {
	gomod, err := os.ReadFile(list(t, "modernc.org/sqlite", "{{.GoMod}}"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^\s*(?:require )?modernc\.org/libc (v\S+)`).FindSubmatch(gomod)
	if want == nil {
		t.Fatal("the driver's go.mod does not name its libc")
	}
	if got := list(t, "modernc.org/libc", "{{.Version}}"); got != string(want[1]) {
		t.Errorf("modernc.org/libc is %s, the driver needs %s: go get modernc.org/libc@%[2]s", got, want[1])
	}
}

// list asks go for something about a module of the build.
func list(t *testing.T, module, format string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", format, module).Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// BenchmarkAppend64Writers is how many messages a second reach the disk when
// 64 visitors, each in a conversation of its own, write without a pause.
func BenchmarkAppend64Writers(b *testing.B) {
	const writers = 64
	s := open(b, filepath.Join(b.TempDir(), "chatbot.db"))
	var next atomic.Int64
	done := make(chan error, writers)
	b.ResetTimer()
	for w := range writers {
		conversation := fmt.Sprint("conversation-", w)
		go func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					done <- nil
					return
				}
				id := fmt.Sprint("message-", n)
				_, err := s.AppendMessage(b.Context(), chat.NewMessage{
					ID: id, ConversationID: conversation, ClientID: id, CreatedAt: wire.Time(n),
					Author: wire.Author{ID: "visitor", Role: wire.RoleVisitor},
					Body:   "Where can I see what has become of my order, and when will it be here?", OwesAnswer: true,
				})
				if err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
}
