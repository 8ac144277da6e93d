package answer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A question of thousands of words or letters is not looked for thousands of
// times: the search would take so long that nobody else is answered.
func TestTermsAreBounded(t *testing.T) {
	many := func(n int) (terms []string) {
		for i := range n {
			terms = append(terms, strings.Repeat("x", i+1))
		}
		return terms
	}
	for _, c := range []struct {
		terms []string
		n     int
		want  []string
	}{
		{nil, 3, nil},
		{[]string{"a", "b", "a", "a"}, 3, []string{"a", "b"}},
		{many(3), 3, many(3)},
		{many(4), 3, many(3)},
	} {
		if got := distinct(c.terms, c.n); strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%d of %q: %q, want %q", c.n, c.terms, got, c.want)
		}
	}
	pages, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	bot, err := New(pages)
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close()
	for _, question := range []string{strings.Repeat("server", 666), strings.Repeat("server ", 570), strings.Join(many(88), " ")} {
		if _, err := bot.Respond(t.Context(), question, nil); err != nil {
			t.Errorf("%.20s…: %v", question, err)
		}
	}
}

// BenchmarkLongQuestion is a question of 4,000 letters which occur in every page.
func BenchmarkLongQuestion(b *testing.B) {
	pages, err := Builtin()
	if err != nil {
		b.Fatal(err)
	}
	bot, err := New(pages)
	if err != nil {
		b.Fatal(err)
	}
	defer bot.Close()
	for b.Loop() {
		if _, err := bot.Respond(b.Context(), strings.Repeat("server", 666), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// Pages come from all kinds of editors.
func TestFrontMatter(t *testing.T) {
	for name, content := range map[string]string{
		"plain":   "---\nurl: https://shop.example/x\n---\n# Delivery\n\nAt once.\n",
		"Windows": "\ufeff---\r\nurl: https://shop.example/x\r\n---\r\n# Delivery\r\n\r\nAt once.\r\n",
		"quoted":  "---\nurl: \"https://shop.example/x\"\n---\n# Delivery\n\nAt once.\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "page.md"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		pages, err := Load(dir)
		if err != nil || len(pages) != 1 {
			t.Fatalf("%s: %+v, %v", name, pages, err)
		}
		bot, err := New(pages)
		if err != nil {
			t.Fatal(err)
		}
		got, err := bot.Respond(t.Context(), "delivery", nil)
		bot.Close()
		if err != nil || got.Source == nil || got.Source.URL != "https://shop.example/x" || got.Source.Title != "Delivery" || strings.Contains(got.Body, "url:") {
			t.Errorf("%s: %+v from %+v, %v", name, got.Body, got.Source, err)
		}
	}
}
