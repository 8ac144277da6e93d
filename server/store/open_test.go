package store

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEpoch(t *testing.T) {
	first, second := openTest(t).Epoch(), openTest(t).Epoch()
	for _, e := range []string{first, second} {
		if !regexp.MustCompile(`^[a-z0-9]{12}$`).MatchString(e) {
			t.Errorf("epoch %q", e)
		}
	}
	if first == second {
		t.Errorf("two databases have the same epoch %s", first)
	}
}

func TestPing(t *testing.T) {
	s := openTest(t)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("an open store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
}

// The file's name is a path, not a part of SQLite's URI.
func TestOpenOddName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%41&e=é.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 || files[0].Name() != filepath.Base(path) {
		t.Errorf("the folder holds %v (%v), want only %s", files, err, filepath.Base(path))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; others must not read it", info.Mode(), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, path string) (changed string)
		want    []string
	}{
		{"no folder", func(_ *testing.T, path string) string { return filepath.Join(path, "chatbot.db") },
			[]string{"no such file or directory", "--data-dir"}},
		{"a file for a folder", func(t *testing.T, path string) string {
			write(t, path, "text")
			return filepath.Join(path, "chatbot.db")
		}, []string{"not a directory", "--data-dir"}},
		{"a folder for a file", func(_ *testing.T, path string) string { return filepath.Dir(path) },
			[]string{"is a directory", "--data-dir"}},
		{"not a database", func(t *testing.T, path string) string {
			write(t, path, strings.Repeat("This is a letter to a friend. ", 200))
			return path
		}, []string{"file is not a database", "backup", "--data-dir"}},
		{"damaged", func(t *testing.T, path string) string { damage(t, path); return path },
			[]string{"it is damaged", "backup"}},
		{"cut off", func(t *testing.T, path string) string {
			fill(t, path)
			if err := os.Truncate(path, 3*4096+100); err != nil {
				t.Fatal(err)
			}
			return path
		}, []string{"malformed", "backup"}},
		{"without a sound epoch", func(t *testing.T, path string) string {
			fill(t, path)
			change(t, path, "UPDATE meta SET value = 'a-b' WHERE name = 'epoch'")
			return path
		}, []string{"damaged", "epoch", "backup"}},
		{"of a newer version", func(t *testing.T, path string) string {
			fill(t, path)
			change(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
			return path
		}, []string{"newer version", "9999", "start that version"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.prepare(t, filepath.Join(t.TempDir(), "chatbot.db"))
			s, err := Open(t.Context(), path)
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			for _, want := range append(c.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is more than one line", err)
			}
		})
	}
}

func TestRemedyOfLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chatbot.db")
	fill(t, path)
	holdLock(t, path)
	db, err := sql.Open("sqlite", path) // without the patience of ours
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM meta"); !strings.Contains(remedy(err), "other program") {
		t.Errorf("the remedy of %v is %q", err, remedy(err))
	}
}

// fill makes a database with some messages at path.
func fill(t *testing.T, path string) {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "c"} {
		m := question(key)
		m.Body = strings.Repeat(key, 3000)
		if _, err := s.AppendMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// damage overwrites a page of the messages.
func damage(t *testing.T, path string) {
	t.Helper()
	fill(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(content), strings.Repeat("a", 3000)) / 4096 * 4096
	copy(content[at:], strings.Repeat("\x00\xff", 100))
	write(t, path, string(content))
}

func change(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
