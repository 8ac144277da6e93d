package answer

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A quote is Markdown that says the same as the page.
func TestQuote(t *testing.T) {
	for source, want := range map[string]string{
		"One *two* **three**\nfour ~~five~~ `six`.": "One *two* **three** four ~~five~~ `six`.",
		"- a\n- b\n  1. c\n  2. d":                  "- a\n- b\n  1. c\n  2. d",
		"3. a\n\n4. b":                              "3. a\n\n4. b",
		"```sh\nmake run\n```":                      "```sh\nmake run\n```",
		"    code":                                  "```\ncode\n```",
		"````\n```\n````":                           "````\n```\n````",
		"```\n┌──┐\n```\n\na":                       "a",
		"[a](https://b.example/x y) [c](C.md#d)":    "[a](https://b.example/x y) c",
		"[a](https://b.example/x)":                  "[a](<https://b.example/x>)",
		"https://b.example <!-- no --> ![p](q.png)": "https://b.example",
		"<!-- snippet -->\n\na":                     "a",
		"| a | b |\n|---|---|\n| 1 | `2` |":         "| a | b |\n| --- | --- |\n| 1 | `2` |",
		"> a\n> b":                                  "> a b",
		"2 \\* 3 &amp; 4":                           "2 \\* 3 &amp; 4",
		"`` a`b ``":                                 "`` a`b ``",
	} {
		all := Document{Name: "page", Markdown: []byte(source)}.passages()
		if len(all) != 1 || strings.TrimSpace(all[0].quote()) != want {
			t.Errorf("%q is quoted as %+v, want %q", source, all, want)
		}
	}
}

// A long passage is cut where nothing is left open.
func TestQuoteIsCut(t *testing.T) {
	for source, end := range map[string]string{
		strings.Repeat("A sentence with `code` and *stress*. ", 40): "stress*. …",
		strings.Repeat("- an item of a list\n", 60):                 "list\n\n…",
		strings.Repeat("A paragraph of some length.\n\n", 40):       "length.\n\n…",
		"```go\n" + strings.Repeat("line\n", 200) + "```":           "line\n…\n```",
		"```c++\n" + strings.Repeat("line\n", 200) + "```":          "line\n…\n```",
		"```JSON\n" + strings.Repeat("line\n", 200) + "```":         "line\n…\n```",
		strings.Repeat("x", 2000):                                   "x …",
		"`" + strings.Repeat("x. ", 400) + "`":                      " …",
		strings.Repeat("語。", 500):                                   "。 …",
	} {
		got := Document{Name: "page", Markdown: []byte(source)}.passages()[0].quote()
		if !strings.HasSuffix(got, end) || utf8.RuneCountInString(got) > quoteChars+8 || utf8.RuneCountInString(got) < quoteChars/2 {
			t.Errorf("%.30q … is cut to %d characters that end in %q", source, utf8.RuneCountInString(got), got[max(0, len(got)-30):])
		}
	}
}
