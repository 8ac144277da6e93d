package tinygo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is changed is a copy: the file that a link leads to stays as it is.
func TestApply(t *testing.T) {
	src, real := t.TempDir(), filepath.Join(t.TempDir(), "a.go")
	if err := os.WriteFile(real, []byte("one two three"), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(src, "a.go")
	if err := os.Symlink(real, file); err != nil {
		t.Fatal(err)
	}
	if err := apply([]change{{"a.go", "two", "2"}, {"a.go", "three", "3"}}, src); err != nil {
		t.Fatal(err)
	}
	if got := read(t, file); got != "one 2 3" {
		t.Errorf("the copy says %q", got)
	}
	if got := read(t, real); got != "one two three" {
		t.Errorf("the original says %q", got)
	}
}

// Another TinyGo than the changes were made for is refused.
func TestApplyElsewhere(t *testing.T) {
	for content, wrong := range map[string]string{"one": "0 times", "two two": "2 times"} {
		src := t.TempDir()
		if err := os.WriteFile(filepath.Join(src, "a.go"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		err := apply([]change{{"a.go", "two", "2"}}, src)
		if err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q gives %v", content, err)
		}
		if got := read(t, filepath.Join(src, "a.go")); got != content {
			t.Errorf("%q has become %q", content, got)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
