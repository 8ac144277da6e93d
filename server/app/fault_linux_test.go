package app_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chatbot/server/app"
	"chatbot/widget/wire"
)

// send says something and is the answer's status; one that is no success must be
// a 503 that says when to try again.
func send(t *testing.T, a *app.App, s wire.Session, clientID string) int {
	t.Helper()
	body, err := json.Marshal(wire.SendRequest{ClientID: clientID, Body: strings.Repeat("x", 2000)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", a.URL()+path(wire.PathMessages, s), strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.Token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		var refusal wire.ErrorAnswer
		if err := json.NewDecoder(response.Body).Decode(&refusal); err != nil || refusal.Error == nil || refusal.Error.Code != wire.CodeUnavailable || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s, Retry-After %q, %+v, %v", response.Status, response.Header.Get("Retry-After"), refusal.Error, err)
		}
	}
	return response.StatusCode
}

// own are the client ids of what the visitor has said, in order.
func own(t *testing.T, a *app.App, s wire.Session) (ids []string) {
	t.Helper()
	var page wire.Page
	if code := call(t, a, "GET", path(wire.PathMessages, s)+"?after=0&limit=100", s.Token, "", &page); code != http.StatusOK {
		t.Fatalf("read: %d", code)
	}
	for _, m := range page.Messages {
		if m.Author.ID == s.Participant.ID {
			ids = append(ids, m.ClientID)
		}
	}
	return ids
}

// A disk without room is answered with 503; reading goes on; with room again the
// same message is taken, once. The limit on a file's size stands for the disk's.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	a, stop := run(t, dir)
	defer stop()
	var s wire.Session
	call(t, a, "POST", wire.PathConversations, "", "{}", &s)
	accepted := []string{"first"}
	if code := send(t, a, s, "first"); code != http.StatusCreated {
		t.Fatalf("send: %d", code)
	}
	refused := ""
	limitFiles(t, dir, func() {
		for k := 0; refused == "" && k < 50; k++ {
			id := fmt.Sprint("k-", k)
			if send(t, a, s, id) == http.StatusCreated {
				accepted = append(accepted, id)
			} else {
				refused = id
			}
		}
		if got := own(t, a, s); fmt.Sprint(got) != fmt.Sprint(accepted) {
			t.Errorf("stored is %v, accepted was %v", got, accepted)
		}
	})
	if refused == "" {
		t.Fatal("the disk was never full")
	}
	if code := send(t, a, s, refused); code != http.StatusCreated {
		t.Errorf("with room again: %d", code)
	}
	if got := own(t, a, s); fmt.Sprint(got) != fmt.Sprint(append(accepted, refused)) {
		t.Errorf("stored is %v", got)
	}
}

// limitFiles lets no file of this process grow beyond the largest in dir.
func limitFiles(t *testing.T, dir string, do func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := before
	limit.Cur = 0
	files, err := filepath.Glob(filepath.Join(dir, "chatbot.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		limit.Cur = max(limit.Cur, uint64(info.Size()))
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}()
	do()
}

// A database that another program holds is answered with 503, after SQLite has
// tried for 5 seconds; reading goes on.
func TestDatabaseLocked(t *testing.T) {
	dir := t.TempDir()
	a, stop := run(t, dir)
	defer stop()
	var s wire.Session
	call(t, a, "POST", wire.PathConversations, "", "{}", &s)
	if code := send(t, a, s, "first"); code != http.StatusCreated {
		t.Fatalf("send: %d", code)
	}
	other, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "chatbot.db")+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	lock, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if code := send(t, a, s, "second"); code != http.StatusServiceUnavailable {
		t.Errorf("while it is locked: %d", code)
	}
	if got := own(t, a, s); fmt.Sprint(got) != "[first]" {
		t.Errorf("stored is %v", got)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if code := send(t, a, s, "second"); code != http.StatusCreated {
		t.Errorf("afterwards: %d", code)
	}
	if got := own(t, a, s); fmt.Sprint(got) != "[first second]" {
		t.Errorf("stored is %v", got)
	}
}
