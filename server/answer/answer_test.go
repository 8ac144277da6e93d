package answer_test

import (
	"strings"
	"testing"

	"chatbot/server/answer"
)

func builtinBot(t testing.TB) *answer.Bot {
	t.Helper()
	documents, err := answer.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	bot, err := answer.New(documents)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bot.Close() })
	return bot
}

// Questions as people ask them, and a word that the right passage holds. What
// the pages do not know must not be answered from them.
func TestAnswers(t *testing.T) {
	bot := builtinBot(t)
	for _, c := range []struct{ question, holds string }{
		{"How do I install the widget?", "one script tag"},
		{"how to install this on my page", "one script tag"},
		{"instal the widgt", "one script tag"},
		{"Can I change the color?", "data-color"},
		{"which websites may use the chat", "--allowed-origins"},
		{"Do you set cookies?", "No cookie"},
		{"where are messages stored", "SQLite"},
		{"What if websockets are blocked?", "polling"},
		{"which browsers are supported", "WebAssembly"},
		{"How can I use https?", "--tls-cert"},
		{"are messages lost when the connection breaks?", "stores each message once"},
		{"how do I teach the bot my own content", "--knowledge"},
		{"Wie baue ich das Widget ein?", "Script-Tag"},
		{"wie ändere ich die farbe", "data-color"},
		{"Setzt der Chat Cookies?", "gar keine Cookies"},
		{"Wo werden Nachrichten gespeichert?", "Datenverzeichnis"},
		{"do you use cookies", "No cookie"},
		{"Is there a dark mode?", "data-theme"},
		{"How do I make the chat open by itself?", "data-open"},
		{"how can I remove the widget from the page", "destroy()"},
		{"It says this page may not show the chat", "--allowed-origins"},
		{"How do I put it behind nginx?", "--public-url"},
		{"does it work without WebSockets?", "polling"},
		{"how long are conversations kept", "removes nothing"},
		{"How do I run it on another port?", "--addr"},
		{"Can I invite a colleague?", "fifteen minutes"},
		{"Is a human reading this?", "A bot gives the first answer"},
		{"Welche Seiten dürfen den Chat benutzen?", "--allowed-origins"},
		{"Kann ich https benutzen?", "--tls-cert"},
		{"Gibt es einen dunklen Modus?", "data-theme"},
		{"Antwortet hier ein Mensch oder ein Bot?", "Zuerst ein Bot"},
		{"Was kostet das?", "niemandem etwas zu zahlen"},
	} {
		got, err := bot.Respond(t.Context(), c.question, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Body, c.holds) || got.Source == nil {
			t.Errorf("%q: got %q from %v, want a passage with %q", c.question, got.Body, got.Source, c.holds)
		}
	}
}

func TestAdmitsWhatItDoesNotKnow(t *testing.T) {
	bot := builtinBot(t)
	for _, question := range []string{
		"What is the weather in Paris tomorrow?", "Who won the football match?", "Can I return my shoes?",
		"What does shipping to Canada cost?", "Wie lange hat der Laden offen?", "Wie ist das Wetter?", "Wie hoch ist der Eiffelturm?", "Quel est le prix du pain ?",
		"recommend a good restaurant", "What time do you open on Sunday?", "asdf qwer", "?", "🙂",
	} {
		got, err := bot.Respond(t.Context(), question, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Source != nil {
			t.Errorf("%q was answered from %v: %q", question, got.Source, got.Body)
		}
	}
}

func TestCourtesies(t *testing.T) {
	bot := builtinBot(t)
	for said, reply := range map[string]string{"Hello!": "help", "thanks": "", "Guten Tag": "", "こんにちは": "こんにちは", "Gracias.": "De nada", "Merci beaucoup !": "plaisir"} {
		got, err := bot.Respond(t.Context(), said, nil)
		if err != nil || !strings.Contains(got.Body, reply) || got.Source != nil || strings.Contains(got.Body, "- ") {
			t.Errorf("%q: %q, %v", said, got.Body, err)
		}
	}
}

func BenchmarkRespond(b *testing.B) {
	bot := builtinBot(b)
	for b.Loop() {
		if _, err := bot.Respond(b.Context(), "How do I install the widget?", nil); err != nil {
			b.Fatal(err)
		}
	}
}
