package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A backup made while messages are written holds all that were confirmed before
// it began; what is restored from it works on, under a new epoch.
func TestBackupUnderLoad(t *testing.T) {
	folder := t.TempDir()
	path, file := filepath.Join(folder, "chatbot.db"), filepath.Join(folder, "copy")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var writers sync.WaitGroup
	var mu sync.Mutex
	confirmed, stop := map[string]bool{}, make(chan struct{})
	enough := make(chan struct{})
	for w := range 8 {
		writers.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				default:
				}
				m := question(fmt.Sprintf("%d-%d", w, k))
				if _, err := s.AppendMessage(t.Context(), m); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if confirmed[m.ID] = true; len(confirmed) == 200 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	ended := make(chan struct{})
	go func() { defer close(ended); writers.Wait() }()
	select {
	case <-enough:
	case <-ended: // none could write
	}
	mu.Lock()
	before := make([]string, 0, len(confirmed))
	for id := range confirmed {
		before = append(before, id)
	}
	mu.Unlock()
	err = Backup(t.Context(), path, file)
	close(stop)
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}

	again := filepath.Join(folder, "again.db")
	if err := Restore(t.Context(), file, again); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := stored(t, r)
	for _, id := range before {
		if !all[id] {
			t.Errorf("%s was confirmed before the backup and is not in it", id)
		}
	}
	if r.Epoch() == s.Epoch() {
		t.Error("the restored database has the old epoch")
	}
	if m, err := r.AppendMessage(t.Context(), question("more")); err != nil || !m.Created || m.Seq != int64(len(all)+1) {
		t.Errorf("the next message: %+v created=%v, %v", m, m.Created, err)
	}
	left, err := filepath.Glob(filepath.Join(folder, ".chatbot-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The same with no server running, and of a plain copy of the file.
func TestBackupAtRest(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "chatbot.db")
	fill(t, path)
	if err := Backup(t.Context(), path, filepath.Join(folder, "copy")); err != nil {
		t.Fatal(err)
	}
	epochs := map[string]bool{}
	for i, from := range []string{"copy", "copy", "chatbot.db"} {
		to := filepath.Join(folder, fmt.Sprint("again", i))
		if err := Restore(t.Context(), filepath.Join(folder, from), to); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(stored(t, s)); n != 3 {
			t.Errorf("%s gave %d messages, want 3", from, n)
		}
		epochs[s.Epoch()] = true
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(epochs) != 3 {
		t.Errorf("three restores have the epochs %v", epochs)
	}
}

func TestBackupAndRestoreRefuse(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	fill(t, at("chatbot.db"))
	damage(t, at("damaged.db"))
	write(t, at("letter"), strings.Repeat("This is a letter to a friend. ", 200))
	write(t, at("empty"), "")
	write(t, at("log.db-wal"), "left over")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"backup of nothing", Backup(t.Context(), at("none.db"), at("a")), "--data-dir"},
		{"backup over a file", Backup(t.Context(), at("chatbot.db"), at("letter")), "already"},
		{"backup into no folder", Backup(t.Context(), at("chatbot.db"), at("none/a")), "no such file"},
		{"backup of what is damaged", Backup(t.Context(), at("damaged.db"), at("a")), "cannot be made"},
		{"backup of a letter", Backup(t.Context(), at("letter"), at("a")), "not a database"},
		{"restore over a database", Restore(t.Context(), at("chatbot.db"), at("damaged.db")), "already"},
		{"restore beside an old log", Restore(t.Context(), at("chatbot.db"), at("log.db")), "log.db-wal"},
		{"restore of nothing", Restore(t.Context(), at("none"), at("a")), "no such file"},
		{"restore of a letter", Restore(t.Context(), at("letter"), at("a")), "not a database"},
		{"restore of what is empty", Restore(t.Context(), at("empty"), at("a")), "no database of this program"},
		{"restore of what is damaged", Restore(t.Context(), at("damaged.db"), at("a")), "damaged"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || strings.Contains(c.err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", c.name, c.err, c.want)
		}
	}
	if _, err := os.Stat(at("a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused copy is there: %v", err)
	}
	left, err := filepath.Glob(at(".chatbot-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
