package guide_test

import (
	"os"
	"path/filepath"
	"testing"

	"chatbot/server/bench/guide"
)

func TestKeep(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "speed.md")
	if err := os.WriteFile(file, []byte("before\n<!-- measured -->\nold\n<!-- end -->\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := guide.Keep(dir, "speed", "new\n", []byte("<svg/>")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "before\n<!-- measured -->\nnew\n<!-- end -->\nafter\n" {
		t.Errorf("%q, %v", text, err)
	}
	if plot, err := os.ReadFile(filepath.Join(dir, "speed.svg")); err != nil || string(plot) != "<svg/>" {
		t.Errorf("%q, %v", plot, err)
	}
	if err := os.WriteFile(file, []byte("no marks\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := guide.Keep(dir, "speed", "new\n", nil); err == nil {
		t.Error("a guide without marks was taken")
	}
}
