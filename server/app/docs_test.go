package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"chatbot/assets"
	"chatbot/server/config"
)

// What can be set, asked and refused stands in the guides.
func TestGuidesAreComplete(t *testing.T) {
	var help strings.Builder
	if _, err := config.Parse([]string{"--help"}, &help, io.Discard); !errors.Is(err, config.ErrDone) {
		t.Fatal(err)
	}
	quickstart, guide := guide(t, "CHATBOT_REALTIME_QUICKSTART.md"), guide(t, "CHATBOT_REALTIME_SOCKET_GUIDE.md")
	for _, c := range []struct{ what, from, pattern, in, as string }{
		{"flag", help.String(), `(?m)^ +(--[a-z-]+)`, quickstart, "`%s`"},
		{"variable", help.String(), `((?:CHATBOT|REVERB|PUSHER|BROADCAST)_[A-Z_]+)`, quickstart, "`%s`"},
		{"error code", source(t, "widget/wire/error.go"), `Code = "([a-z_]+)"`, guide, "| `%s` |"},
		{"event", source(t, "widget/wire/event.go"), `= "(Chat[A-Za-z]+)"`, guide, "`%s`"},
		{"call", source(t, "widget/wire/api.go"), `= "/api/chatbot/conversations/{id}(/[a-z-]+)"`, guide, "…/{id}%s`"},
		{"attribute", source(t, "assets/src/chatbot-widget.js"), `(?:setting|oneOf|flag|text|link)\("([a-z-]+)"`, source(t, "README.md"), "| `data-%s` |"},
	} {
		found := regexp.MustCompile(c.pattern).FindAllStringSubmatch(c.from, -1)
		if len(found) < 4 {
			t.Errorf("%ss are looked for in the wrong way: %v", c.what, found)
		}
		for _, m := range found {
			if !strings.Contains(c.in, fmt.Sprintf(c.as, m[1])) {
				t.Errorf("the guides do not tell of the %s %s", c.what, m[1])
			}
		}
	}
}

// A link from one guide to another leads somewhere.
func TestGuidesLinks(t *testing.T) {
	files, err := fs.Glob(assets.Docs(), "*.md")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	link := regexp.MustCompile(`\]\(([A-Za-z_-]+\.(?:md|png|svg))(?:#([a-z-]+))?\)`)
	for _, file := range files {
		for _, m := range link.FindAllStringSubmatch(guide(t, file), -1) {
			target, anchor := guide(t, m[1]), m[2]
			known := anchor == ""
			for _, h := range heading.FindAllStringSubmatch(target, -1) {
				known = known || strings.ReplaceAll(strings.ToLower(h[1]), " ", "-") == anchor
			}
			if !known {
				t.Errorf("%s: %s has no heading %s", file, m[1], anchor)
			}
		}
	}
}

func guide(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(assets.Docs(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func source(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
