package app

import (
	"strings"
	"testing"

	"chatbot/server/config"
)

// Without a folder of the operator's, the bot knows the frequent questions and
// the guides. The long guides must not crowd out the short answers.
func TestBuiltinKnowledge(t *testing.T) {
	bot, err := newBot(config.DefaultServe())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bot.Close() })
	for _, c := range []struct{ question, holds, title string }{
		{"How do I install the widget?", "one script tag", "Frequent questions"},
		{"How do I start the server?", "make run", "Frequent questions"},
		{"Wie starte ich den Server?", "make run", "Häufige Fragen"},
		{"do you use cookies", "No cookie", "Frequent questions"},
		{"What if WebSockets are blocked?", "polling", "Frequent questions"},
		{"How do I back up the data?", "copy the data directory", "Frequent questions"},
		{"Wie ändere ich die Farbe?", "data-color", "Häufige Fragen"},
		{"What does error 4009 mean?", "4009", "Technical guide"},
	} {
		got, err := bot.Respond(t.Context(), c.question, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Source == nil || got.Source.Title != c.title || !strings.Contains(got.Body, c.holds) {
			t.Errorf("%q: %q from %v", c.question, got.Body, got.Source)
		}
		if strings.ContainsAny(got.Body, "│─►") {
			t.Errorf("%q is answered with a drawing: %q", c.question, got.Body)
		}
	}
	for _, question := range []string{
		"What is the weather in Paris tomorrow?", "Can I return my shoes?", "What does shipping to Canada cost?",
		"recommend a good restaurant", "What time do you open on Sunday?", "Wie lange hat der Laden offen?", "still there?",
	} {
		got, err := bot.Respond(t.Context(), question, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Source != nil {
			t.Errorf("%q was answered from %v: %q", question, got.Source, got.Body)
		}
		for line := range strings.Lines(got.Body) {
			if offer, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok && !strings.HasSuffix(offer, "?") {
				t.Errorf("%q: offers %q, which is no question", question, offer)
			}
		}
	}
}
