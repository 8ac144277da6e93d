package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The list that is built into the widget is the one that belongs to the choice:
// all of it in its order, each with names and with shortcodes of its own.
func TestListFollowsChoice(t *testing.T) {
	content, err := os.ReadFile("../../src/emoji.txt")
	if err != nil {
		t.Fatal(err)
	}
	var listed, chosen []string
	codes := map[string]string{}
	for line := range strings.Lines(string(content)) {
		first, names, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
		char, rest, _ := strings.Cut(first, " ")
		if strings.Count(names, "|") != len(languages)-1 && char != "#" || strings.Contains("|"+names+"|", "||") {
			t.Errorf("%q has not a name in each language", line)
		}
		if char == "#" {
			continue
		}
		listed = append(listed, char)
		for code := range strings.FieldsSeq(rest) {
			if other, taken := codes[code]; taken || !regexp.MustCompile(`^[a-z0-9_+-]+$`).MatchString(code) {
				t.Errorf("%s has the shortcode %q, which is %s", char, code, other)
			}
			codes[code] = char
		}
	}
	for line := range strings.Lines(choice) {
		if !strings.HasPrefix(line, "# ") {
			chosen = append(chosen, strings.Fields(line)...)
		}
	}
	if a, b := strings.Join(listed, " "), strings.Join(chosen, " "); a != b {
		t.Errorf("the list holds\n%s\nand the choice\n%s", a, b)
	}
	if len(codes) < len(listed) || codes["tada"] != "🎉" || codes["+1"] != "👍" {
		t.Errorf("%d shortcodes for %d emoji", len(codes), len(listed))
	}
}

// What the data do not know is not listed in silence.
func TestRead(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"en/data.json":              `[{"emoji":"❤️","label":"red heart","hexcode":"2764"}]`,
		"de/data.json":              `[{"emoji":"❤️","label":"rotes Herz","hexcode":"2764"}]`,
		"en/shortcodes/github.json": `{"2764":"heart","1F44D":["+1","thumbsup"]}`,
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	known, err := read(folder)
	if err != nil {
		t.Fatal(err)
	}
	heart := known["❤"]
	if strings.Join(heart.codes, " ") != "heart" || strings.Join(heart.names, ", ") != "red heart, rotes Herz" {
		t.Errorf("%+v", heart)
	}
	if _, err := list(known); err == nil || !strings.Contains(err.Error(), "😀") {
		t.Errorf("an emoji without data: %v", err)
	}
	if _, err := read(t.TempDir()); err == nil {
		t.Error("an empty folder was read")
	}
}
